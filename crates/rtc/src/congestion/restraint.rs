use std::time::Duration;

use rtp::Bitrate;

use super::history::Fate;
use super::loss::Count;

/// Of what arrives while packets are lost so much is sent, less what has to be sent again: what the
/// path carries it carries all the more then.
const SHARE: f64 = 0.95;

/// Until what is sent follows.
const SETTLES_US: u64 = 200_000;

/// So many packets should be lost by then, if the losses are the path's.
const EXPECTED_MIN: f32 = 6.0;

/// When fewer than this share of them are, less is lost since less is sent. What is lost at first is
/// more than what is lost in the mean, since it was noticed.
const STAYS: f32 = 0.34;

/// No greater share is the path's: so much is worth a smaller picture, whatever the cause.
const USUAL_MAX: f32 = 0.15;

/// Without an answer for so long there is none.
const ANSWER_MAX_US: u64 = 3_000_000;

/// Packets are lost, and less is sent to see whether that ends.
///
/// If it does not, the path loses them however little is sent.
#[derive(Debug)]
pub(super) struct Restraint {
    began_us: u64,
    /// Packets count that were sent from then on.
    from_us: u64,
    /// What was lost in the beginning, and how much of it is known to be the path's.
    share: f32,
    usual: f32,
    /// What arrived then: the path carries it.
    carried: Bitrate,
    first_us: Option<u64>,
    last_us: u64,
    bytes: u64,
    count: Count,
}

/// What less sending has shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    /// Losses have ended, or are too many.
    Ours,
    /// Losses have ended though no less was sent: it was a burst.
    Chance,
    /// This share stays.
    OfThePath(f32),
}

impl Restraint {
    /// `share` of the packets is lost while this rate arrives; `usual` is no news.
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

    /// What may be sent meanwhile.
    pub(super) fn rate(&self) -> Bitrate {
        self.carried * (SHARE * f64::from(1.0 - self.share))
    }

    /// This became of a packet, which counts as that.
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

    /// What became of the packets that were sent since less is sent.
    pub(super) fn count(&self) -> Count {
        self.count
    }

    /// What is known by now.
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
            // It was not less yet.
            self.begin(now_us);
            return None;
        }
        Some(Answer::OfThePath(lost / packets))
    }

    /// Counts from now on.
    fn begin(&mut self, now_us: u64) {
        self.from_us = now_us;
        self.first_us = None;
        self.bytes = 0;
        self.count = Count::default();
    }

    /// A forwarder whose viewer keeps its layer sends as much as when packets were lost, which is
    /// more than what arrived then by what was lost. Rates are means: by half of that is enough.
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

    /// Packets of 1,250 bytes at this distance, after a tenth was lost of what brought 2 Mbit/s;
    /// one of so many is lost. Returns the answer and when it came.
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
    fn losses_that_end_when_less_is_sent_are_ours() {
        let (answer, after_us) = answer(5_600, 1_000);
        assert_eq!(answer, Answer::Ours);
        assert!(after_us < 1_000_000, "{after_us}");
    }

    #[test]
    fn losses_that_end_when_as_much_is_sent_are_chance() {
        let (answer, after_us) = answer(4_500, 1_000);
        assert_eq!(answer, Answer::Chance);
        assert!(after_us < 1_000_000, "{after_us}");
    }

    #[test]
    fn losses_that_stay_when_less_is_sent_are_of_the_path() {
        let (answer, after_us) = answer(5_600, 10);
        let Answer::OfThePath(share) = answer else {
            panic!("{answer:?}");
        };
        assert!((0.08..0.12).contains(&share), "{share}");
        assert!(after_us < 1_000_000, "{after_us}");
    }

    #[test]
    fn losses_that_stay_when_as_much_is_sent_are_not_believed() {
        let (answer, after_us) = answer(4_500, 10);
        assert_eq!(answer, Answer::Ours);
        assert!(after_us > ANSWER_MAX_US, "{after_us}");
    }

    #[test]
    fn losses_of_a_fifth_are_never_of_the_path() {
        let (answer, _) = answer(5_600, 5);
        assert_eq!(answer, Answer::Ours);
    }

    #[test]
    fn rate_leaves_room_for_what_is_sent_again() {
        let restraint = Restraint::new(0, 0.1, 0.0, Bitrate::mbps(2));
        let resent = restraint.rate() * 1.1;
        assert!(resent < Bitrate::mbps(2), "{resent:?}");
    }
}
