//! The first picture, catching up, and requests for key frames.

use contract::Event;
use headwater_sim::{LayerSettings, Path, PublisherSettings};
use rtp::Bitrate;

use crate::helpers::{assert_whole, ms, s, world};

/// A publisher that makes a key frame every ten seconds and no other.
fn deaf(rate: Bitrate) -> PublisherSettings {
    PublisherSettings {
        answers_requests: false,
        layers: vec![LayerSettings { rid: "h", rate }],
        ..PublisherSettings::default()
    }
}

#[test]
fn late_viewer_starts_from_the_cache_when_pli_is_ignored() {
    let mut world = world(30, 1);
    let publisher = world.publish(deaf(Bitrate::mbps(1)), Path::default());
    world.run_for(s(9));
    let viewer = world.watch(0, Path::default());
    world.run_for(s(6));
    assert_whole(&world, viewer);
    let began = world.viewer(viewer).began();
    let connected = world.viewer(viewer).connected().expect("connects");
    let video = world.viewer(viewer).video();
    let first = video.first_decodable().expect("a picture");
    let live = video.live_since(ms(200)).expect("reaches the live edge");
    assert!(first - connected < ms(60), "{:?}", first - connected);
    assert!(live - began < s(1), "{:?}", live - began);
    assert!(video.freeze_max(first..s(14)) < ms(150));
    let told = world.events().iter().any(|(_, event)| {
        matches!(event, Event::FirstPicture { session, .. } if *session == world.session(viewer))
    });
    assert!(told);
    assert!(
        !world.publisher(publisher).requests().is_empty(),
        "asked all the same"
    );
}

/// With one packet a turn, each packet would wait for a turn.
#[test]
fn catch_up_burst_leaves_at_once() {
    let mut world = world(35, 1);
    world.publish(deaf(Bitrate::mbps(4)), Path::default());
    world.run_for(s(2));
    let viewer = world.watch(0, Path::default());
    world.run_for(s(1));
    let got = world.viewer(viewer).video().got();
    let first = got.first().expect("a picture").at;
    let burst = got.iter().take_while(|got| got.at == first).count();
    assert!((10..15).contains(&burst), "{burst} packets");
}

#[test]
fn catch_up_loses_no_packet_on_a_2_mbit_link() {
    for (seed, kbps) in [(31, 500), (32, 1_000), (33, 1_500)] {
        let mut world = world(seed, 1);
        world.publish(deaf(Bitrate::kbps(kbps)), Path::default());
        world.run_for(s(8));
        let viewer = world.watch(0, Path::limited(Bitrate::mbps(2)));
        world.run_for(s(12));
        assert_whole(&world, viewer);
        assert_eq!(world.down(viewer).overflowed(), 0, "{kbps} kbit/s");
        let began = world.viewer(viewer).began();
        let video = world.viewer(viewer).video();
        let first = video.first_decodable().expect("a picture");
        let live = video.live_since(ms(300)).expect("reaches the live edge");
        assert!(
            first - began < ms(400),
            "{kbps} kbit/s: {:?}",
            first - began
        );
        assert!(live - began < s(4), "{kbps} kbit/s: {:?}", live - began);
        let freeze = video.freeze_max(first..world.now());
        assert!(freeze < ms(200), "{kbps} kbit/s: {freeze:?}");
    }
}

#[test]
fn key_frame_requests_are_merged() {
    let mut world = world(34, 1);
    let publisher = world.publish(PublisherSettings::default(), Path::default());
    world.run_for(s(2));
    let viewers: Vec<_> = (0..8).map(|_| world.watch(0, Path::default())).collect();
    world.run_for(s(2));
    let before = world.publisher(publisher).requests().len();
    let counted = world.counters(0);
    for _ in 0..20 {
        for viewer in &viewers {
            world.request_keyframe(*viewer);
        }
        world.run_for(ms(100));
    }
    world.run_for(s(1));
    let requests = &world.publisher(publisher).requests()[before..];
    let asked = world.counters(0).keyframe_requests_in - counted.keyframe_requests_in;
    assert!(asked > 40, "{asked}");
    assert!((2..=6).contains(&requests.len()), "{requests:?}");
    let spaced = |pair: &[std::time::Duration]| pair[1] - pair[0] >= ms(490);
    assert!(requests.windows(2).all(spaced), "{requests:?}");
    // A round trip, and the time until the next frame.
    let waits = world.events().iter().filter_map(|(_, event)| match event {
        Event::Keyframe { wait } => Some(*wait),
        _ => None,
    });
    let waits: Vec<_> = waits.collect();
    assert!(waits.len() >= requests.len(), "{waits:?}");
    assert!(
        waits.iter().all(|wait| (ms(20)..ms(80)).contains(wait)),
        "{waits:?}"
    );
    viewers
        .iter()
        .for_each(|viewer| assert_whole(&world, *viewer));
}
