use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A packet that is still missing after this time is lost: no player waits longer.
const LOST_AFTER: Duration = Duration::from_secs(1);

/// A jump that is wider is another beginning, not loss.
const JUMP_MAX: u64 = 5_000;

/// A packet may be late for so long without being asked for.
const REORDERING: Duration = Duration::from_millis(10);

/// Asked for again after this time, which is longer than a round trip on any near server.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Which sequence numbers of one track arrived, and which are to be asked for.
#[derive(Debug, Default)]
pub(crate) struct Track {
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
    /// A packet arrived. Returns whether it is the first one of its number.
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

    /// The highest number so far.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.next.map(|next| next - 1)
    }

    /// Packets that did not come, not even as retransmissions.
    pub(crate) fn lost(&mut self, now: Instant) -> u64 {
        self.expire(now);
        self.lost
    }

    /// When the first packet is to be asked for.
    pub(crate) fn ask_at(&self) -> Option<Instant> {
        self.missing.values().map(|missing| missing.ask_at).min()
    }

    /// The packets to ask for now, ascending.
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

    #[test]
    fn what_is_missing_is_asked_for_now_and_then_until_it_is_lost() {
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
