use std::time::{Duration, Instant};

use rtp::Bitrate;

/// Losses are counted over the present window of this length and the one before it.
const WINDOW: Duration = Duration::from_millis(300);

/// With fewer packets no share of losses is stated.
const PACKETS_MIN: u32 = 20;

/// Fewer lost packets than this are chance.
const LOST_MIN: u32 = 3;

/// Losses are unusual when their share exceeds the usual one by this, and also by this many
/// standard deviations.
const MORE: f32 = 0.02;
const DEVIATIONS: f32 = 2.0;

/// One lost packet in a window does not mean that losses last: the window may have only just begun.
const LASTING_MIN: u32 = 2;

/// Random losses exceed two standard deviations a few times a minute. Beyond this many it is no
/// longer chance.
const DEVIATIONS_SURE: f32 = 4.0;

/// A path with a smaller usual share does not count as lossy.
const USUAL_MIN: f32 = 0.01;

/// Weight with which each window moves the usual share towards the present one.
const USUAL_FOLLOWS: f32 = 0.05;

/// A rate counts as higher than an earlier one from this factor on, since rates are averages.
const GREW: f64 = 1.03;

/// The share of recent packets that were lost, and how much of it is usual. Packets dropped by a
/// full queue are counted separately, since their cause is known.
#[derive(Debug, Default)]
pub(super) struct Loss {
    began: Option<Instant>,
    /// Counts of the present window and the one before.
    counts: [Count; 2],
    /// The share that the path loses at any rate.
    usual: f32,
    /// The rate that was sent in the last window without unusual losses.
    clean: Bitrate,
}

/// Packets counted by their fate.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    pub(super) arrived: u32,
    /// Lost without a full queue.
    pub(super) lost: u32,
    /// Dropped by a full queue.
    pub(super) dropped: u32,
}

impl Count {
    /// A single packet of each kind.
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
    /// Adds packets to the present window. `rate` is the arrival rate.
    pub(super) fn add(&mut self, now: Instant, count: Count, rate: Bitrate) {
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= WINDOW {
            // Only windows without a problem shape what counts as usual.
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

    /// Starts over with these packets alone.
    pub(super) fn begin(&mut self, now: Instant, count: Count) {
        self.began = Some(now);
        self.counts = [count, Count::default()];
    }

    /// Returns the sent rate of which `rate` arrives.
    fn sent(&self, rate: Bitrate) -> Bitrate {
        rate * (1.0 / (1.0 - f64::from(self.share().min(0.9))))
    }

    /// Whether the sent rate, of which `rate` arrives, passed without unusual losses before.
    /// Returns the highest rate for which that holds.
    pub(super) fn passed(&self, rate: Bitrate) -> Option<Bitrate> {
        let most = self.clean * GREW;
        (self.sent(rate) <= most).then_some(most)
    }

    fn count(&self) -> Count {
        let [present, before] = self.counts;
        present.and(before)
    }

    /// Returns the share lost without a full queue, 0 to 1; 0 with too few packets.
    pub(super) fn share(&self) -> f32 {
        let count = self.count();
        if count.packets() < PACKETS_MIN {
            return 0.0;
        }
        count.share_of(count.lost)
    }

    /// Returns the share lost beyond the usual one, drops by full queues included. 0 while the
    /// losses are not unusual.
    pub(super) fn excess(&self) -> f32 {
        let count = self.count();
        if !self.is_unusual() && !self.overflows() {
            return 0.0;
        }
        (count.share_of(count.lost + count.dropped) - self.usual).max(0.0)
    }

    /// Returns the share that the path loses at any rate, 0 to 1.
    pub(super) fn usual(&self) -> f32 {
        self.usual
    }

    /// Raises the usual share: the path loses this share at any rate.
    pub(super) fn learn(&mut self, share: f32) {
        self.usual = self.usual.max(share);
    }

    /// Whether more is lost than usual, without a full queue.
    pub(super) fn is_unusual(&self) -> bool {
        self.is_more_by(DEVIATIONS)
    }

    /// Whether the same holds, and by more than chance explains.
    pub(super) fn is_surely_unusual(&self) -> bool {
        self.is_more_by(DEVIATIONS_SURE)
    }

    fn is_more_by(&self, deviations: f32) -> bool {
        let count = self.count();
        let least = self.usual + MORE;
        // The standard deviation of a share that is measured over this many packets (binomial).
        let deviation = (least * (1.0 - least) / count.packets().max(1) as f32).sqrt();
        count.lost >= LOST_MIN && self.share() > least + deviations * deviation
    }

    /// Whether packets are lost in both windows, not in one burst.
    pub(super) fn lasts(&self) -> bool {
        let least = self.usual + MORE;
        self.counts
            .iter()
            .all(|count| count.lost >= LASTING_MIN && count.share_of(count.lost) > least)
    }

    /// Whether a full queue drops packets.
    pub(super) fn overflows(&self) -> bool {
        let count = self.count();
        count.dropped >= LOST_MIN && count.share_of(count.dropped) > MORE
    }

    /// Whether the path loses packets at any rate, so that losses say little.
    pub(super) fn is_of_the_path(&self) -> bool {
        self.usual > USUAL_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the state after windows of a hundred packets each; `windows` has the number of lost
    /// ones. Lost packets count as `one`.
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
    fn burst_of_losses_is_unusual_but_does_not_last() {
        let loss = after(&[0, 12], Count::LOST);
        assert!(loss.is_unusual());
        assert!(!loss.lasts());
        assert!(after(&[6, 6], Count::LOST).lasts());
    }

    #[test]
    fn one_loss_in_a_new_window_does_not_count_as_lasting() {
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
    fn few_lost_packets_are_unusual_but_not_surely() {
        let few = after(&[5], Count::LOST);
        assert!(few.is_unusual() && !few.is_surely_unusual());
        assert!(after(&[12], Count::LOST).is_surely_unusual());
    }

    #[test]
    fn learned_losses_are_not_unusual() {
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
