use std::time::Instant;

use rtp::{Bitrate, LayerIndex};

use super::layer_selector::need;
use super::track::Track;

/// Divides the bandwidth of a path among the videos that a viewer receives over it.
///
/// Every video first gets its lowest layer. Then the video that has the least gets its next layer,
/// as long as bandwidth is left. The rest is too little for any further layer, so every video may
/// count on it: a viewer of one video has the whole path.
#[derive(Debug, Default)]
pub struct BandwidthAllocator {
    /// The rates that the layers of each video need, lowest layer first.
    needs: Vec<Vec<Bitrate>>,
    /// For each video, the position in its `needs` of the layer that it has got so far.
    taken: Vec<usize>,
}

impl BandwidthAllocator {
    /// Adds a video. Layers above `layer_max` are of no use to the viewer.
    pub fn add(&mut self, now: Instant, track: &Track, layer_max: Option<LayerIndex>) {
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

    /// Returns the bandwidth of each video, in the order in which they were added.
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
        // If even the worst layers do not fit, all videos are cut by the same factor.
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

    /// The video with the lowest rate among those whose next layer fits, and the additional rate
    /// of that layer.
    fn next(&self, left: Bitrate) -> Option<(usize, Bitrate)> {
        let videos = self.needs.iter().zip(&self.taken).enumerate();
        let next = videos.filter_map(|(video, (needs, taken))| {
            let (own, next) = (*needs.get(*taken)?, *needs.get(taken + 1)?);
            // A better layer may need less than the one below for a while: it costs nothing then.
            let cost = next - own;
            (cost <= left).then_some((own, video, cost))
        });
        let (_, video, cost) = next.min_by_key(|(own, video, _)| (*own, *video))?;
        Some((video, cost))
    }
}

#[cfg(test)]
mod tests {
    use rtp::Kind;

    use super::*;
    use crate::tests::{Encoder, Scene, layer};

    /// Three layers of about 150, 500 and 1,700 kbit/s.
    fn scene() -> Scene {
        let rates = [150, 500, 1_700];
        let encoders = rates.map(|kbps| Encoder::new(1, 0, 0, kbps)).into();
        let mut scene = Scene::new(&["l", "m", "h"], encoders);
        for frame in 0..90 {
            scene.frame(if frame == 0 { &[0, 1, 2] } else { &[] });
        }
        assert_eq!(scene.track.kind(), Kind::Video);
        scene
    }

    /// For each video, the number of layers that its share allows.
    fn layers(scene: &Scene, maxima: &[Option<LayerIndex>], kbps: u64) -> Vec<usize> {
        let mut allocator = BandwidthAllocator::default();
        for max in maxima {
            allocator.add(scene.now, &scene.track, *max);
        }
        let divided: Vec<Bitrate> = allocator.divide(Bitrate::kbps(kbps)).collect();
        let fitting = |share: &Bitrate| {
            let active = scene.track.active(scene.now);
            active
                .filter(|layer| need(&scene.track, *layer) <= *share)
                .count()
        };
        divided.iter().map(fitting).collect()
    }

    #[test]
    fn one_video_has_the_whole_path() {
        let scene = scene();
        let mut allocator = BandwidthAllocator::default();
        allocator.add(scene.now, &scene.track, None);
        let share = allocator.divide(Bitrate::kbps(1_234)).next();
        let kbps = share.map(|share| share.as_bps() / 1_000);
        assert!(matches!(kbps, Some(1_233 | 1_234)), "{kbps:?}");
    }

    #[test]
    fn every_video_gets_its_worst_layer_before_any_gets_more() {
        let scene = scene();
        let all = [None; 4];
        assert_eq!(layers(&scene, &all, 1_000), [1, 1, 1, 1]);
        assert_eq!(layers(&scene, &all, 2_000), [2, 2, 1, 1]);
        assert_eq!(layers(&scene, &all, 2_800), [2, 2, 2, 2]);
        assert_eq!(layers(&scene, &all, 9_000), [3, 3, 3, 3]);
    }

    #[test]
    fn bandwidth_a_limited_video_does_not_need_goes_to_others() {
        let scene = scene();
        let (small, large) = (Some(layer(0)), None);
        assert_eq!(layers(&scene, &[small, small, large], 2_700), [1, 1, 3]);
    }

    #[test]
    fn videos_are_cut_evenly_when_worst_layers_do_not_fit() {
        let scene = scene();
        let mut allocator = BandwidthAllocator::default();
        for _ in 0..4 {
            allocator.add(scene.now, &scene.track, None);
        }
        let divided: Vec<u64> = allocator
            .divide(Bitrate::kbps(400))
            .map(Bitrate::as_bps)
            .collect();
        assert!(
            divided.iter().all(|share| share.abs_diff(100_000) < 10),
            "{divided:?}"
        );
    }
}
