use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A token bucket with a rate per second, and bursts of twice as many.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_second: f64,
    /// Tokens in the bucket at that time.
    bucket: Mutex<(f64, Instant)>,
}

impl RateLimit {
    pub(crate) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            bucket: Mutex::new((2.0 * per_second, Instant::now())),
        }
    }

    /// Takes one token; false when there is none.
    pub(crate) fn take(&self, now: Instant) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(bucket.1).as_secs_f64();
        let filled = (bucket.0 + passed * self.per_second).min(2.0 * self.per_second);
        let granted = filled >= 1.0;
        *bucket = (if granted { filled - 1.0 } else { filled }, now);
        granted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn burst_is_twice_the_rate_and_refills() {
        let limit = RateLimit::new(10);
        let now = Instant::now() + Duration::from_secs(60);
        assert_eq!((0..50).filter(|_| limit.take(now)).count(), 20);
        let later = now + Duration::from_millis(500);
        assert_eq!((0..50).filter(|_| limit.take(later)).count(), 5);
    }
}
