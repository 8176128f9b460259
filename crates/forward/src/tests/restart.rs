//! A publisher that continues under another SSRC.

use super::*;

#[test]
fn restarted_layer_continues_with_its_next_key_frame() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    scene.frame(&[0]);
    scene.select(0);
    (0..10).for_each(|_| scene.frame(&[]));
    let before = scene.got.len();
    scene.track.poll_keyframe_request(scene.now);
    scene.pass(1_000 * MS);

    scene.track.restart_layer(layer(0));
    scene.encoders = vec![Encoder::new(9, 3_000_000_000, 20_000, 500)];
    let asked = scene.track.poll_keyframe_request(scene.now);
    assert_eq!(asked, Some(layer(0)), "a key frame is asked for");
    scene.frame(&[]);
    assert_eq!(scene.got.len(), before, "nothing that cannot be decoded");
    // The layer need not be selected again.
    scene.frame(&[0]);
    (0..10).for_each(|_| scene.frame(&[]));
    assert_eq!(scene.got.len(), before + 11 * PACKETS_PER_FRAME as usize);
    let gap = |i: usize| scene.got[i].1.timestamp - scene.got[i - 1].1.timestamp;
    assert!((90_000..99_000).contains(&gap(before)), "{}", gap(before));
    let seqs = scene.got.windows(2);
    assert!(
        seqs.into_iter()
            .all(|pair| pair[1].1.seq == pair[0].1.seq + 1)
    );
    let pictures = scene.picture_ids();
    assert!(pictures.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

#[test]
fn restarted_layer_does_not_affect_viewers_of_others() {
    let encoders = [150, 1_500].map(|kbps| Encoder::new(60_000, 77, 5, kbps));
    let mut scene = Scene::new(&["l", "h"], encoders.into());
    scene.frame(&[0, 1]);
    scene.select(0);
    (0..20).for_each(|_| scene.frame(&[]));
    let before = scene.got.len();
    scene.track.restart_layer(layer(1));
    scene.encoders[1] = Encoder::new(3, 8, 9, 1_500);
    (0..5).for_each(|_| scene.frame(&[]));
    assert_eq!(scene.got.len(), before + 5 * PACKETS_PER_FRAME as usize);
    scene.select(1);
    scene.frame(&[1]);
    scene.frame(&[]);
    assert_eq!(scene.viewer.current(), Some(layer(1)));
    scene.assert_seamless();
}

#[test]
fn restarted_layer_is_served_from_its_new_cache() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    scene.frame(&[0]);
    scene.track.restart_layer(layer(0));
    scene.encoders = vec![Encoder::new(9, 70, 20_000, 500)];
    scene.select(0);
    scene.pass(5 * MS);
    assert!(scene.got.is_empty(), "old pictures are gone");
    scene.frame(&[0]);
    assert_eq!(scene.got.len() as u64, PACKETS_PER_FRAME);
}

#[test]
fn audio_of_another_ssrc_continues_at_once() {
    let now = Instant::now();
    let mut track = Track::new(Kind::Audio, Limits::default());
    track.begin(&[]);
    let mut viewer = Subscription::new(7, now);
    let format = Format {
        codec: Codec::Opus,
        clock_rate: 48_000,
        profile: Profile::Any,
        red: false,
    };
    let mut give = |track: &mut Track, seq, timestamp, ms| {
        let packet = Arc::new(Packet {
            seq,
            timestamp,
            ..Packet::new(now + ms * MS, format, [0; 80])
        });
        track.push(layer(0), &packet);
        viewer
            .packet(now + ms * MS, track, layer(0), &packet)
            .unwrap()
    };
    let first = give(&mut track, 40_000, 5, 0);
    track.restart_layer(layer(0));
    let next = give(&mut track, 3, 4_000_000_000, 20);
    assert_eq!(next.seq, first.seq + 1);
    assert_eq!(next.timestamp.wrapping_sub(first.timestamp), 960);
}

#[test]
fn requests_of_one_viewer_do_not_cost_the_others() {
    let mut scene = Scene::new(&[], vec![Encoder::new(500, 9, 3, 500)]);
    scene.frame(&[0]);
    scene.select(0);
    let mut keyframes = 0;
    for _ in 0..600 {
        (0..33).for_each(|_| scene.viewer.want_keyframe(scene.now, &mut scene.track));
        let asked = scene.track.poll_keyframe_request(scene.now).is_some();
        keyframes += u32::from(asked);
        scene.frame(if asked { &[0] } else { &[] });
    }
    // Twenty seconds of a thousand requests each.
    assert!((2..=8).contains(&keyframes), "{keyframes}");
}
