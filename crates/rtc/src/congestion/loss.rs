use std::time::{Duration, Instant};

/// Losses are counted over this time and as much before it.
const WINDOW: Duration = Duration::from_millis(500);

/// Of fewer packets nothing is said.
const PACKETS_MIN: u32 = 20;

/// The share of packets that were lost in the last moments.
#[derive(Debug, Default)]
pub(super) struct Loss {
    began: Option<Instant>,
    /// The present time, and the one before.
    counts: [Count; 2],
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    arrived: u32,
    lost: u32,
}

impl Loss {
    pub(super) fn add(&mut self, now: Instant, arrived: u32, lost: u32) {
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= WINDOW {
            self.began = Some(now);
            self.counts = [Count::default(), self.counts[0]];
        }
        let [present, _] = &mut self.counts;
        present.arrived += arrived;
        present.lost += lost;
    }

    /// 0 to 1.
    pub(super) fn share(&self) -> f32 {
        let [a, b] = self.counts;
        let (arrived, lost) = (a.arrived + b.arrived, a.lost + b.lost);
        if arrived + lost < PACKETS_MIN {
            return 0.0;
        }
        lost as f32 / (arrived + lost) as f32
    }
}
