use super::*;
use model::{LayerStatus, TrackStatus};

fn status(kind: Kind, active: bool) -> TrackStatus {
    TrackStatus {
        kind,
        codec: Some("VP8".to_owned()),
        layers: vec![LayerStatus {
            rid: None,
            bitrate: 1_000,
            active,
        }],
        oversized: None,
    }
}

#[test]
fn stream_is_told_to_all_and_given_to_others() {
    let mut world = World::new(|_| ());
    let (ada, bob) = (
        world.join("ada", Role::Publisher),
        world.join("bob", Role::Hidden),
    );
    world.forget();
    let change = world.publish(ada, "garden/ada", &[Kind::Video, Kind::Audio]);
    assert!(change.is_new && change.begun == [Kind::Audio, Kind::Video]);
    let view = |kind| Output::View {
        participant: bob,
        stream: stream("garden/ada"),
        kind,
    };
    assert_eq!(world.orders(), [view(Kind::Audio), view(Kind::Video)]);
    let told = world.told(bob);
    assert!(matches!(&told[..], [Event::StreamAdded(s)] if s.participant == id("ada")));
    assert_eq!(world.told(ada), told);
    assert_eq!(world.rooms.owner(&stream("garden/ada")), Some(ada));
}

#[test]
fn changed_tracks_begin_and_end_for_viewers() {
    let mut world = World::new(|_| ());
    let (ada, bob) = (
        world.join("ada", Role::Publisher),
        world.join("bob", Role::Viewer),
    );
    world.publish(ada, "garden/ada", &[Kind::Audio]);
    world.forget();
    let change = world.publish(ada, "garden/ada", &[Kind::Video]);
    let expected = PublishedChange {
        is_new: false,
        begun: vec![Kind::Video],
        ended: vec![Kind::Audio],
    };
    assert_eq!(change, expected);
    assert!(matches!(
        world.orders()[..],
        [
            Output::Drop {
                kind: Kind::Audio,
                ..
            },
            Output::View {
                kind: Kind::Video,
                ..
            }
        ]
    ));
    assert!(matches!(world.told(bob)[..], [Event::StreamChanged(_)]));
    world.publish(ada, "garden/ada", &[Kind::Video]);
    assert_eq!((world.told(bob), world.orders()), (vec![], vec![]));
}

#[test]
fn refused_publisher_is_told_why() {
    let mut world = World::new(|l| {
        (l.streams_max, l.streams_per_participant_max) = (3, 2);
    });
    let ada = world.join("ada", Role::Publisher);
    let bob = world.join("bob", Role::Publisher);
    let cid = world.join("cid", Role::Viewer);
    world.publish(ada, "garden/ada", &[]);
    world.publish(ada, "garden/ada~screen", &[]);
    let mut refused = |key, name| {
        let declared = Declared::default();
        let result = world.rooms.publish(world.now, key, stream(name), declared);
        result.map(|_| ())
    };
    use PublishError::*;
    let full = |limit| Err(Full { limit });
    assert_eq!(
        refused(ada, "garden/ada~3"),
        full("rooms.streams_per_participant_max")
    );
    assert_eq!(refused(bob, "garden/ada"), Err(Taken));
    assert_eq!(refused(bob, "yard/bob"), Err(Forbidden));
    assert_eq!(refused(cid, "garden/cid"), Err(Forbidden));
    assert_eq!(refused(ParticipantKey(99), "garden/x"), Err(Unknown));
    assert_eq!(refused(bob, "garden/bob"), Ok(()));
    assert_eq!(refused(bob, "garden/bob~2"), full("rooms.streams_max"));
}

#[test]
fn only_its_publisher_ends_or_mutes_a_stream() {
    let mut world = World::new(|_| ());
    let (ada, bob) = (
        world.join("ada", Role::Publisher),
        world.join("bob", Role::Host),
    );
    world.publish(ada, "garden/ada", &[Kind::Audio]);
    world.forget();
    let name = stream("garden/ada");
    let now = world.now;
    let mute = |world: &mut World, key, kind| world.rooms.mute(now, key, &name, kind, true);
    assert_eq!(
        mute(&mut world, bob, Kind::Audio),
        Err(StreamError::Forbidden)
    );
    assert_eq!(
        mute(&mut world, ada, Kind::Video),
        Err(StreamError::NotFound)
    );
    assert_eq!(mute(&mut world, ada, Kind::Audio), Ok(()));
    assert_eq!(mute(&mut world, ada, Kind::Audio), Ok(()));
    assert!(matches!(
        &world.told(bob)[..],
        [Event::StreamChanged(s)] if s.tracks[0].muted
    ));
    let last = world.stream("garden/ada");
    let end = |world: &mut World, key| world.rooms.unpublish(now, key, &name);
    assert_eq!(end(&mut world, bob), Err(StreamError::Forbidden));
    assert_eq!(end(&mut world, ada), Ok(()));
    assert_eq!(end(&mut world, ada), Err(StreamError::NotFound));
    assert_eq!(world.told(bob), [Event::StreamRemoved(last)]);
    assert!(world.rooms.stream(&name).is_none());
}

#[test]
fn report_is_told_only_when_it_changes_something_visible() {
    let mut world = World::new(|_| ());
    let ada = world.join("ada", Role::Publisher);
    world.publish(ada, "garden/ada", &[Kind::Video]);
    world.forget();
    let name = stream("garden/ada");
    let report = |world: &mut World, active, tracks: &[TrackStatus]| {
        world.rooms.report(world.now, &name, active, tracks);
        world.told(ada).len()
    };
    assert_eq!(report(&mut world, true, &[status(Kind::Video, true)]), 1);
    let mut faster = status(Kind::Video, true);
    faster.layers[0].bitrate = 2_000;
    assert_eq!(report(&mut world, true, &[faster]), 0);
    assert_eq!(report(&mut world, false, &[]), 1);
    let seen = world.rooms.stream(&name).expect("is there");
    assert_eq!(seen.tracks[0].codec.as_deref(), Some("VP8"));
    world.rooms.report(world.now, &stream("yard/x"), true, &[]);
    world
        .rooms
        .report(world.now, &stream("garden/x"), true, &[]);
    assert_eq!(world.told(ada), []);
}

#[test]
fn whip_stream_gets_its_tracks_from_reports() {
    let mut world = World::new(|_| ());
    let bob = world.join("bob", Role::Viewer);
    let name = stream("garden/camera");
    let mut join = world.join_request("x", Role::Publisher);
    join.id = ParticipantId::synthetic("whip", &name);
    join.auto_subscribe = false;
    let whip = join.key;
    world.rooms.join(world.now, join).expect("may join");
    world.publish(whip, "garden/camera", &[]);
    assert_eq!(world.orders(), []);
    let tracks = [status(Kind::Video, true)];
    world.rooms.report(world.now, &name, true, &tracks);
    let kind = Kind::Video;
    let expected = Output::View {
        participant: bob,
        stream: name,
        kind,
    };
    assert_eq!(world.orders(), [expected]);
}
