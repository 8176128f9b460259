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

/// No greater share is usual: so much is worth a smaller picture, whatever the cause.
const USUAL_MAX: f32 = 0.15;

/// A path with a smaller share hardly loses packets by itself.
const USUAL_MIN: f32 = 0.01;

/// The usual share follows what is lost by so much in each window.
const USUAL_FOLLOWS: f32 = 0.05;

/// Losses are usual that came in so many windows in which no more was sent than in one without. A
/// window without makes them count less.
const WINDOWS_IN_VAIN: f32 = 2.5;
const IN_VAIN_FADES: f32 = 0.95;

/// For so many windows after more was sent, losses come of that.
const WINDOWS_AFTER: u32 = 3;

/// What is sent is more than before when it is more by this.
const GREW: f64 = 1.03;

/// The share of packets that were lost in the last moments, and whether that has to do with how
/// much was sent.
#[derive(Debug, Default)]
pub(super) struct Loss {
    began: Option<Instant>,
    /// The present time, and the one before.
    counts: [Count; 2],
    /// The share that is lost however little is sent.
    usual: f32,
    /// What was sent in the last windows without more losses than usual, the newest first.
    clean: [Bitrate; 2],
    /// What was sent in the last window with more losses than usual.
    lossy: Bitrate,
    in_vain: f32,
    /// Windows since more was sent than in one without losses.
    after: u32,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    arrived: u32,
    lost: u32,
}

impl Count {
    fn share(self) -> f32 {
        self.lost as f32 / (self.arrived + self.lost).max(1) as f32
    }
}

impl Loss {
    /// `rate` is what arrives. `is_queueing`: packets wait, for whatever reason, so that losses may
    /// come of that. Returns whether losses turned out to be usual.
    pub(super) fn add(
        &mut self,
        now: Instant,
        (arrived, lost): (u32, u32),
        rate: Bitrate,
        is_queueing: bool,
    ) -> bool {
        let mut learned = false;
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= WINDOW {
            learned = self.close(rate, is_queueing);
            self.began = Some(now);
            self.counts = [Count::default(), self.counts[0]];
        }
        let [present, _] = &mut self.counts;
        present.arrived += arrived;
        present.lost += lost;
        learned
    }

    /// A window is over. As [`Self::add`].
    fn close(&mut self, rate: Bitrate, is_queueing: bool) -> bool {
        let (share, sent) = (self.share(), self.sent(rate));
        let [newest, _] = self.clean;
        self.after = self.after.saturating_add(1);
        if !self.is_unusual() {
            self.in_vain *= IN_VAIN_FADES;
            self.clean = [sent, newest];
            if !is_queueing {
                self.usual += (share - self.usual) * USUAL_FOLLOWS;
            }
        } else {
            let grew = newest > Bitrate::ZERO && sent > newest * GREW;
            if grew && sent * GREW > self.lossy {
                self.after = 0;
            } else if self.after >= WINDOWS_AFTER {
                self.in_vain += 1.0;
            }
            self.lossy = sent;
        }
        let learned = self.in_vain >= WINDOWS_IN_VAIN && share <= USUAL_MAX && !is_queueing;
        if learned {
            self.in_vain = 0.0;
            self.usual = share.max(self.usual);
        }
        learned
    }

    /// What was sent, so that this rate arrived.
    fn sent(&self, rate: Bitrate) -> Bitrate {
        rate * (1.0 / (1.0 - f64::from(self.share().min(0.9))))
    }

    /// 0 to 1.
    pub(super) fn share(&self) -> f32 {
        let packets = self.packets();
        if packets < PACKETS_MIN {
            return 0.0;
        }
        self.lost() as f32 / packets as f32
    }

    fn lost(&self) -> u32 {
        self.counts.iter().map(|count| count.lost).sum()
    }

    fn packets(&self) -> u32 {
        let [a, b] = self.counts;
        a.arrived + a.lost + b.arrived + b.lost
    }

    /// What was sent, so that this rate arrived but for the usual losses.
    pub(super) fn with_usual(&self, rate: Bitrate) -> Bitrate {
        rate * (1.0 / (1.0 - f64::from(self.usual)))
    }

    /// What is lost beyond the usual share.
    pub(super) fn excess(&self) -> f32 {
        (self.share() - self.usual).max(0.0)
    }

    /// More is lost than usual.
    pub(super) fn is_unusual(&self) -> bool {
        let packets = self.packets().max(1) as f32;
        let deviation = (self.usual * (1.0 - self.usual) / packets).sqrt();
        self.lost() >= LOST_MIN && self.share() > self.usual + MORE + DEVIATIONS * deviation
    }

    /// The path loses packets by itself, so that a loss says little.
    pub(super) fn is_of_the_path(&self) -> bool {
        self.usual > USUAL_MIN
    }

    /// Packets are lost all the time, not in one burst.
    fn lasts(&self) -> bool {
        self.counts.iter().all(|count| count.share() > MORE)
    }

    /// More is lost since more is sent: what may be sent then. It is what was sent before, less
    /// what has to be sent again.
    pub(super) fn overdone(&self, rate: Bitrate) -> Option<Bitrate> {
        let [newest, before] = self.clean;
        let grew = before > Bitrate::ZERO && self.sent(rate) > before * GREW;
        let repeated = f64::from(self.share());
        (self.is_unusual() && self.lasts() && grew)
            .then(|| before.min(newest).min(rate) * (1.0 - repeated))
    }
}
