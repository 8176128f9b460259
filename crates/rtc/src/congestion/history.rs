use std::collections::VecDeque;
use std::hint::black_box;
use std::time::{Duration, Instant};

use rtp::rtcp::TransportFeedback;
use rtp::seq::extend16;

/// Packets that wait for feedback. If the receiver sends none, the oldest are forgotten.
const WAITING_MAX: usize = 2_048;

/// A packet that is reported missing counts as lost once a packet sent this much later has arrived.
/// Until then it may merely have been overtaken.
const OVERTAKEN: Duration = Duration::from_millis(50);

/// The reference time of a feedback has 24 bits in units of 64 ms. Once extended beyond
/// `REFERENCE_MAX` it is not plausible any more.
const REFERENCE_BITS: u32 = 24;
const REFERENCE_US: i64 = 64_000;
const REFERENCE_MAX: i64 = 1 << 36;

/// The packets that were sent and not yet reported, by transport-wide sequence number.
#[derive(Debug)]
pub(super) struct History {
    epoch: Instant,
    /// The sequence number of the first waiting packet.
    first: u64,
    waiting: VecDeque<Sent>,
    /// The last reference time, extended so that it never wraps.
    reference: Option<i64>,
    /// The latest time of sending among the packets that arrived.
    newest_arrived_us: u64,
    /// The delay, as in [`Lost::delay_us`], of the last arrived packet that left the list.
    delay_us: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    at_us: u64,
    bytes: u16,
    probe: u8,
    state: State,
    /// If it arrived: the delay, as in [`Lost::delay_us`].
    delay_us: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unreported,
    Missing,
    Arrived,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Arrived(Arrival),
    Lost(Lost),
}

impl Fate {
    pub(super) fn sent_us(&self) -> u64 {
        match self {
            Self::Arrived(arrival) => arrival.sent_us,
            Self::Lost(lost) => lost.sent_us,
        }
    }

    pub(super) fn bytes(&self) -> u16 {
        match self {
            Self::Arrived(arrival) => arrival.bytes,
            Self::Lost(lost) => lost.bytes,
        }
    }

    pub(super) fn probe(&self) -> u8 {
        match self {
            Self::Arrived(arrival) => arrival.probe,
            Self::Lost(lost) => lost.probe,
        }
    }
}

/// A packet that was lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost {
    /// When it was sent, since the history began.
    pub(super) sent_us: u64,
    pub(super) bytes: u16,
    /// Number of the probe that it was part of; 0 without one.
    pub(super) probe: u8,
    /// Time from sending to arrival, across two clocks, of the last packet before it that arrived.
    pub(super) delay_us: Option<i64>,
}

/// A packet that arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    /// When it was sent, since the history began.
    pub(super) sent_us: u64,
    /// When it arrived, on the receiver's clock.
    pub(super) arrived_us: i64,
    pub(super) bytes: u16,
    /// Number of the probe that it was part of; 0 without one.
    pub(super) probe: u8,
}

impl History {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            epoch: now,
            first: 0,
            waiting: VecDeque::new(),
            reference: None,
            newest_arrived_us: 0,
            delay_us: None,
        }
    }

    /// Loads into the cache the state that the next feedback and the next packet need.
    pub(super) fn prefetch(&self) {
        black_box((
            self.waiting.front().map(|sent| sent.bytes),
            self.waiting.back().map(|sent| sent.bytes),
        ));
    }

    /// Records a sent packet. Its number must be one higher than the last. `probe`: the number of
    /// its probe, 0 without one.
    pub(super) fn sent(&mut self, now: Instant, seq: u64, bytes: usize, probe: u8) {
        if self.waiting.is_empty() {
            self.first = seq;
        } else if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
            self.first += 1;
        }
        self.waiting.push_back(Sent {
            at_us: self.micros(now),
            bytes: bytes.min(u16::MAX.into()) as u16,
            probe,
            state: State::Unreported,
            delay_us: 0,
        });
    }

    /// Returns the microseconds since the history began.
    pub(super) fn micros(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.epoch).as_micros() as u64
    }

    /// Returns the number of packets that wait for feedback.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Handles a feedback, and passes the fates that it settles to `tell`: the arrived packets in
    /// the order of sending, then the lost ones.
    pub(super) fn report(&mut self, feedback: &TransportFeedback<'_>, mut tell: impl FnMut(Fate)) {
        let reference = self.extend(feedback.reference);
        // Numbers are extended relative to the next one to be sent: those below the first waiting
        // packet are ignored.
        let last = self.first + self.waiting.len() as u64;
        // A few bytes of feedback can claim 65,536 packets, so the work is bounded.
        for (seq, at) in feedback.arrivals().take(WAITING_MAX) {
            let seq = extend16(last, seq);
            let index = seq.checked_sub(self.first).map(|index| index as usize);
            let Some(sent) = index.and_then(|index| self.waiting.get_mut(index)) else {
                continue;
            };
            match at {
                Some(at) if sent.state != State::Arrived => {
                    sent.state = State::Arrived;
                    self.newest_arrived_us = self.newest_arrived_us.max(sent.at_us);
                    let arrived_us = reference * REFERENCE_US + at;
                    sent.delay_us = arrived_us - sent.at_us as i64;
                    tell(Fate::Arrived(Arrival {
                        sent_us: sent.at_us,
                        arrived_us,
                        bytes: sent.bytes,
                        probe: sent.probe,
                    }));
                }
                None if sent.state == State::Unreported => sent.state = State::Missing,
                _ => {}
            }
        }
        self.settle(tell);
    }

    /// Removes the packets whose fate is decided. A packet that was never reported belongs to a
    /// lost feedback and says nothing.
    fn settle(&mut self, mut tell: impl FnMut(Fate)) {
        while let Some(sent) = self.waiting.front() {
            let old = sent.at_us + (OVERTAKEN.as_micros() as u64) < self.newest_arrived_us;
            if sent.state != State::Arrived && !old {
                break;
            }
            match sent.state {
                State::Arrived => self.delay_us = Some(sent.delay_us),
                State::Missing => tell(Fate::Lost(Lost {
                    sent_us: sent.at_us,
                    bytes: sent.bytes,
                    probe: sent.probe,
                    delay_us: self.delay_us,
                })),
                State::Unreported => {}
            }
            self.waiting.pop_front();
            self.first += 1;
        }
    }

    /// Extends a reference time so that it never wraps.
    fn extend(&mut self, reference: i32) -> i64 {
        let half = 1_i64 << (REFERENCE_BITS - 1);
        let extended = match self.reference {
            None => reference.into(),
            Some(last) => {
                let ahead = (i64::from(reference) - last).rem_euclid(2 * half);
                last + if ahead < half {
                    ahead
                } else {
                    ahead - 2 * half
                }
            }
        };
        // No session lasts this long: the receiver invents its times. Start over.
        let extended = if extended.abs() < REFERENCE_MAX {
            extended
        } else {
            reference.into()
        };
        self.reference = Some(extended);
        extended
    }
}
