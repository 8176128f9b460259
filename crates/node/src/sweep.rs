use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use rtp::{Kind, Packet};

use crate::delays::Delays;

/// The viewers of a stream, visited one after the other and round again while there is something
/// to give.
///
/// A viewer that is visited gets all that has come since its last visit: its state is fetched
/// into the processor's caches once. A packet that comes in the middle of a round is given from
/// the next viewer on, and has reached everybody when the round is back there. So no packet waits
/// for the round of the one before it.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    viewers: Vec<usize>,
    /// Which viewer is visited next.
    next: usize,
    /// Visits so far.
    visits: u64,
    /// What not all viewers have been given.
    fresh: VecDeque<Fresh>,
    /// The number of the first of these; they are counted from the stream's begin.
    first: u64,
}

/// A packet that has just come.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) kind: Kind,
    pub(crate) layer: usize,
    pub(crate) packet: Arc<Packet>,
    came: Instant,
    /// All viewers have it after so many visits.
    until: u64,
}

impl Sweep {
    /// A viewer comes. Returns how much has come before: it is given what comes from now on.
    pub(crate) fn add(&mut self, viewer: usize) -> u64 {
        // As if it had just been visited: nobody's turn changes.
        self.viewers.insert(self.next, viewer);
        self.next += 1;
        self.first + self.fresh.len() as u64
    }

    /// A viewer is gone.
    pub(crate) fn remove(&mut self, viewer: usize) {
        if let Some(place) = self.viewers.iter().position(|v| *v == viewer) {
            self.viewers.remove(place);
            self.next -= usize::from(place < self.next);
        }
    }

    /// A packet comes.
    pub(crate) fn push(&mut self, now: Instant, kind: Kind, layer: usize, packet: Arc<Packet>) {
        self.fresh.push_back(Fresh {
            kind,
            layer,
            packet,
            came: now,
            until: self.visits + self.viewers.len() as u64,
        });
    }

    /// What was not given to all is given to nobody any more: its publisher is gone.
    pub(crate) fn clear(&mut self) {
        self.first += self.fresh.len() as u64;
        self.fresh.clear();
    }

    /// How many packets not all viewers have been given.
    pub(crate) fn len(&self) -> usize {
        self.fresh.len()
    }

    /// The viewer whose turn it is; `None` when all have been given everything.
    pub(crate) fn visit(&mut self, now: Instant, delays: &mut Delays) -> Option<usize> {
        let viewers = self.viewers.len() as u64;
        while let Some(done) = self.fresh.pop_front_if(|fresh| fresh.until <= self.visits) {
            self.first += 1;
            delays.add(now.saturating_duration_since(done.came), viewers);
        }
        if self.fresh.is_empty() {
            return None;
        }
        if self.next >= self.viewers.len() {
            self.next = 0;
        }
        self.visits += 1;
        let Some(viewer) = self.viewers.get(self.next).copied() else {
            self.clear();
            return None;
        };
        self.next += 1;
        Some(viewer)
    }

    /// Lends out what is fresh; it is to be put back with [`Self::put_back`]. With it, how many
    /// of them a viewer that was given so many before has had.
    pub(crate) fn take(&mut self, given: u64) -> (VecDeque<Fresh>, usize) {
        let had = given.saturating_sub(self.first) as usize;
        (std::mem::take(&mut self.fresh), had)
    }

    /// Returns how much has come in all.
    pub(crate) fn put_back(&mut self, fresh: VecDeque<Fresh>) -> u64 {
        self.fresh = fresh;
        self.first + self.fresh.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rtp::{Codec, Format, Profile};

    use super::*;

    fn packet(now: Instant, seq: u64) -> Arc<Packet> {
        let format = Format {
            codec: Codec::Opus,
            clock_rate: 48_000,
            profile: Profile::Any,
            red: false,
        };
        Arc::new(Packet {
            seq,
            ..Packet::new(now, format, [0; 1])
        })
    }

    #[derive(Debug, Clone)]
    enum Step {
        Come,
        Go(usize),
        Packet,
        Visits(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Come),
            (0_usize..20).prop_map(Step::Go),
            Just(Step::Packet),
            (0_usize..12).prop_map(Step::Visits),
        ]
    }

    /// Viewers by key: how much each was given, and the packets that it got.
    type Given = BTreeMap<usize, (u64, Vec<u64>)>;

    fn visit(sweep: &mut Sweep, now: Instant, given: &mut Given) -> bool {
        let Some(viewer) = sweep.visit(now, &mut Delays::default()) else {
            return false;
        };
        let (count, got) = given.get_mut(&viewer).expect("a viewer that is there");
        let (fresh, had) = sweep.take(*count);
        got.extend(fresh.iter().skip(had).map(|fresh| fresh.packet.seq));
        *count = sweep.put_back(fresh);
        true
    }

    proptest! {
        #[test]
        fn every_viewer_gets_every_packet_once_and_in_order(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let now = Instant::now();
            let (mut sweep, mut given) = (Sweep::default(), Given::new());
            // When each came: how many packets there were.
            let mut since = BTreeMap::new();
            let (mut packets, mut keys) = (0_u64, 0);
            for step in steps {
                match step {
                    Step::Come => {
                        given.insert(keys, (sweep.add(keys), Vec::new()));
                        since.insert(keys, packets);
                        keys += 1;
                    }
                    Step::Go(which) => {
                        if let Some(key) = given.keys().nth(which).copied() {
                            sweep.remove(key);
                            given.remove(&key);
                        }
                    }
                    Step::Packet => {
                        sweep.push(now, Kind::Audio, 0, packet(now, packets));
                        packets += 1;
                    }
                    Step::Visits(count) => {
                        for _ in 0..count {
                            visit(&mut sweep, now, &mut given);
                        }
                    }
                }
            }
            while visit(&mut sweep, now, &mut given) {}
            prop_assert_eq!(sweep.len(), 0);
            for (key, (_, got)) in &given {
                let expected: Vec<u64> = (since[key]..packets).collect();
                prop_assert_eq!(got, &expected);
            }
        }
    }

    #[test]
    fn a_packet_that_comes_in_the_middle_waits_for_nobody() {
        let now = Instant::now();
        let (mut sweep, mut given) = (Sweep::default(), Given::new());
        for key in 0..10 {
            given.insert(key, (sweep.add(key), Vec::new()));
        }
        sweep.push(now, Kind::Audio, 0, packet(now, 0));
        for _ in 0..4 {
            visit(&mut sweep, now, &mut given);
        }
        sweep.push(now, Kind::Audio, 0, packet(now, 1));
        let mut visits = 0;
        while visit(&mut sweep, now, &mut given) {
            visits += 1;
        }
        assert_eq!(visits, 10);
        assert!(given.values().all(|(_, got)| *got == [0, 1]));
    }

    #[test]
    fn what_is_cleared_is_given_to_nobody() {
        let now = Instant::now();
        let (mut sweep, mut given) = (Sweep::default(), Given::new());
        given.insert(1, (sweep.add(1), Vec::new()));
        sweep.push(now, Kind::Audio, 0, packet(now, 0));
        sweep.clear();
        sweep.push(now, Kind::Audio, 0, packet(now, 1));
        while visit(&mut sweep, now, &mut given) {}
        assert_eq!(given[&1].1, [1]);
    }
}
