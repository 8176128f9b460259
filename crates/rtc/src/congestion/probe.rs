use std::time::{Duration, Instant};

use rtp::Bitrate;

use super::history::{Arrival, Fate};

/// The length of a probe, and its fewest packets.
const PROBE_TIME: Duration = Duration::from_millis(20);
const PACKETS_MIN: u32 = 5;

/// With fewer arrived packets a probe has no outcome.
const ARRIVED_MIN: u32 = 3;

/// The probe ends after this time, even if too little could be sent for it.
const SENDING_MAX: Duration = Duration::from_millis(150);

/// Packets that are not reported within this time after the end count as lost.
const ANSWER_MAX: Duration = Duration::from_millis(700);

/// A path that delivers less than this share of the sent rate was filled by the probe.
const CARRIED: f64 = 0.85;

/// Packets sent at a known rate, whose arrival shows whether the path carries that rate.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) number: u8,
    rate: Option<Bitrate>,
    began: Instant,
    ended: Option<Instant>,
    sent: u32,
    sent_bytes: usize,
    lost: u32,
    arrived: Arrived,
}

/// The packets of a probe that arrived.
#[derive(Debug, Default)]
struct Arrived {
    count: u32,
    bytes: u64,
    first: Option<Arrival>,
    last: Option<Arrival>,
}

/// The outcome of a probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// The path carries at least this rate.
    Carried(Bitrate),
    /// The path carries this rate and no more.
    Filled(Bitrate),
    /// Too little was sent or reported for a result.
    Nothing,
}

impl Probe {
    pub(super) fn new(now: Instant, number: u8, rate: Option<Bitrate>) -> Self {
        Self {
            number,
            rate,
            began: now,
            ended: None,
            sent: 0,
            sent_bytes: 0,
            lost: 0,
            arrived: Arrived::default(),
        }
    }

    /// Returns the rate to send at; `None` for a probe that consists of the media as it is sent.
    pub(super) fn rate(&self) -> Option<Bitrate> {
        self.rate
    }

    /// Whether packets sent now are part of the probe.
    pub(super) fn is_sending(&self) -> bool {
        self.ended.is_none()
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent += 1;
        self.sent_bytes += bytes;
    }

    /// Returns the bytes to send now to keep the rate. Ends the sending phase when the probe is
    /// complete or took too long.
    pub(super) fn due(&mut self, now: Instant) -> usize {
        let passed = now.saturating_duration_since(self.began);
        let Some(rate) = self.rate else {
            self.end_if(now, passed >= PROBE_TIME);
            return 0;
        };
        let out = passed >= PROBE_TIME && self.sent >= PACKETS_MIN;
        self.end_if(now, out || passed >= SENDING_MAX);
        if !self.is_sending() {
            return 0;
        }
        let due = rate.bytes_in(passed) as usize;
        (due + 1).saturating_sub(self.sent_bytes)
    }

    fn end_if(&mut self, now: Instant, over: bool) {
        if over && self.ended.is_none() {
            self.ended = Some(now);
        }
    }

    /// Records the fate of one of its packets.
    pub(super) fn add(&mut self, fate: &Fate) {
        let Fate::Arrived(arrival) = fate else {
            self.lost += 1;
            return;
        };
        let arrived = &mut self.arrived;
        arrived.count += 1;
        arrived.bytes += u64::from(arrival.bytes);
        arrived.first.get_or_insert(*arrival);
        arrived.last = Some(*arrival);
    }

    /// Returns the outcome once all packets are reported or the time is over.
    pub(super) fn outcome(&self, now: Instant) -> Option<Outcome> {
        let ended = self.ended?;
        let waited = now.saturating_duration_since(ended);
        if self.arrived.count + self.lost < self.sent && waited < ANSWER_MAX {
            return None;
        }
        Some(self.measured().unwrap_or(Outcome::Nothing))
    }

    fn measured(&self) -> Option<Outcome> {
        let (first, last) = (self.arrived.first?, self.arrived.last?);
        if self.arrived.count < ARRIVED_MIN || self.arrived.count * 2 < self.sent {
            return None;
        }
        let micros = |us: i64| Duration::from_micros(us.max(1) as u64);
        // Both rates span from the first to the last arrived packet: the last one's bytes are sent
        // after the span, and the first one's arrive before it.
        let sending = micros(last.sent_us as i64 - first.sent_us as i64);
        let arriving = micros(last.arrived_us - first.arrived_us);
        let all = self.arrived.bytes;
        let sent = Bitrate::of(all - u64::from(last.bytes), sending);
        let arrived = Bitrate::of(all - u64::from(first.bytes), arriving);
        Some(if arrived >= sent * CARRIED {
            Outcome::Carried(arrived.min(sent))
        } else {
            Outcome::Filled(arrived)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the outcome of a probe of five packets at 1 Mbit/s, the last `missing` of which are
    /// neither received nor reported.
    fn outcome(missing: u64) -> Option<Outcome> {
        let now = Instant::now();
        let mut probe = Probe::new(now, 1, Some(Bitrate::mbps(1)));
        for number in 0..5 {
            probe.sent(500);
            let sent_us = number * 4_000;
            if number + missing < 5 {
                probe.add(&Fate::Arrived(Arrival {
                    sent_us,
                    arrived_us: sent_us as i64,
                    bytes: 500,
                    probe: 1,
                }));
            }
        }
        probe.due(now + PROBE_TIME);
        probe.outcome(now + PROBE_TIME + ANSWER_MAX)
    }

    #[test]
    fn probe_that_lost_some_packets_is_still_measured() {
        let carried = Some(Outcome::Carried(Bitrate::mbps(1)));
        assert_eq!([0, 1, 2].map(outcome), [carried; 3]);
    }

    #[test]
    fn probe_that_lost_most_packets_has_no_result() {
        assert_eq!(outcome(3), Some(Outcome::Nothing));
    }
}
