//! Which layer a viewer gets, by the path to it.

use super::*;

/// A path of this bandwidth that is not congested.
fn path(kbps: u64) -> Option<Estimate> {
    Some(Estimate {
        bandwidth: Bitrate::kbps(kbps),
        congested: false,
    })
}

fn congested(path: Option<Estimate>) -> Option<Estimate> {
    path.map(|path| Estimate {
        congested: true,
        ..path
    })
}

/// A track of three layers with measured rates.
fn measured() -> (Track, Instant) {
    let encoders = [150, 500, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "m", "h"], encoders.into());
    scene.frame(&[0, 1, 2]);
    (0..120).for_each(|_| scene.frame(&[]));
    (scene.track, scene.now)
}

#[test]
fn viewer_gets_the_best_layer_that_its_path_carries() {
    let (track, now) = measured();
    for (kbps, number) in [(100, 0), (300, 0), (900, 1), (5_000, 2)] {
        let choice = LayerSelector::default().choose(now, &track, path(kbps));
        assert_eq!(
            choice.map(|c| c.layer),
            Some(layer(number)),
            "{kbps} kbit/s"
        );
    }
    assert_eq!(
        LayerSelector::default()
            .choose(now, &track, None)
            .map(|c| c.layer),
        Some(layer(2))
    );
}

#[test]
fn squeezed_viewer_keeps_the_base_temporal_layer() {
    let (track, now) = measured();
    let temporal = |kbps| {
        LayerSelector::default()
            .choose(now, &track, path(kbps))
            .map(|c| c.temporal_max)
    };
    assert_eq!((temporal(150), temporal(300)), (Some(0), Some(u8::MAX)));
}

#[test]
fn viewer_is_squeezed_on_congestion_or_after_doubt() {
    let (track, now) = measured();
    let temporal = |paths: [(u32, Option<Estimate>); 4]| {
        let mut selector = LayerSelector::default();
        paths.map(|(ms, path)| {
            let choice = selector.choose(now + ms * MS, &track, path);
            choice.is_some_and(|choice| choice.temporal_max == 0)
        })
    };
    let fits = (0, path(300));
    let short = [100, 599, 600].map(|ms| (ms, path(150)));
    let [first, second, third] = short;
    assert_eq!(
        temporal([fits, first, second, third]),
        [false, false, false, true]
    );
    let recovers = [fits, first, (300, path(300)), third];
    assert_eq!(temporal(recovers), [false; 4]);
    let fills = [fits, (100, congested(path(150))), second, third];
    assert_eq!(temporal(fills), [false, true, true, true]);
}

#[test]
fn viewer_moves_down_soon_and_up_after_a_growing_hold() {
    let encoders = [150, 500, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "m", "h"], encoders.into());
    scene.frame(&[0, 1, 2]);
    (0..120).for_each(|_| scene.frame(&[]));
    let mut selector = LayerSelector::default();
    let mut before = None;
    let mut moved_down: Option<Instant> = None;
    let mut holds = Vec::new();
    // The path is wide until the best layer is sent, and then too narrow for it.
    for _ in 0..1_200 {
        let estimate = path(if before == Some(2) { 1_700 } else { 5_000 });
        let now = selector
            .choose(scene.now, &scene.track, estimate)
            .map(|c| c.layer.0);
        match (before, now) {
            (Some(2), Some(2)) => {}
            (Some(2), after) => {
                assert_eq!(after, Some(1));
                moved_down = Some(scene.now);
            }
            (_, Some(2)) => holds.extend(moved_down.map(|at| (scene.now - at).as_millis() / 1_000)),
            _ => {}
        }
        before = now;
        scene.frame(&[]);
    }
    // Each includes the second of the probe.
    assert_eq!(holds.get(..4), Some(&[2, 3, 5, 5][..]), "{holds:?}");
}

/// A stream of three layers that keeps sending, and the layer selector of one viewer.
struct Chooser {
    scene: Scene,
    selector: LayerSelector,
}

