use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rtp::seq::extend16;

/// How much [`Reorder`] holds while it waits for a packet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a packet is waited for, from the arrival of the first one behind it.
    pub wait: Duration,
    /// How many packets are held meanwhile.
    pub packets: usize,
}

/// Puts packets in order, and waits for missing ones as long as its [`Limits`] say.
///
/// Holds at most `Limits::packets` packets, and each for at most `Limits::wait`.
#[derive(Debug)]
pub struct Reorder<P> {
    limits: Limits,
    /// Extended sequence number that is due; `None` before the first packet.
    due: Option<u64>,
    held: BTreeMap<u64, Held<P>>,
    /// Packets in a row that came too late.
    late: usize,
}

#[derive(Debug)]
struct Held<P> {
    arrived: Instant,
    packet: P,
}

impl<P> Reorder<P> {
    /// Empty; the first packet is due whatever its number.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            due: None,
            held: BTreeMap::new(),
            late: 0,
        }
    }

    /// Takes a packet with its sequence number. A packet that was handed out already, or given up,
    /// is dropped; where as many as `Limits::packets` in a row are, the source counts anew, and its
    /// numbers are taken as the next ones.
    pub fn push(&mut self, now: Instant, seq: u16, packet: P) {
        let due = *self.due.get_or_insert(u64::from(seq) + FIRST);
        let newest = self
            .held
            .last_key_value()
            .map_or(due, |(newest, _)| *newest);
        let mut number = extend16(newest, seq);
        if number < due {
            self.late += 1;
            if self.late < self.limits.packets {
                return;
            }
            number = ahead(newest, seq);
        }
        self.late = 0;
        let arrived = now;
        self.held.entry(number).or_insert(Held { arrived, packet });
    }

    /// Returns the next packet with its extended sequence number, when it is there or the wait for
    /// those before it is over.
    pub fn pop(&mut self, now: Instant) -> Option<(u64, P)> {
        let (number, held) = self.held.first_key_value()?;
        let is_due = self.due == Some(*number);
        let full = self.held.len() > self.limits.packets;
        if !is_due && !full && now < held.arrived + self.limits.wait {
            return None;
        }
        let (number, held) = self.held.pop_first()?;
        self.due = Some(number + 1);
        Some((number, held.packet))
    }

    /// When the wait for a missing packet is over; `None` while none is missing.
    pub fn timeout(&self) -> Option<Instant> {
        let (_, held) = self.held.first_key_value()?;
        Some(held.arrived + self.limits.wait)
    }
}

/// Numbers begin one cycle up, so that those before the first have a place.
const FIRST: u64 = 1 << 16;

/// Returns the first number above `newest` that ends in the 16 bits of `seq`.
fn ahead(newest: u64, seq: u16) -> u64 {
    newest + 1 + u64::from(seq.wrapping_sub((newest + 1) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        wait: Duration::from_millis(100),
        packets: 8,
    };

    fn popped(reorder: &mut Reorder<u16>, now: Instant) -> Vec<u16> {
        std::iter::from_fn(|| reorder.pop(now).map(|(_, packet)| packet)).collect()
    }

    fn push(reorder: &mut Reorder<u16>, now: Instant, numbers: &[u16]) {
        for number in numbers {
            reorder.push(now, *number, *number);
        }
    }

    #[test]
    fn packets_come_in_order_over_a_wrap() {
        let (now, mut reorder) = (Instant::now(), Reorder::new(LIMITS));
        push(&mut reorder, now, &[0xfffe, 0, 0xffff, 2, 1, 1]);
        assert_eq!(popped(&mut reorder, now), [0xfffe, 0xffff, 0, 1, 2]);
        assert_eq!(reorder.timeout(), None);
    }

    #[test]
    fn missing_packet_is_waited_for_until_the_limit() {
        let (now, mut reorder) = (Instant::now(), Reorder::new(LIMITS));
        push(&mut reorder, now, &[1, 3, 4]);
        assert_eq!(popped(&mut reorder, now), [1]);
        assert_eq!(reorder.timeout(), Some(now + LIMITS.wait));
        assert_eq!(popped(&mut reorder, now + LIMITS.wait), [3, 4]);
        // It is too late now.
        push(&mut reorder, now, &[2, 5]);
        assert_eq!(popped(&mut reorder, now), [5]);
    }

    #[test]
    fn no_more_packets_are_held_than_the_limit() {
        let (now, mut reorder) = (Instant::now(), Reorder::new(LIMITS));
        push(&mut reorder, now, &[1]);
        assert_eq!(popped(&mut reorder, now), [1]);
        push(&mut reorder, now, &[3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(popped(&mut reorder, now), []);
        push(&mut reorder, now, &[11]);
        assert_eq!(popped(&mut reorder, now), [3, 4, 5, 6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn source_that_counts_anew_is_followed() {
        let (now, mut reorder) = (Instant::now(), Reorder::new(LIMITS));
        push(&mut reorder, now, &[20_000, 20_001]);
        assert_eq!(popped(&mut reorder, now).len(), 2);
        let anew: Vec<u16> = (100..120).collect();
        push(&mut reorder, now, &anew);
        assert_eq!(popped(&mut reorder, now + LIMITS.wait), anew[7..]);
    }
}
