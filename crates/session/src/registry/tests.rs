use rtp::Codec;

use super::*;
use crate::description::Description;
use crate::output::PeerKind;
use room::ParticipantKey;

fn registry(change: impl FnOnce(&mut Config)) -> Registry {
    let mut config = Config {
        viewers_wait: true,
        publisher_grace: Duration::from_secs(300),
        sessions_max: 100,
        shards: 2,
    };
    change(&mut config);
    Registry::new(config)
}

fn live() -> StreamName {
    StreamName::new("live").expect("a good name")
}

/// Opens an external session as the core does. Returns its shard, and what it is to the stream.
fn open(
    registry: &mut Registry,
    now: Instant,
    id: u128,
    role: Role,
    token: Option<&str>,
) -> Result<(ShardId, Attached), OpenError> {
    let subject = auth::Tokens::default().verify(token).subject;
    registry.check(now, role, &live(), subject.as_ref())?;
    let shard = registry.place(role, &live());
    let description = Description {
        local_ufrag: String::new(),
        remote_ufrag: String::new(),
        lines: Vec::new(),
    };
    let owner = Owner::External(External {
        role,
        stream: live(),
        subject,
        description,
        layer: None,
        restarting: None,
    });
    let id = SessionId(id);
    registry.insert(id, Session::new(shard, String::new(), owner));
    let attached = match role {
        Role::Publisher => registry.attach_publisher(now, id, &live(), Vec::new()),
        Role::Viewer => registry.attach_viewer(now, id, &live()),
    };
    Ok((shard, attached))
}

#[test]
fn live_stream_is_taken_over_by_its_owner_alone() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    let (_, first) = open(&mut registry, now, 1, Role::Publisher, Some("mine")).expect("free");
    registry.report(first.stream, Heard::Media, Vec::new());
    let later = now + Duration::from_secs(60);
    for token in [Some("yours"), None] {
        assert_eq!(
            open(&mut registry, later, 2, Role::Publisher, token),
            Err(OpenError::AlreadyLive),
            "{token:?}"
        );
    }
    let back = open(&mut registry, later, 3, Role::Publisher, Some("mine"));
    let (_, back) = back.expect("the owner");
    assert_eq!(back.replaces, Some(SessionId(1)));
    assert_eq!(back.stream, first.stream);
    assert_eq!(registry.len(), 1);
}

#[test]
fn publishers_without_token_are_not_the_same_person() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    let (_, first) = open(&mut registry, now, 1, Role::Publisher, None).expect("free");
    registry.report(first.stream, Heard::Media, Vec::new());
    let second = open(&mut registry, now, 2, Role::Publisher, None);
    assert_eq!(second, Err(OpenError::AlreadyLive));
}

#[test]
fn quiet_publisher_keeps_its_stream_while_its_connection_lives() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    let (_, quiet) = open(&mut registry, now, 1, Role::Publisher, None).expect("free");
    let later = now + Duration::from_secs(600);
    registry.report(quiet.stream, Heard::Connection, Vec::new());
    assert!(registry.status(&live()).is_some_and(|s| !s.active));
    let stranger = open(&mut registry, later, 2, Role::Publisher, None);
    assert_eq!(stranger, Err(OpenError::AlreadyLive));
    registry.report(quiet.stream, Heard::Nothing, Vec::new());
    assert!(open(&mut registry, later, 2, Role::Publisher, None).is_ok());
}

#[test]
fn silent_publisher_is_replaced_once_it_had_time_to_arrive() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    open(&mut registry, now, 1, Role::Publisher, None).expect("free");
    let soon = now + Duration::from_secs(1);
    assert_eq!(
        open(&mut registry, soon, 2, Role::Publisher, None),
        Err(OpenError::AlreadyLive)
    );
    let later = now + Duration::from_secs(6);
    assert!(open(&mut registry, later, 2, Role::Publisher, None).is_ok());
}

