use std::time::{Duration, Instant};

use rtp::{rtcp, seq};

/// The most packets that one feedback covers. After a wider gap the numbering begins anew.
const PACKETS_MAX: usize = 1_000;

/// Arrival times by transport-wide sequence number, kept until the next feedback.
#[derive(Debug)]
pub(crate) struct Arrivals {
    began: Instant,
    /// Extended number of the first packet that the next feedback covers.
    base: Option<u64>,
    /// Arrival times from `base` on, counted from `began`; `None` for a missing packet.
    since_base: Vec<Option<Duration>>,
    feedbacks: u8,
}

impl Arrivals {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            began: now,
            base: None,
            since_base: Vec::new(),
            feedbacks: 0,
        }
    }

    pub(crate) fn packet(&mut self, now: Instant, number: u16) {
        let base = *self.base.get_or_insert(number.into());
        let extended = seq::extend16(base, number);
        // The packet was already reported as missing; a feedback is not corrected.
        let Some(place) = extended.checked_sub(base) else {
            return;
        };
        if place as usize >= PACKETS_MAX {
            self.since_base.clear();
            self.base = Some(number.into());
            return self.packet(now, number);
        }
        let place = place as usize;
        if self.since_base.len() <= place {
            self.since_base.resize(place + 1, None);
        }
        self.since_base[place] = Some(now.saturating_duration_since(self.began));
    }

    /// Appends the feedback for the packets since the last one. Writes nothing without such
    /// packets.
    pub(crate) fn write_feedback(&mut self, to: &mut Vec<u8>, sender: u32, source: u32) {
        let Some(base) = self.base.filter(|_| !self.since_base.is_empty()) else {
            return;
        };
        let number = self.feedbacks;
        let arrivals = &self.since_base;
        rtcp::write_transport_feedback(to, sender, source, number, base as u16, arrivals);
        self.feedbacks = number.wrapping_add(1);
        self.base = Some(base + self.since_base.len() as u64);
        self.since_base.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_packet_is_fed_back_once() {
        let now = Instant::now();
        let mut arrivals = Arrivals::new(now);
        let mut feedback = |numbers: &[u16]| {
            numbers.iter().for_each(|n| arrivals.packet(now, *n));
            let mut bytes = Vec::new();
            arrivals.write_feedback(&mut bytes, 1, 2);
            let field = |at| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
            (!bytes.is_empty()).then(|| (field(12), field(14)))
        };
        assert_eq!(feedback(&[]), None);
        assert_eq!(feedback(&[0xfffe, 1, 0]), Some((0xfffe, 4)));
        assert_eq!(
            feedback(&[0xffff, 3]),
            Some((2, 2)),
            "a late packet is not reported again"
        );
        assert_eq!(
            feedback(&[9_000]),
            Some((9_000, 1)),
            "far ahead begins anew"
        );
    }
}
