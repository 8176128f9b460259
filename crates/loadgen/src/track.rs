use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A packet that is still missing after this time counts as lost: no player waits longer.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// A wider jump of sequence numbers is a new beginning, not loss.
const JUMP_MAX: u64 = 5_000;

/// A late packet is requested only after this time: it may just be reordered.
const REORDERING: Duration = Duration::from_millis(10);

/// A missing packet is requested again after this time, which is longer than the round trip to any
/// nearby server.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// The sequence numbers of one track: which are missing, and when to request them.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// The number after the highest so far.
    next: Option<u64>,
    missing: BTreeMap<u64, Missing>,
    lost: u64,
}

#[derive(Debug)]
struct Missing {
    since: Instant,
    ask_at: Instant,
}

impl Track {
    /// Records a packet. Returns whether it is the first one with its number.
    pub(crate) fn packet(&mut self, now: Instant, seq: u64) -> bool {
        self.expire(now);
        let next = *self.next.get_or_insert(seq);
        if seq < next {
            return self.missing.remove(&seq).is_some();
        }
        if seq - next <= JUMP_MAX {
            let missing = |seq| {
                let ask_at = now + REORDERING;
                (seq, Missing { since: now, ask_at })
            };
            self.missing.extend((next..seq).map(missing));
        }
        self.next = Some(seq + 1);
        true
    }

    /// The highest sequence number so far.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.next.map(|next| next - 1)
    }

    /// Packets that did not arrive in time, not even as retransmissions.
    pub(crate) fn lost(&mut self, now: Instant) -> u64 {
        self.expire(now);
        self.lost
    }

    /// When the next request for a missing packet is due.
    pub(crate) fn ask_at(&self) -> Option<Instant> {
        self.missing.values().map(|missing| missing.ask_at).min()
    }

    /// The packets to request now, in ascending order.
    pub(crate) fn ask(&mut self, now: Instant) -> impl Iterator<Item = u64> {
        self.expire(now);
        let due = self
            .missing
            .iter_mut()
            .filter(move |(_, m)| m.ask_at <= now);
        due.map(move |(seq, missing)| {
            missing.ask_at = now + ASK_EVERY;
            *seq
        })
    }

    fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.missing.first_entry()
            && now.saturating_duration_since(oldest.get().since) > LOST_AFTER
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
    fn retransmission_in_time_is_not_lost() {
        let (mut track, now) = (Track::default(), Instant::now());
        assert!(track.packet(now, 10) && track.packet(now, 13));
        assert!(track.packet(now, 11) && !track.packet(now, 11));
        assert_eq!(track.lost(now), 0);
        assert_eq!(track.lost(now + 2 * LOST_AFTER), 1);
    }

    #[test]
    fn jump_to_a_new_beginning_is_not_loss() {
        let (mut track, now) = (Track::default(), Instant::now());
        assert!(track.packet(now, 10) && track.packet(now, 1_000_000));
        assert_eq!(track.lost(now + 2 * LOST_AFTER), 0);
    }

    #[test]
    fn missing_packet_is_requested_repeatedly_until_lost() {
        let (mut track, now) = (Track::default(), Instant::now());
        track.packet(now, 10);
        track.packet(now, 13);
        let mut asked = |after: Duration| track.ask(now + after).collect::<Vec<u64>>();
        assert_eq!(asked(Duration::ZERO), [0; 0]);
        assert_eq!(asked(REORDERING), [11, 12]);
        assert_eq!(asked(REORDERING * 2), [0; 0]);
        assert_eq!(asked(REORDERING + ASK_EVERY), [11, 12]);
        assert_eq!(asked(LOST_AFTER * 2), [0; 0]);
        assert_eq!(track.ask_at(), None);
    }
}
