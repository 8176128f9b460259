use std::time::{Duration, Instant};

use rtp::Bitrate;

/// Losses are counted over this time and as much before it.
const WINDOW: Duration = Duration::from_millis(300);

/// Of fewer packets nothing is said.
const PACKETS_MIN: u32 = 20;

/// Fewer lost ones are chance.
const LOST_MIN: u32 = 3;

/// Losses are more than the usual ones when their share is greater by this, and by twice as much as
/// chance makes it differ.
const MORE: f32 = 0.02;
const DEVIATIONS: f32 = 2.0;

/// One lost packet does not say that losses last: the present time may have but begun.
const LASTING_MIN: u32 = 2;

/// Chance exceeds twice the deviation a few times a minute. So many times the deviation is no chance.
const DEVIATIONS_SURE: f32 = 4.0;

/// A path with a smaller share hardly loses packets by itself.
const USUAL_MIN: f32 = 0.01;

/// The usual share follows what is lost by so much in each window.
const USUAL_FOLLOWS: f32 = 0.05;

/// More is sent than before when it is more by this: rates are means.
const GREW: f64 = 1.03;

/// The share of packets that were lost in the last moments, and how much of it is usual. Packets
/// that a full queue dropped are counted apart: their cause is known.
#[derive(Debug, Default)]
pub(super) struct Loss {
    began: Option<Instant>,
    /// The present time, and the one before.
    counts: [Count; 2],
    /// The share that is lost however little is sent.
    usual: f32,
    /// What was sent in the last window without more losses than usual.
    clean: Bitrate,
}

/// What became of some packets.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    pub(super) arrived: u32,
    /// Lost, with no full queue to be seen.
    pub(super) lost: u32,
    /// Lost to a full queue.
    pub(super) dropped: u32,
}

impl Count {
    /// One packet of each kind.
    pub(super) const ARRIVED: Self = Self::of(1, 0, 0);
    pub(super) const LOST: Self = Self::of(0, 1, 0);
    pub(super) const DROPPED: Self = Self::of(0, 0, 1);

    const fn of(arrived: u32, lost: u32, dropped: u32) -> Self {
        Self {
            arrived,
            lost,
            dropped,
        }
    }

    pub(super) fn packets(self) -> u32 {
        self.arrived + self.lost + self.dropped
    }

    fn share_of(self, lost: u32) -> f32 {
        lost as f32 / self.packets().max(1) as f32
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            arrived: self.arrived + other.arrived,
            lost: self.lost + other.lost,
            dropped: self.dropped + other.dropped,
        }
    }
}

impl Loss {
    /// `rate` is what arrives.
    pub(super) fn add(&mut self, now: Instant, count: Count, rate: Bitrate) {
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= WINDOW {
            if !self.is_unusual() && !self.overflows() {
                self.usual += (self.share() - self.usual) * USUAL_FOLLOWS;
                self.clean = self.sent(rate);
            }
            self.began = Some(now);
            self.counts = [Count::default(), self.counts[0]];
        }
        let [present, _] = &mut self.counts;
        *present = present.and(count);
    }

    /// Only these packets are still of interest.
    pub(super) fn begin(&mut self, now: Instant, count: Count) {
        self.began = Some(now);
        self.counts = [count, Count::default()];
    }

    /// What is sent, so that this rate arrives.
    fn sent(&self, rate: Bitrate) -> Bitrate {
        rate * (1.0 / (1.0 - f64::from(self.share().min(0.9))))
    }

    /// No more is sent than what passed without losses before, now that this rate arrives. Returns
    /// what may be sent for that.
    pub(super) fn passed(&self, rate: Bitrate) -> Option<Bitrate> {
        let most = self.clean * GREW;
        (self.sent(rate) <= most).then_some(most)
    }

    fn count(&self) -> Count {
        let [present, before] = self.counts;
        present.and(before)
    }

    /// What is lost with no full queue to be seen, 0 to 1.
    pub(super) fn share(&self) -> f32 {
        let count = self.count();
        if count.packets() < PACKETS_MIN {
            return 0.0;
        }
        count.share_of(count.lost)
    }

