use std::time::Duration;

use rtp::Bitrate;

use super::history::{Arrival, Lost};

/// Arrivals are summed up in slots of this length, in microseconds.
const SLOT_US: i64 = 10_000;

/// Slots that are remembered: 640 ms.
const SLOTS: usize = 64;

/// A queue stands when every packet in this many slots has waited in it. Bursts, and receivers that
/// are busy for a moment, delay some packets, but not all.
const STANDING_SLOTS: usize = 10;

/// A radio link may hold packets back and deliver them at once, which shows nothing by itself: at
/// least this many slots with arrivals are needed.
const STANDING_ARRIVALS_MIN: usize = 3;

/// Slots that a rate is measured over, and the fewest at the beginning.
const RATE_SLOTS: i64 = 50;
const RATE_SLOTS_MIN: i64 = 10;

/// The fewest slots to measure what the path carries, since a radio link pauses.
const BUSY_SLOTS_MIN: usize = 20;

/// Packets that waited less than this found the path idle, in microseconds.
const IDLE_US: i64 = 10_000;

/// Window for the base delay, the delay without a queue, in microseconds: the present window and
/// the one before it count. The base delay changes with the route.
const BASE_US: i64 = 15_000_000;

/// Window for the longest wait, in microseconds: the present window and the one before it count. A
/// queue is full when packets wait for `FULL_SHARE` of the longest wait, and at least
/// `FULL_US_MIN`.
const LONGEST_US: i64 = 5_000_000;
const FULL_SHARE: f64 = 0.75;
const FULL_US_MIN: u32 = 20_000;

/// The recent arrivals at a receiver, and how long they waited in the path's queue.
#[derive(Debug)]
pub(super) struct Arrivals {
    slots: [Slot; SLOTS],
    /// The number of the latest slot.
    latest: i64,
    /// The number of the very first slot.
    earliest: Option<i64>,
    /// Bytes of the [`RATE_SLOTS`] before the latest, kept as a running sum: with few packets to
    /// many receivers the slots themselves are in no cache.
    recent_bytes: u64,
    /// The shortest time from sending to arrival, across two clocks, in the present and the last
    /// window.
    base: [Option<i64>; 2],
    base_began_us: i64,
    /// The part of the base that was [added to it](Self::take_for_base), in the present and the
    /// last window.
    taken: [i64; 2],
    /// The longest wait in the present and the last window.
    longest_us: [u32; 2],
    longest_began_us: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    number: i64,
    bytes: u32,
    /// The shortest wait of a packet in the slot.
    queued_us: u32,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            slots: [Slot::default(); SLOTS],
            latest: 0,
            earliest: None,
            recent_bytes: 0,
            base: [None; 2],
            base_began_us: 0,
            taken: [0; 2],
            longest_us: [0; 2],
            longest_began_us: 0,
        }
    }
}

impl Arrivals {
    pub(super) fn add(&mut self, arrival: &Arrival) {
        let queued_us = self.queued(arrival);
        self.note_wait(arrival.arrived_us, queued_us);
        let number = arrival.arrived_us.div_euclid(SLOT_US);
        if self.earliest.is_none() {
            self.earliest = Some(number);
            self.latest = number;
        }
        // A receiver whose clock leaps starts over.
        if number < self.latest - SLOTS as i64 || number > self.latest + 100 * SLOTS as i64 {
            *self = Self::default();
            return;
        }
        self.advance(number);
        if number < self.latest && number >= self.latest - RATE_SLOTS {
            self.recent_bytes += u64::from(arrival.bytes);
        }
        let slot = &mut self.slots[number.rem_euclid(SLOTS as i64) as usize];
        if slot.number != number || slot.bytes == 0 {
            *slot = Slot {
                number,
                bytes: 0,
                queued_us,
            };
        }
        slot.bytes = slot.bytes.saturating_add(arrival.bytes.into());
        slot.queued_us = slot.queued_us.min(queued_us);
    }

