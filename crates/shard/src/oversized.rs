use std::time::{Duration, Instant};

/// Packets that are too large are reported for so long after the latest one: an encoder makes some
/// with every keyframe, and keyframes may be several seconds apart.
const REPORTED_FOR: Duration = Duration::from_secs(10);

/// The packets of one track that are too large for viewers.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Oversized {
    /// Payload of the largest one in bytes, and when the latest one came.
    seen: Option<(usize, Instant)>,
}

impl Oversized {
    /// Takes note of a packet with a payload of so many bytes.
    pub(crate) fn push(&mut self, now: Instant, payload_bytes: usize) {
        let largest = self.largest(now).unwrap_or_default();
        self.seen = Some((largest.max(payload_bytes), now));
    }

    /// Returns the largest payload in bytes, while packets are still reported.
    pub(crate) fn largest(&self, now: Instant) -> Option<usize> {
        let (largest, latest) = self.seen?;
        (now.saturating_duration_since(latest) < REPORTED_FOR).then_some(largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_payload_is_reported_until_none_came_for_long() {
        let start = Instant::now();
        let mut oversized = Oversized::default();
        assert_eq!(oversized.largest(start), None);
        oversized.push(start, 1_900);
        let later = start + REPORTED_FOR / 2;
        oversized.push(later, 1_600);
        assert_eq!(oversized.largest(later + REPORTED_FOR / 2), Some(1_900));
        assert_eq!(oversized.largest(later + REPORTED_FOR), None);
        oversized.push(later + REPORTED_FOR, 1_600);
        assert_eq!(oversized.largest(later + REPORTED_FOR), Some(1_600));
    }
}
