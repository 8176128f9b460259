//! Which layer a viewer gets, as the estimate of its path says.

use headwater_sim::{ClientId, Path, PublisherSettings, World};
use rtp::Bitrate;

use crate::helpers::{assert_seamless, s, world};

fn narrow(kbps: u64) -> Path {
    Path::limited(Bitrate::kbps(kbps))
}

fn describe(world: &World, id: ClientId) -> String {
    let now = world.now();
    let viewer = world.viewer(id);
    let video = viewer.video();
    format!(
        "first {:?} layers {:?} fps {:.1} freeze {:?} delay {:?} asked {} over {} missing {}",
        viewer.first_picture(),
        video.layers(),
        video.fps(now.saturating_sub(s(10))..now),
        video.freeze_max(now.saturating_sub(s(10))..now),
        video.delay_max(now.saturating_sub(s(10))..now),
        viewer.asked(),
        world.down(id).overflowed(),
        video.missing(now - s(1)).len(),
    )
}

#[test]
fn viewer_on_300_kbit_gets_the_low_layer_and_others_keep_the_top() {
    for seed in 60..63 {
        let mut world = world(seed, 1);
        world.publish(PublisherSettings::simulcast(), Path::default());
        world.run_for(s(2));
        let wide = world.watch(0, Path::default());
        let slow = world.watch(0, narrow(300));
        world.run_for(s(30));
        eprintln!("wide {}", describe(&world, wide));
        eprintln!("slow {}", describe(&world, slow));
        assert_seamless(&world, wide);
        assert_seamless(&world, slow);
    }
}

#[test]
fn viewer_returns_to_the_top_layer_when_the_limit_is_lifted() {
    for seed in 63..66 {
        let mut world = world(seed, 1);
        world.publish(PublisherSettings::simulcast(), Path::default());
        let viewer = world.watch(0, Path::default());
        world.run_for(s(8));
        eprintln!("before {}", describe(&world, viewer));
        world.set_down(viewer, narrow(400));
        world.run_for(s(15));
        eprintln!("limited {}", describe(&world, viewer));
        world.set_down(viewer, Path::default());
        let lifted = world.now();
        let back = world.run_until(s(60), |w| w.viewer(viewer).video().layer() == Some(2));
        eprintln!("back {back} after {:?}", world.now() - lifted);
        world.run_for(s(10));
        eprintln!("after {}", describe(&world, viewer));
        assert_seamless(&world, viewer);
    }
}