impl Chooser {
    fn new() -> Self {
        let encoders = [150, 500, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
        let mut scene = Scene::new(&["l", "m", "h"], encoders.into());
        (0..120).for_each(|i| scene.frame(if i == 0 { &[0, 1, 2] } else { &[] }));
        let selector = LayerSelector::default();
        Self { scene, selector }
    }

    /// Lets time pass, and returns the choice for this path.
    fn after(&mut self, millis: u32, path: Option<Estimate>) -> Choice {
        let until = self.scene.now + millis * MS;
        while self.scene.now < until {
            self.scene.frame(&[]);
        }
        let choice = self
            .selector
            .choose(self.scene.now, &self.scene.track, path);
        choice.expect("there are layers")
    }
}

#[test]
fn congested_path_drains_before_the_worst_layer_is_sent() {
    let mut chooser = Chooser::new();
    let mut after = |millis, path| {
        let choice = chooser.after(millis, path);
        (choice.layer.0, choice.pause)
    };
    assert_eq!(after(0, path(5_000)), (2, false));
    assert_eq!(after(0, congested(path(1_900))), (0, true));
    assert_eq!(after(400, congested(path(1_000))), (0, true));
    assert_eq!(after(200, congested(path(1_000))), (0, false), "drained");
    assert_eq!(after(500, path(1_000)), (0, false), "a probe");
    assert_eq!(after(1_100, path(1_000)), (1, false));
}

#[test]
fn low_estimate_on_uncongested_path_must_last_to_count() {
    let mut chooser = Chooser::new();
    let mut after = |millis, kbps| {
        let choice = chooser.after(millis, path(kbps));
        (choice.layer.0, choice.pause)
    };
    assert_eq!(after(0, 5_000), (2, false));
    assert_eq!(after(100, 1_000), (2, false));
    assert_eq!(after(300, 5_000), (2, false), "it was nothing");
    assert_eq!(after(300, 1_000), (2, false));
    assert_eq!(after(600, 1_000), (1, false));
}

#[test]
fn path_is_used_at_once_when_congestion_ends() {
    let mut chooser = Chooser::new();
    let mut pauses = |millis, path| chooser.after(millis, path).pause;
    assert!(!pauses(0, path(5_000)));
    assert!(pauses(0, congested(path(1_000))));
    assert!(!pauses(50, path(1_000)));
}

#[test]
fn probes_for_the_next_layer_are_short_and_become_rare() {
    let encoders = [150, 500].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "h"], encoders.into());
    (0..60).for_each(|i| scene.frame(if i == 0 { &[0, 1] } else { &[] }));
    let mut selector = LayerSelector::default();
    let mut begins = Vec::new();
    let (mut probed, mut probing) = (Duration::ZERO, false);
    let start = scene.now;
    while scene.now < start + 20_000 * MS {
        let choice = selector.choose(scene.now, &scene.track, path(300));
        let probes = choice.is_some_and(|c| c.wanted > Bitrate::kbps(500));
        if probes && !probing {
            begins.push(scene.now - start);
        }
        probed += FRAME * u32::from(probes);
        probing = probes;
        scene.frame(&[]);
    }
    let tenths = |pair: &[Duration]| ((pair[1] - pair[0]).as_millis() as f64 / 100.0).round();
    let pauses: Vec<_> = begins.windows(2).map(tenths).collect();
    assert_eq!(pauses[..4], [16.0, 25.0, 25.0, 25.0]);
    assert!(probed < 600 * MS * begins.len() as u32, "{probed:?}");
}

