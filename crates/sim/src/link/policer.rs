use std::time::Instant;

use rtp::Bitrate;

/// A token bucket without a queue: a datagram for which it has no tokens is dropped (RFC 2475
/// §2.3.3.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policer {
    /// Rate at which tokens are added.
    pub rate: Bitrate,
    /// Capacity of the bucket, in bytes.
    pub burst_bytes: u32,
}

/// State of the bucket.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// `None` until the first datagram, which finds it full.
    tokens: Option<(Instant, f64)>,
}

impl Bucket {
    /// Returns whether a datagram passes, and takes its tokens if so.
    pub(super) fn passes(&mut self, policer: &Policer, now: Instant, bytes: usize) -> bool {
        let most = f64::from(policer.burst_bytes);
        let (at, tokens) = self.tokens.unwrap_or((now, most));
        let passed = now.saturating_duration_since(at).as_secs_f64();
        let tokens = (tokens + passed * policer.rate.as_bps() as f64 / 8.0).min(most);
        let passes = tokens >= bytes as f64;
        let left = if passes {
            tokens - bytes as f64
        } else {
            tokens
        };
        self.tokens = Some((now, left));
        passes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn policer_passes_a_burst_and_then_its_rate() {
        let policer = Policer {
            rate: Bitrate::kbps(800),
            burst_bytes: 5_000,
        };
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        let mut passed = |at| bucket.passes(&policer, start + Duration::from_millis(at), 1_000);
        let burst = (0..10).filter(|_| passed(0)).count();
        assert_eq!(burst, 5);
        // 100 bytes each millisecond.
        let later = (1..=1_000).filter(|at| passed(*at)).count();
        assert_eq!(later, 100);
    }
}
