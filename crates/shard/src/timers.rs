use std::time::{Duration, Instant};

use crate::table::{Key, PeerKey};

/// Slots of a millisecond each. A later time waits in the last of them, and is put where it belongs
/// when that is due.
const SLOTS: usize = 4_096;

/// No peer.
const NONE: u32 = u32::MAX;

/// When each peer is to be looked at, to the millisecond: never before the time it wants.
///
/// A wheel of slots, each a list of peers. A peer that comes to want a later time, as most do with
/// every packet, stays in its slot and is put further when that is due; one that wants an earlier
/// time is moved at once. So each peer is in the wheel once, and nothing costs more with many of
/// them.
#[derive(Debug)]
pub(crate) struct Timers {
    /// When the wheel began to turn: times are milliseconds since then.
    began: Option<Instant>,
    /// All that was due by then has been taken.
    now: u64,
    /// The first peer of each slot.
    first: Vec<u32>,
    /// A bit for each slot that has peers.
    occupied: Vec<u64>,
    /// By the peer's key.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// When the peer wants to be looked at.
    wanted: u64,
    /// The slot's time; `None` outside the wheel.
    at: Option<u64>,
    before: u32,
    after: u32,
}

impl Entry {
    const OUTSIDE: Self = Self {
        wanted: 0,
        at: None,
        before: NONE,
        after: NONE,
    };
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            began: None,
            now: 0,
            first: vec![NONE; SLOTS],
            occupied: vec![0; SLOTS / u64::BITS as usize],
            entries: Vec::new(),
        }
    }
}

impl Timers {
    /// A peer wants to be looked at at this time, and no sooner.
    pub(crate) fn set(&mut self, now: Instant, at: Instant, key: PeerKey) {
        let began = *self.began.get_or_insert(now);
        let wanted = slot_of(at.saturating_duration_since(began));
        let index = key.index() as usize;
        if index >= self.entries.len() {
            self.entries.resize(index + 1, Entry::OUTSIDE);
        }
        let entry = &mut self.entries[index];
        entry.wanted = wanted;
        if entry.at.is_none_or(|at| wanted < at) {
            self.remove(key);
            self.link(key);
        }
    }

    /// When [`Self::pop_due`] has something next.
    pub(crate) fn next(&self) -> Option<Instant> {
        Some(self.began? + Duration::from_millis(self.next_slot()?))
    }

    /// A peer whose time has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<PeerKey> {
        let since = now.saturating_duration_since(self.began?);
        let now = since.as_millis() as u64;
        while let Some(slot) = self.next_slot().filter(|slot| *slot <= now) {
            self.now = slot;
            let key = PeerKey::new(self.first[slot as usize % SLOTS]);
            self.remove(key);
            if self.entries[key.index() as usize].wanted <= now {
                return Some(key);
            }
            self.link(key);
        }
        self.now = self.now.max(now);
        None
    }

    /// The time of the first slot that has peers.
    fn next_slot(&self) -> Option<u64> {
        let start = self.now as usize % SLOTS;
        let words = self.occupied.len();
        let (word, bit) = (start / u64::BITS as usize, start % u64::BITS as usize);
        // The first word twice: its bits from `start` on, and those before it at the end.
        (0..=words).find_map(|step| {
            let mut bits = self.occupied[(word + step) % words];
            if step == 0 {
                bits &= u64::MAX << bit;
            }
            let slot = (word + step) % words * u64::BITS as usize + bits.trailing_zeros() as usize;
            let ahead = (slot + SLOTS - start) % SLOTS;
            (bits != 0).then_some(self.now + ahead as u64)
        })
    }

    fn link(&mut self, key: PeerKey) {
        let last = self.now + SLOTS as u64 - 1;
        let entry = &mut self.entries[key.index() as usize];
        let at = entry.wanted.clamp(self.now, last);
        let slot = at as usize % SLOTS;
        let after = std::mem::replace(&mut self.first[slot], key.index());
        *entry = Entry {
            at: Some(at),
            before: NONE,
            after,
            ..*entry
        };
        if after != NONE {
            self.entries[after as usize].before = key.index();
        }
        self.occupied[slot / u64::BITS as usize] |= 1 << (slot % u64::BITS as usize);
    }

    /// Takes a peer out of the wheel, if it is in it: its time has come or is another, or it is gone
    /// and its key may be another's.
    pub(crate) fn remove(&mut self, key: PeerKey) {
        let Some(entry) = self.entries.get_mut(key.index() as usize) else {
            return;
        };
        let Entry { before, after, .. } = *entry;
        let Some(at) = entry.at.take() else {
            return;
        };
        if after != NONE {
            self.entries[after as usize].before = before;
        }
        if before != NONE {
            self.entries[before as usize].after = after;
            return;
        }
        let slot = at as usize % SLOTS;
        self.first[slot] = after;
        if after == NONE {
            self.occupied[slot / u64::BITS as usize] &= !(1 << (slot % u64::BITS as usize));
        }
    }
}