    /// Advances to this slot if it is later, and keeps the running sum.
    fn advance(&mut self, number: i64) {
        let before = self.latest;
        if number <= before {
            return;
        }
        let bytes = |number| u64::from(self.slot(number).map_or(0, |slot| slot.bytes));
        let leaves = before - RATE_SLOTS..(number - RATE_SLOTS).min(before);
        let left: u64 = leaves.map(bytes).sum();
        let enters = Some(before).filter(|before| number - before <= RATE_SLOTS);
        self.recent_bytes = match enters {
            Some(slot) => self.recent_bytes + bytes(slot) - left,
            None => 0,
        };
        self.latest = number;
    }

    /// Returns the length of the standing queue: the shortest wait of the recent packets.
    pub(super) fn standing(&self) -> Duration {
        let slots = (0..SLOTS).map(|back| (back, self.slot(self.latest - back as i64)));
        let arrivals = slots.filter_map(|(back, slot)| Some((back, slot?.queued_us)));
        let standing = arrivals
            .enumerate()
            .take_while(|(count, (back, _))| {
                *back < STANDING_SLOTS || *count < STANDING_ARRIVALS_MIN
            })
            .map(|(_, (_, queued_us))| queued_us);
        let queued = standing.min();
        Duration::from_micros(queued.unwrap_or(0).into())
    }

    /// Adds to the base delay: the path takes longer by this without a queue of this sender.
    pub(super) fn take_for_base(&mut self, longer: Duration) {
        let longer_us = longer.as_micros() as i64;
        self.taken[0] += longer_us;
        for base in self.base.iter_mut().flatten() {
            *base += longer_us;
        }
        for slot in &mut self.slots {
            slot.queued_us = slot.queued_us.saturating_sub(longer_us as u32);
        }
        for longest in &mut self.longest_us {
            *longest = longest.saturating_sub(longer_us as u32);
        }
    }

    /// Whether a packet was dropped by a full queue: the last packet before it that arrived had
    /// waited nearly as long as any.
    pub(super) fn is_full(&self, lost: &Lost) -> bool {
        let base = self.base.iter().flatten().min();
        let Some((delay_us, base_us)) = lost.delay_us.zip(base) else {
            return false;
        };
        let [present, before] = self.longest_us;
        let full_us = (f64::from(present.max(before)) * FULL_SHARE) as u32;
        delay_us - base_us >= full_us.max(FULL_US_MIN).into()
    }

    fn note_wait(&mut self, at_us: i64, queued_us: u32) {
        let [present, _] = self.longest_us;
        if at_us - self.longest_began_us > LONGEST_US {
            self.longest_us = [0, present];
            self.longest_began_us = at_us;
        }
        let [present, _] = &mut self.longest_us;
        *present = (*present).max(queued_us);
    }

    /// Returns the part of the base delay that was added by [`Self::take_for_base`].
    pub(super) fn taken(&self) -> Duration {
        let [present, before] = self.taken;
        Duration::from_micros(present.max(before).max(0) as u64)
    }

    /// Returns the arrival rate over the last half second. At the beginning it is measured over the
    /// time so far, but at least over a frame or two.
    pub(super) fn rate(&self) -> Bitrate {
        // The latest slot is still filling and does not count.
        let known = self.earliest.map_or(0, |first| self.latest - first);
        if known >= RATE_SLOTS {
            return rate_of(self.recent_bytes, RATE_SLOTS as usize);
        }
        self.over(known.max(RATE_SLOTS_MIN) as usize)
    }

    /// Returns the arrival rate since the path was last idle. While a queue stands, this is what
    /// the path carries.
    pub(super) fn busy_rate(&self) -> Bitrate {
        let busy = (0..SLOTS as i64 - 1).take_while(|back| {
            let slot = self.slot(self.latest - back);
            slot.is_none_or(|slot| i64::from(slot.queued_us) > IDLE_US)
        });
        self.over(busy.count().max(BUSY_SLOTS_MIN))
    }

