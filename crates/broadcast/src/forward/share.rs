use std::time::Instant;

use rtp::Bitrate;

use super::layer_selector::need;
use super::track::Track;

/// What a path carries, divided among the videos that a viewer gets over it.
///
/// Everybody gets the worst layer first. Then the one that has the least gets the next better, as
/// long as there is room. What is left over is too little for anybody, so all may count with it:
/// a viewer of one video has the whole path for it.
#[derive(Debug, Default)]
pub struct Shares {
    /// Of each video the rates that its layers need, worst first.
    needs: Vec<Vec<Bitrate>>,
    /// How many of its layers each one has.
    taken: Vec<usize>,
}

impl Shares {
    /// One more video, with its layers up to the best that is of use.
    pub fn add(&mut self, now: Instant, track: &Track, layer_max: Option<usize>) {
        let mut needs = Vec::new();
        for layer in track.active(now) {
            needs.push(need(track, layer));
            if Some(layer) == layer_max {
                break;
            }
        }
        self.needs.push(needs);
        self.taken.push(0);
    }

    /// What each video may take, in the order in which they were added.
    pub fn divide(mut self, bandwidth: Bitrate) -> impl Iterator<Item = Bitrate> {
        let worst = |needs: &Vec<Bitrate>| needs.first().copied().unwrap_or_default();
        let least: Bitrate = self
            .needs
            .iter()
            .map(worst)
            .fold(Bitrate::ZERO, |a, b| a + b);
        let mut left = bandwidth - least;
        while let Some((video, cost)) = self.next(left) {
            left = left - cost;
            if let Some(taken) = self.taken.get_mut(video) {
                *taken += 1;
            }
        }
        // With too little even for the worst layers, all are short alike.
        let short = if bandwidth < least {
            bandwidth.as_bps() as f64 / least.as_bps() as f64
        } else {
            1.0
        };
        let videos = self.needs.into_iter().zip(self.taken);
        videos.map(move |(needs, taken)| {
            let own = needs.get(taken).copied().unwrap_or_default();
            own * short + left
        })
    }

    /// The video that has the least of those for which the next layer fits, and what that costs
    /// more.
    fn next(&self, left: Bitrate) -> Option<(usize, Bitrate)> {
        let videos = self.needs.iter().zip(&self.taken).enumerate();
        let next = videos.filter_map(|(video, (needs, taken))| {
            let (own, next) = (*needs.get(*taken)?, *needs.get(taken + 1)?);
            // A better layer may take less for a while.
            let cost = next - own;
            (cost <= left).then_some((own, video, cost))
        });
        let (_, video, cost) = next.min_by_key(|(own, video, _)| (*own, *video))?;
        Some((video, cost))
    }
}