    /// What is lost beyond the usual share, full queues included.
    pub(super) fn excess(&self) -> f32 {
        let count = self.count();
        if !self.is_unusual() && !self.overflows() {
            return 0.0;
        }
        (count.share_of(count.lost + count.dropped) - self.usual).max(0.0)
    }

    /// What is lost however little is sent, 0 to 1.
    pub(super) fn usual(&self) -> f32 {
        self.usual
    }

    /// So much turned out to be lost however little is sent.
    pub(super) fn learn(&mut self, share: f32) {
        self.usual = self.usual.max(share);
    }

    /// More is lost than usual, with no full queue to be seen.
    pub(super) fn is_unusual(&self) -> bool {
        self.is_more_by(DEVIATIONS)
    }

    /// The same, and chance does not make it so much.
    pub(super) fn is_surely_unusual(&self) -> bool {
        self.is_more_by(DEVIATIONS_SURE)
    }

    fn is_more_by(&self, deviations: f32) -> bool {
        let count = self.count();
        let least = self.usual + MORE;
        let deviation = (least * (1.0 - least) / count.packets().max(1) as f32).sqrt();
        count.lost >= LOST_MIN && self.share() > least + deviations * deviation
    }

    /// Packets are lost all the time, not in one burst.
    pub(super) fn lasts(&self) -> bool {
        let least = self.usual + MORE;
        self.counts
            .iter()
            .all(|count| count.lost >= LASTING_MIN && count.share_of(count.lost) > least)
    }

    /// A full queue drops packets.
    pub(super) fn overflows(&self) -> bool {
        let count = self.count();
        count.dropped >= LOST_MIN && count.share_of(count.dropped) > MORE
    }

    /// The path loses packets by itself, so that a loss says little.
    pub(super) fn is_of_the_path(&self) -> bool {
        self.usual > USUAL_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known after these windows of a hundred packets, of which so many are lost.
    fn after(windows: &[u32], one: Count) -> Loss {
        let (mut loss, mut now) = (Loss::default(), Instant::now());
        for lost in windows {
            for number in 0..100 {
                let count = if number < *lost { one } else { Count::ARRIVED };
                loss.add(now, count, Bitrate::mbps(3));
                now += WINDOW / 100;
            }
        }
        loss
    }

    #[test]
    fn burst_of_losses_is_unusual_and_does_not_last() {
        let loss = after(&[0, 12], Count::LOST);
        assert!(loss.is_unusual());
        assert!(!loss.lasts());
        assert!(after(&[6, 6], Count::LOST).lasts());
    }

    #[test]
    fn losses_do_not_last_for_one_packet_of_a_time_that_has_begun() {
        let mut loss = after(&[0, 12, 0], Count::LOST);
        for (lost, lasts) in [
            (Count::ARRIVED, false),
            (Count::LOST, false),
            (Count::LOST, true),
        ] {
            loss.add(loss.began.unwrap(), lost, Bitrate::mbps(3));
            loss.counts[0].arrived = 4;
            assert_eq!(loss.lasts(), lasts, "{loss:?}");
        }
    }

    #[test]
    fn few_lost_packets_are_unusual_and_not_surely() {
        let few = after(&[5], Count::LOST);
        assert!(few.is_unusual() && !few.is_surely_unusual());
        assert!(after(&[12], Count::LOST).is_surely_unusual());
    }

    #[test]
    fn usual_losses_are_not_unusual() {
        let mut loss = after(&[6, 6], Count::LOST);
        assert!(loss.is_unusual());
        loss.learn(0.06);
        assert!(!loss.is_unusual());
        assert_eq!(loss.excess(), 0.0);
    }

    #[test]
    fn packets_dropped_by_a_full_queue_are_never_usual() {
        let mut loss = after(&[6, 6], Count::DROPPED);
        assert!(loss.overflows());
        assert!(!loss.is_unusual());
        assert!(loss.excess() > 0.05);
        loss = after(&[2; 50], Count::DROPPED);
        assert_eq!(loss.usual(), 0.0);
    }
}
