use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A packet that is still missing after this time is lost: no player waits longer.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// A jump that is wider is another beginning, not loss.
const JUMP_MAX: u64 = 5_000;

/// Which sequence numbers of one track arrived.
#[derive(Debug, Default)]
pub(crate) struct Track {
    next: Option<u64>,
    missing: BTreeMap<u64, Instant>,
    lost: u64,
}

impl Track {
    /// A packet arrived. Returns whether it is the first one of its number.
    pub(crate) fn packet(&mut self, now: Instant, seq: u64) -> bool {
        self.expire(now);
        let next = *self.next.get_or_insert(seq);
        if seq < next {
            return self.missing.remove(&seq).is_some();
        }
        if seq - next <= JUMP_MAX {
            self.missing.extend((next..seq).map(|seq| (seq, now)));
        }
        self.next = Some(seq + 1);
        true
    }

    /// Packets that did not come, not even as retransmissions.
    pub(crate) fn lost(&mut self, now: Instant) -> u64 {
        self.expire(now);
        self.lost
    }

    fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.missing.first_entry()
            && now.saturating_duration_since(*oldest.get()) > LOST_AFTER
        {
            oldest.remove();
            self.lost += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retransmission_in_time_is_no_loss() {
        let (mut track, now) = (Track::default(), Instant::now());
        assert!(track.packet(now, 10) && track.packet(now, 13));
        assert!(track.packet(now, 11) && !track.packet(now, 11));
        assert_eq!(track.lost(now), 0);
        assert_eq!(track.lost(now + 2 * LOST_AFTER), 1);
    }

    #[test]
    fn a_new_beginning_is_no_loss() {
        let (mut track, now) = (Track::default(), Instant::now());
        assert!(track.packet(now, 10) && track.packet(now, 1_000_000));
        assert_eq!(track.lost(now + 2 * LOST_AFTER), 0);
    }
}