#[test]
fn viewer_that_moved_down_moves_up_only_after_padding() {
    let mut chooser = Chooser::new();
    let mut after = |millis, kbps| {
        let choice = chooser.after(millis, path(kbps));
        (choice.layer.0, choice.padded.as_bps() / 1_000)
    };
    assert_eq!(after(0, 5_000), (2, 0));
    assert_eq!(after(0, 300), (2, 0), "in doubt");
    assert_eq!(after(550, 300), (0, 0), "held");
    assert_eq!(after(1_100, 300), (0, 640), "padding");
    assert_eq!(after(500, 200), (0, 0), "it was too much");
    assert_eq!(after(900, 300), (0, 0), "not yet again");
    assert_eq!(after(200, 300), (0, 640));
    assert_eq!(after(1_000, 500), (0, 640), "more gets through, so go on");
    assert_eq!(after(500, 700), (0, 640), "it fits");
    assert_eq!(after(500, 600), (0, 640), "or not");
    assert_eq!(after(100, 700), (0, 640));
    assert_eq!(
        after(1_000, 700),
        (1, 0),
        "it fitted for a second: one step"
    );
}

#[test]
fn probe_ends_when_the_path_becomes_congested() {
    let mut chooser = Chooser::new();
    let mut pads = |millis, path| chooser.after(millis, path).padded > Bitrate::ZERO;
    assert!(!pads(0, path(5_000)));
    assert!(!pads(0, congested(path(400))));
    assert!(pads(1_100, path(400)));
    assert!(pads(500, path(900)));
    assert!(!pads(100, congested(path(900))));
}

#[test]
fn paused_viewer_gets_nothing_before_a_fresh_key_frame() {
    let encoders = [150, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "h"], encoders.into());
    scene.frame(&[0, 1]);
    scene.select(1);
    (0..60).for_each(|_| scene.frame(&[]));
    let before = scene.got.len();
    assert!(scene.viewer.pause());
    assert!(!scene.viewer.pause(), "once is enough");
    scene.select(0);
    (0..30).for_each(|_| scene.frame(&[]));
    assert_eq!(scene.got.len(), before);
    scene.frame(&[0]);
    let next = scene.got.get(before).expect("the key frame");
    assert!(next.0.frame.keyframe);
    assert_eq!(scene.viewer.current(), Some(layer(0)));
    let seqs: Vec<_> = scene.got.iter().map(|(_, rewrite)| rewrite.seq).collect();
    assert!(
        seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seqs:?}"
    );
}

#[test]
fn pinned_layer_is_chosen_while_it_exists() {
    let (track, now) = measured();
    let mut selector = LayerSelector::default();
    selector.pin(Some("l".to_owned()));
    let chosen =
        |selector: &mut LayerSelector| selector.choose(now, &track, path(9_000)).map(|c| c.layer);
    assert_eq!(chosen(&mut selector), Some(layer(0)));
    selector.pin(Some("gone".to_owned()));
    assert!(chosen(&mut selector).is_some());
    selector.pin(None);
    assert_eq!(chosen(&mut selector), Some(layer(2)));
}

#[test]
fn dropped_layer_is_inactive_once_others_are_ahead() {
    let encoders = [150, 2_000].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["l", "h"], encoders.into());
    scene.frame(&[0, 1]);
    let active = |scene: &Scene| scene.track.active(scene.now).collect::<Vec<_>>();
    scene.pass(1_000 * MS);
    assert_eq!(active(&scene), [0, 1].map(layer), "both stand still");
    scene.encoders.truncate(1);
    scene.frame(&[]);
    assert_eq!(active(&scene), [layer(0)]);
}

#[test]
fn layers_are_ordered_by_rate_and_not_by_sdp() {
    let encoders = [2_000, 150, 500].map(|kbps| Encoder::new(1, 1, 1, kbps));
    let mut scene = Scene::new(&["0", "1", "2"], encoders.into());
    scene.frame(&[0, 1, 2]);
    (0..120).for_each(|_| scene.frame(&[]));
    scene.track.reorder(scene.now);
    let active: Vec<_> = scene.track.active(scene.now).collect();
    assert_eq!(active, [1, 2, 0].map(layer));
}
