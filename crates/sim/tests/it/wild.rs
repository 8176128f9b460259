//! Links that change all the time: what arrives has no discontinuity all the same.

use headwater_sim::{Path, PublisherSettings, Rng};
use rtp::{Bitrate, Codec};

use crate::helpers::{assert_seamless, ms, s, world};

/// Seeds of a run, and of one with `HEADWATER_SOAK`.
const SEEDS: u64 = 6;
const SEEDS_SOAK: u64 = 400;

#[test]
fn viewer_sees_no_step_however_its_path_changes() {
    let seeds = match std::env::var_os("HEADWATER_SOAK") {
        Some(_) => SEEDS_SOAK,
        None => SEEDS,
    };
    for seed in 1_000..1_000 + seeds {
        let mut rng = Rng::new(seed);
        let mut world = world(seed, 1 + below(&mut rng, 2) as usize);
        let codecs = [Codec::Vp8, Codec::H264, Codec::Av1];
        let settings = PublisherSettings {
            codec: codecs[below(&mut rng, 3) as usize],
            temporal_layers: 1 + below(&mut rng, 2) as u8,
            ..PublisherSettings::simulcast()
        };
        world.publish(settings, Path::default());
        let viewer = world.watch(0, Path::default());
        world.run_for(s(1));
        for _ in 0..40 {
            let down = Path {
                delay: ms(1 + below(&mut rng, 100)),
                rate: rng
                    .chance(0.8)
                    .then(|| Bitrate::kbps(80 + below(&mut rng, 4_000))),
                queue: ms(20 + below(&mut rng, 500)),
                loss: if rng.chance(0.5) {
                    below(&mut rng, 15) as f64 / 100.0
                } else {
                    0.0
                },
                reordered: if rng.chance(0.2) { 0.1 } else { 0.0 },
                ..Path::default()
            };
            world.set_down(viewer, down);
            world.run_for(ms(100 + below(&mut rng, 1_500)));
        }
        assert_seamless(&world, viewer);
    }
}

fn below(rng: &mut Rng, limit: u64) -> u64 {
    rng.next_u64() % limit
}
