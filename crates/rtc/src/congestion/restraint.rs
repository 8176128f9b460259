use std::time::Duration;

use rtp::Bitrate;

use super::history::Fate;
use super::loss::Count;

/// The rate during a restraint as a share of the arrival rate, before room for retransmissions is
/// taken off. The path carried the arrival rate, so it certainly carries less.
const SHARE: f64 = 0.95;

/// Time until the sent rate follows a new estimate, in microseconds.
const SETTLES_US: u64 = 200_000;

/// An answer needs enough packets that this many would be lost if the losses were the path's.
const EXPECTED_MIN: f32 = 6.0;

/// When fewer than this share of them are lost, sending less has helped. The share is low because
/// losses are noticed when they are above their average.
const STAYS: f32 = 0.34;

/// A greater share is never attributed to the path: such losses justify a lower layer, whatever the
/// cause.
const USUAL_MAX: f32 = 0.15;

/// The restraint ends without a clear answer after this time, in microseconds.
const ANSWER_MAX_US: u64 = 3_000_000;

/// An experiment: packets are lost, and less is sent to see whether the losses end.
///
/// If they do not, the path loses packets at any rate.
#[derive(Debug)]
pub(super) struct Restraint {
    began_us: u64,
    /// Only packets sent from this time on count.
    from_us: u64,
    /// The share of losses at the beginning, and the part of it that is known to be the path's.
    share: f32,
    usual: f32,
    /// The arrival rate at the beginning, which the path carries.
    carried: Bitrate,
    first_us: Option<u64>,
    last_us: u64,
    bytes: u64,
    count: Count,
}

/// The outcome of a restraint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    /// This sender causes the losses: they ended, they are too many, or the answer is unclear.
    Ours,
    /// The losses ended although no less was sent: it was a burst.
    Chance,
    /// The losses stayed: the path loses this share.
    OfThePath(f32),
}

impl Restraint {
    /// Begins a restraint: `share` of the packets is lost while `carried` arrives, and `usual` of
    /// it is known to be the path's.
    pub(super) fn new(now_us: u64, share: f32, usual: f32, carried: Bitrate) -> Self {
        Self {
            began_us: now_us,
            from_us: now_us + SETTLES_US,
            share,
            usual,
            carried,
            first_us: None,
            last_us: 0,
            bytes: 0,
            count: Count::default(),
        }
    }

    /// Returns the rate that may be sent meanwhile.
    pub(super) fn rate(&self) -> Bitrate {
        self.carried * (SHARE * f64::from(1.0 - self.share))
    }

    /// Records the fate of a packet, which counts as `one`.
    pub(super) fn add(&mut self, fate: &Fate, one: Count) {
        let sent_us = fate.sent_us();
        if sent_us < self.from_us {
            return;
        }
        self.first_us.get_or_insert(sent_us);
        self.last_us = self.last_us.max(sent_us);
        self.bytes += u64::from(fate.bytes());
        self.count = self.count.and(one);
    }

    /// Returns the count of the packets that were sent during the restraint.
    pub(super) fn count(&self) -> Count {
        self.count
    }

    /// Returns the answer; `None` while too little is known.
    pub(super) fn answer(&mut self, now_us: u64) -> Option<Answer> {
        let is_late = now_us > self.began_us + ANSWER_MAX_US;
        let (packets, news) = (self.count.packets() as f32, self.share - self.usual);
        if packets * news < EXPECTED_MIN {
            return is_late.then_some(Answer::Ours);
        }
        let lost = self.count.lost as f32;
        let stay = lost >= packets * (self.usual + news * STAYS);
        if !stay && self.sends_as_before() {
            return Some(Answer::Chance);
        }
        if !stay || lost > packets * USUAL_MAX || is_late {
            return Some(Answer::Ours);
        }
        if self.sent() > self.carried {
            // The rate has not come down yet: count anew.
            self.begin(now_us);
            return None;
        }
        Some(Answer::OfThePath(lost / packets))
    }

    /// Restarts the count at this time.
    fn begin(&mut self, now_us: u64) {
        self.from_us = now_us;
        self.first_us = None;
        self.bytes = 0;
        self.count = Count::default();
    }

    /// Whether the rate is still what it was when packets were lost, as when the viewer keeps its
    /// layer. That rate was above `carried` by the losses. Rates are averages, so half of that
    /// margin is enough.
    fn sends_as_before(&self) -> bool {
        self.sent() > self.carried * (1.0 + f64::from(self.share) / 2.0)
    }

    fn sent(&self) -> Bitrate {
        let first = self.first_us.unwrap_or(self.last_us);
        let time = Duration::from_micros(self.last_us.saturating_sub(first).max(1));
        Bitrate::of(self.bytes, time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::congestion::history::Lost;

    /// Sends packets of 1,250 bytes at this interval, of which every `loses_every`th is lost, after
    /// a tenth was lost while 2 Mbit/s arrived. Returns the answer and when it came.
    fn answer(every_us: u64, loses_every: u64) -> (Answer, u64) {
        let mut restraint = Restraint::new(0, 0.1, 0.0, Bitrate::mbps(2));
        for number in 1.. {
            let sent_us = number * every_us;
            let is_lost = number.is_multiple_of(loses_every);
            let one = if is_lost { Count::LOST } else { Count::ARRIVED };
            let lost = Lost {
                sent_us,
                bytes: 1_250,
                probe: 0,
                delay_us: None,
            };
            restraint.add(&Fate::Lost(lost), one);
            if let Some(answer) = restraint.answer(sent_us) {
                return (answer, sent_us);
            }
        }
        unreachable!("there is an answer in time")
    }

    #[test]
    fn losses_that_end_at_a_lower_rate_are_ours() {
        let (answer, after_us) = answer(5_600, 1_000);
        assert_eq!(answer, Answer::Ours);
        assert!(after_us < 1_000_000, "{after_us}");
    }

    #[test]
    fn losses_that_end_at_the_same_rate_are_chance() {
        let (answer, after_us) = answer(4_500, 1_000);
        assert_eq!(answer, Answer::Chance);
        assert!(after_us < 1_000_000, "{after_us}");
    }

    #[test]
    fn losses_that_stay_at_a_lower_rate_are_the_paths() {
        let (answer, after_us) = answer(5_600, 10);
        let Answer::OfThePath(share) = answer else {
            panic!("{answer:?}");
        };
        assert!((0.08..0.12).contains(&share), "{share}");
        assert!(after_us < 1_000_000, "{after_us}");
    }

    #[test]
    fn losses_that_stay_at_the_same_rate_prove_nothing() {
        let (answer, after_us) = answer(4_500, 10);
        assert_eq!(answer, Answer::Ours);
        assert!(after_us > ANSWER_MAX_US, "{after_us}");
    }

    #[test]
    fn losses_of_a_fifth_are_never_the_paths() {
        let (answer, _) = answer(5_600, 5);
        assert_eq!(answer, Answer::Ours);
    }

    #[test]
    fn restrained_rate_leaves_room_for_retransmissions() {
        let restraint = Restraint::new(0, 0.1, 0.0, Bitrate::mbps(2));
        let resent = restraint.rate() * 1.1;
        assert!(resent < Bitrate::mbps(2), "{resent:?}");
    }
}