#[test]
fn stream_of_a_participant_is_not_taken_over() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    let session = |key| {
        let owner = Owner::Participant(ParticipantKey(key), PeerKind::Publisher);
        Session::new(ShardId(0), String::new(), owner)
    };
    registry.insert(SessionId(1), session(1));
    registry.insert(SessionId(2), session(2));
    let publish =
        |registry: &mut Registry, id| registry.publish(now, SessionId(id), &live(), Vec::new());
    publish(&mut registry, 1).expect("free");
    publish(&mut registry, 1).expect("its own");
    assert_eq!(publish(&mut registry, 2), Err(OpenError::AlreadyLive));
    let later = now + Duration::from_secs(60);
    assert_eq!(
        open(&mut registry, later, 3, Role::Publisher, Some("mine")),
        Err(OpenError::AlreadyLive)
    );
}

#[test]
fn viewers_wait_or_are_sent_away_as_configured() {
    let now = Instant::now();
    assert!(open(&mut registry(|_| ()), now, 1, Role::Viewer, None).is_ok());
    let mut strict = registry(|c| c.viewers_wait = false);
    assert_eq!(
        open(&mut strict, now, 1, Role::Viewer, None),
        Err(OpenError::NotLive)
    );
}

#[test]
fn viewers_are_spread_over_the_shards() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    let publisher = open(&mut registry, now, 1, Role::Publisher, None);
    let origin = publisher.expect("free").1.origin;
    let viewers: Vec<_> = (2..8)
        .map(|id| open(&mut registry, now, id, Role::Viewer, None).expect("admitted"))
        .collect();
    assert_eq!(
        viewers.iter().filter(|(at, _)| *at == origin.shard).count(),
        3
    );
}

#[test]
fn viewer_needs_the_codec_that_is_sent_not_one_that_could_be() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    let format = |codec| Format {
        codec,
        clock_rate: 90_000,
        profile: Profile::Any,
        red: false,
    };
    let (_, publisher) = open(&mut registry, now, 1, Role::Publisher, None).expect("free");
    let negotiated = vec![format(Codec::Vp8), format(Codec::Vp9)];
    registry.attach_publisher(now, SessionId(1), &live(), negotiated);
    let watch = |registry: &Registry, codec| registry.check_formats(&live(), |f| f.codec == codec);
    assert_eq!(watch(&registry, Codec::Vp9), Ok(()), "it may still come");
    let video = TrackStatus {
        kind: Kind::Video,
        codec: Some(Codec::Vp8.to_string()),
        layers: Vec::new(),
        oversized: None,
    };
    registry.report(publisher.stream, Heard::Media, vec![video]);
    assert_eq!(watch(&registry, Codec::Vp8), Ok(()));
    assert_eq!(
        watch(&registry, Codec::Vp9),
        Err(OpenError::NoCommonCodec {
            why: "this stream's video is VP8, which the offer does not take".to_owned(),
            codecs: vec!["VP8".to_owned()],
        })
    );
}

#[test]
fn waiting_viewers_are_sent_away_after_the_grace_time() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    open(&mut registry, now, 1, Role::Viewer, None).expect("waits");
    assert!(registry.expired(now + Duration::from_secs(299)).is_empty());
    assert_eq!(
        registry.expired(now + Duration::from_secs(301)),
        [SessionId(1)]
    );
}

#[test]
fn full_server_names_the_limit() {
    let (mut registry, now) = (registry(|c| c.sessions_max = 1), Instant::now());
    open(&mut registry, now, 1, Role::Viewer, None).expect("room for one");
    let error = open(&mut registry, now, 2, Role::Viewer, None);
    let limit = "limits.sessions_max";
    assert!(matches!(error, Err(OpenError::Full { limit: l, .. }) if l == limit));
}

#[test]
fn nothing_is_left_when_all_sessions_have_gone() {
    let (mut registry, now) = (registry(|_| ()), Instant::now());
    open(&mut registry, now, 1, Role::Publisher, None).expect("free");
    open(&mut registry, now, 2, Role::Viewer, None).expect("admitted");
    assert_eq!(registry.external_viewers(&live()), 1);
    registry.remove(now, SessionId(1));
    let status = registry.status(&live());
    assert!(status.is_some_and(|s| !s.active && s.viewers == 1));
    registry.remove(now, SessionId(2));
    assert!(registry.status(&live()).is_none());
    assert_eq!((registry.len(), registry.load), (0, vec![0, 0]));
}