/// The first slot that does not begin before this time, to the last nanosecond: no peer is looked at
/// sooner than it wants.
fn slot_of(since: Duration) -> u64 {
    since.as_secs() * 1_000 + u64::from(since.subsec_nanos().div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn peer(index: u32) -> PeerKey {
        PeerKey::new(index)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn peer_wakes_once_and_at_the_time_it_wanted_last() {
        let mut timers = Timers::default();
        let start = Instant::now();
        for at in [10, 30, 5, 20] {
            timers.set(start, start + ms(at), peer(7));
        }
        let mut woken = Vec::new();
        for at in 0..60 {
            while let Some(key) = timers.pop_due(start + ms(at)) {
                woken.push((at, key.index()));
            }
        }
        assert_eq!(woken, [(20, 7)]);
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn peer_that_is_due_in_a_nanosecond_is_waited_for() {
        let mut timers = Timers::default();
        let start = Instant::now();
        let at = start + ms(10) + Duration::from_nanos(2);
        timers.set(start, start + ms(10), peer(0));
        timers.set(start, at, peer(0));
        assert_eq!(
            timers.pop_due(start + ms(10) + Duration::from_nanos(1)),
            None
        );
        assert_eq!(timers.next(), Some(start + ms(11)));
        assert_eq!(timers.pop_due(start + ms(11)), Some(peer(0)));
    }

    #[test]
    fn parts_of_a_millisecond_are_waited_for() {
        let mut timers = Timers::default();
        let start = Instant::now();
        timers.set(start, start, peer(0));
        assert_eq!(timers.pop_due(start), Some(peer(0)));
        timers.set(start, start + Duration::from_micros(1_001), peer(0));
        assert_eq!(timers.next(), Some(start + ms(2)));
        assert_eq!(timers.pop_due(start + Duration::from_micros(1_999)), None);
        assert_eq!(timers.pop_due(start + ms(2)), Some(peer(0)));
    }

    #[test]
    fn first_time_may_be_later_than_others() {
        let mut timers = Timers::default();
        let start = Instant::now();
        timers.set(start, start + ms(900), peer(0));
        timers.set(start, start + ms(30), peer(1));
        assert_eq!(timers.next(), Some(start + ms(30)));
        assert_eq!(timers.pop_due(start + ms(29)), None);
        assert_eq!(timers.pop_due(start + ms(30)), Some(peer(1)));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Set(u32, u64),
        Remove(u32),
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let far = 3 * SLOTS as u64;
        prop_oneof![
            (0_u32..20, 1_u64..200).prop_map(|(key, after)| Step::Set(key, after)),
            (0_u32..20, 1..far).prop_map(|(key, after)| Step::Set(key, after)),
            (0_u32..20).prop_map(Step::Remove),
            (0_u64..50).prop_map(Step::Pass),
            (0..far).prop_map(Step::Pass),
        ]
    }

    proptest! {
        #[test]
        fn each_peer_wakes_at_its_time(steps in prop::collection::vec(step(), 0..300)) {
            let start = Instant::now();
            let (mut timers, mut now) = (Timers::default(), 0);
            let mut wanted = BTreeMap::new();
            timers.set(start, start, peer(0));
            prop_assert_eq!(timers.pop_due(start), Some(peer(0)));
            for step in steps {
                match step {
                    Step::Set(key, after) => {
                        timers.set(start, start + ms(now + after), peer(key));
                        wanted.insert(key, now + after);
                    }
                    Step::Remove(key) => {
                        timers.remove(peer(key));
                        wanted.remove(&key);
                    }
                    Step::Pass(after) => {
                        now += after;
                        while let Some(key) = timers.pop_due(start + ms(now)) {
                            let at = wanted.remove(&key.index());
                            prop_assert!(at.is_some_and(|at| at <= now));
                        }
                        let next = wanted.values().min().copied();
                        prop_assert!(next.is_none_or(|next| next > now));
                    }
                }
                // It may wake for nothing, of a peer that came to want a later time.
                let next = wanted.values().min().map(|at| start + ms(*at));
                prop_assert!(timers.next().is_none_or(|at| next.is_some_and(|next| at <= next)));
                prop_assert_eq!(timers.next().is_none(), next.is_none());
            }
        }
    }
}