    fn over(&self, slots: usize) -> Bitrate {
        let back = 1..=slots as i64;
        let bytes: u64 = back
            .filter_map(|back| self.slot(self.latest - back))
            .map(|slot| u64::from(slot.bytes))
            .sum();
        rate_of(bytes, slots)
    }

    fn slot(&self, number: i64) -> Option<&Slot> {
        let slot = &self.slots[number.rem_euclid(SLOTS as i64) as usize];
        (slot.number == number && slot.bytes > 0).then_some(slot)
    }

    /// Updates the base delay, and returns how long a packet waited in the queue, in microseconds.
    /// The two clocks have an arbitrary offset: only the difference from the base has a meaning.
    fn queued(&mut self, arrival: &Arrival) -> u32 {
        let delay = arrival.arrived_us - arrival.sent_us as i64;
        if arrival.arrived_us - self.base_began_us > BASE_US || self.base[0].is_none() {
            self.base = [None, self.base[0]];
            self.taken = [0, self.taken[0]];
            self.base_began_us = arrival.arrived_us;
        }
        let known = self.base.iter().flatten().min().copied();
        // A delay below the base shows that less of the added part belongs to the path.
        let less = known.map_or(0, |known| (known - delay).max(0));
        self.taken = self.taken.map(|taken| (taken - less).max(0));
        let [present, _] = &mut self.base;
        *present = Some(present.map_or(delay, |least| least.min(delay)));
        let least = self.base.iter().flatten().min().copied().unwrap_or(delay);
        (delay - least).clamp(0, u32::MAX.into()) as u32
    }
}

fn rate_of(bytes: u64, slots: usize) -> Bitrate {
    Bitrate::of(bytes, Duration::from_micros(slots as u64 * SLOT_US as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn running_rate_equals_the_sum_of_its_slots(
            steps in prop::collection::vec((-300_i64..900, 1_u16..1_500), 1..200),
        ) {
            let mut arrivals = Arrivals::default();
            let mut now_ms = 0;
            for (step_ms, bytes) in steps {
                // Mostly forwards; what comes late stays within what is remembered.
                now_ms = (now_ms + step_ms).max(0);
                arrivals.add(&Arrival {
                    sent_us: now_ms as u64 * 1_000,
                    arrived_us: now_ms * 1_000,
                    bytes,
                    probe: 0,
                });
                let known = arrivals.earliest.map_or(0, |first| arrivals.latest - first);
                if known >= RATE_SLOTS {
                    prop_assert_eq!(arrivals.rate(), arrivals.over(RATE_SLOTS as usize));
                }
            }
        }
    }

    /// Whether the queue counts as full at this wait, after waits of up to `longest_ms`.
    fn is_full(longest_ms: i64, wait_ms: i64) -> bool {
        let mut arrivals = Arrivals::default();
        for ms in 0..=longest_ms {
            arrivals.add(&Arrival {
                sent_us: ms as u64 * 10_000,
                arrived_us: ms * 11_000,
                bytes: 1_200,
                probe: 0,
            });
        }
        arrivals.is_full(&Lost {
            sent_us: 0,
            bytes: 1_200,
            probe: 0,
            delay_us: Some(wait_ms * 1_000),
        })
    }

    #[test]
    fn loss_after_the_longest_wait_is_a_queue_drop() {
        assert!(is_full(40, 38));
        assert!(!is_full(40, 12));
    }

    #[test]
    fn loss_without_a_queue_is_no_queue_drop() {
        assert!(!is_full(10, 10));
    }

    #[test]
    fn loss_before_any_arrival_is_no_queue_drop() {
        let lost = Lost {
            sent_us: 0,
            bytes: 1_200,
            probe: 0,
            delay_us: None,
        };
        assert!(!Arrivals::default().is_full(&lost));
    }
}
