//! Users publish and watch, without media.

use std::time::{Duration, Instant};

use rtp::Kind;
use serde_json::{Value, json};

use super::user::User;
use crate::offer;
use crate::running::Running;
use crate::socket::Socket;

const SFU: &str = "local_sfu_1";

/// Sessions here never connect, and must not time out where a test waits for their end.
const PATIENT: (&str, &str) = ("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "600");

fn minfo() -> Value {
    json!({ "audio": true, "video": true, "audiotype": 3, "videotype": 0, "more": [1.50] })
}

fn publishing(offer: &str) -> Value {
    json!({ "rid": "dojo", "jsep": { "type": "offer", "sdp": offer }, "minfo": minfo() })
}

fn watching(mid: &Value, offer: &str) -> Value {
    json!({ "rid": "dojo", "mid": mid, "jsep": { "type": "offer", "sdp": offer } })
}

fn publish(user: &mut User) -> Value {
    user.done("publish", &publishing(&offer::publishing()))
}

/// Waits until the media threads hold `count` sessions.
fn sessions(server: &Running, count: u64) {
    server.until(|server| server.counted("headwater_sessions ") == count);
}

/// Whether the text is `<uid>#` followed by six digits.
fn is_numbered(text: &Value, uid: &str) -> bool {
    let digits = text.as_str().and_then(|text| text.strip_prefix(uid));
    let digits = digits.and_then(|digits| digits.strip_prefix('#'));
    digits.is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn pair(server: &Running) -> (User, User) {
    let kai = User::join(server, "kai", "dojo");
    let mut rio = User::join(server, "rio", "dojo");
    let mut kai = kai;
    assert_eq!(kai.told().0, "peer-join");
    assert_eq!(rio.all_told(), []);
    (kai, rio)
}

#[test]
fn publish_is_refused_for_the_first_missing_field() {
    let server = Running::start(&[]);
    let mut kai = User::open(&server, "kai");
    let sdp = json!({ "type": "offer", "sdp": "v=0" });
    for (data, code, reason) in [
        (json!({ "rid": "dojo" }), 5, "jsep not found"),
        (json!({ "rid": "dojo", "jsep": 7 }), 5, "jsep not found"),
        (json!({ "rid": "dojo", "jsep": {} }), 6, "sdp not found"),
        (
            json!({ "rid": "dojo", "jsep": { "sdp": 7 } }),
            6,
            "sdp not found",
        ),
        (json!({ "rid": "dojo", "jsep": sdp }), 7, "minfo not found"),
        (
            json!({ "rid": "dojo", "jsep": sdp, "minfo": "x" }),
            7,
            "minfo not found",
        ),
        (
            json!({ "rid": "dojo", "jsep": sdp, "minfo": {} }),
            2,
            "rid not found",
        ),
    ] {
        let refused = kai.refused("publish", &data);
        assert_eq!(refused, (code, reason.to_owned()), "{data}");
    }
    kai.done("join", &json!({ "rid": "dojo" }));
    let bad = json!({ "rid": "dojo", "jsep": sdp, "minfo": {} });
    let (code, reason) = kai.refused("publish", &bad);
    assert_eq!(code, 403);
    assert!(reason.starts_with("add pub err, err is :"), "{reason}");
}

#[test]
fn subscribe_is_refused_for_the_first_missing_field() {
    let server = Running::start(&[]);
    let mut kai = User::open(&server, "kai");
    let sdp = json!({ "type": "offer", "sdp": "v=0" });
    for (data, code) in [
        (json!({ "rid": "dojo", "mid": "m" }), 5),
        (json!({ "rid": "dojo", "mid": "m", "jsep": {} }), 6),
        (json!({ "rid": "dojo", "mid": "m", "jsep": sdp }), 2),
    ] {
        assert_eq!(kai.refused("subscribe", &data).0, code, "{data}");
    }
}

#[test]
fn stream_is_answered_announced_listed_and_ended() {
    let server = Running::start(&[PATIENT]);
    let (mut kai, mut rio) = pair(&server);
    let published = publish(&mut rio);
    sessions(&server, 1);
    let mid = &published["mid"];
    assert!(is_numbered(mid, "rio"), "{published}");
    assert_eq!(published["sfuid"], SFU);
    assert_eq!(published["jsep"]["type"], "answer");
    let answer = published["jsep"]["sdp"].as_str().expect("an answer");
    assert!(
        answer.contains("a=candidate:") && answer.contains("stereo=1"),
        "{answer}"
    );

    let stream = json!({ "rid": "dojo", "uid": "rio", "mid": mid, "sfuid": SFU, "minfo": minfo() });
    assert_eq!(kai.all_told(), [("stream-add".to_owned(), stream.clone())]);
    let mut late = User::open(&server, "late");
    let joined = late.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(joined["pubs"], json!([stream]));
    assert_eq!(
        late.done("getpubs", &json!({ "rid": "dojo" })),
        json!({ "pubs": [stream] })
    );
    assert_eq!(
        rio.done("getpubs", &json!({ "rid": "dojo" })),
        json!({ "pubs": [] })
    );
    assert_eq!(kai.told().0, "peer-join");

    let end = json!({ "rid": "dojo", "mid": mid, "sfuid": SFU });
    assert_eq!(
        kai.refused("unpublish", &end).0,
        403,
        "it belongs to another user"
    );
    assert_eq!(rio.done("unpublish", &end), json!({}));
    let gone = json!({ "rid": "dojo", "uid": "rio", "mid": mid });
    assert_eq!(kai.all_told(), [("stream-remove".to_owned(), gone)]);
    assert_eq!(
        kai.done("getpubs", &json!({ "rid": "dojo" })),
        json!({ "pubs": [] })
    );
    assert_eq!(
        rio.done("unpublish", &end),
        json!({}),
        "also when it has ended"
    );
    sessions(&server, 0);
}

#[test]
fn subscribe_is_answered_with_and_without_sfuid() {
    let server = Running::start(&[]);
    let (mut kai, mut rio) = pair(&server);
    let mid = publish(&mut rio)["mid"].clone();
    let mut sids = Vec::new();
    for sfuid in [None, Some(SFU)] {
        let mut data = watching(&mid, &offer::watching());
        data["sfuid"] = json!(sfuid);
        let subscribed = kai.done("subscribe", &data);
        assert!(is_numbered(&subscribed["sid"], "kai"), "{subscribed}");
        assert_eq!(subscribed["jsep"]["type"], "answer");
        let answer = subscribed["jsep"]["sdp"].as_str().expect("an answer");
        assert!(answer.contains("a=candidate:"), "{answer}");
        sids.push(subscribed["sid"].clone());
    }
    assert_ne!(sids[0], sids[1]);
}

#[test]
fn unknown_stream_is_refused_and_announced_as_removed() {
    let server = Running::start(&[]);
    let (mut kai, mut rio) = pair(&server);
    let mut data = watching(&json!("zoe#123456"), &offer::watching());
    assert_eq!(
        kai.refused("subscribe", &data),
        (12, "sfu rpc not found".to_owned())
    );
    assert_eq!(rio.all_told(), []);
    data["sfuid"] = json!("another");
    assert_eq!(kai.refused("subscribe", &data).0, 12);
    data["sfuid"] = json!(SFU);
    let (code, reason) = kai.refused("subscribe", &data);
    assert_eq!(
        (code, reason.as_str()),
        (403, "cannot get router: zoe#123456")
    );
    let gone = json!({ "rid": "dojo", "uid": "zoe", "mid": "zoe#123456" });
    assert_eq!(rio.all_told(), [("stream-remove".to_owned(), gone)]);
}

#[test]
fn unsubscribe_ends_only_the_named_subscription() {
    let server = Running::start(&[PATIENT]);
    let (mut kai, mut rio) = pair(&server);
    let mid = publish(&mut rio)["mid"].clone();
    let offer = offer::watching();
    let sid = kai.done("subscribe", &watching(&mid, &offer))["sid"].clone();
    kai.done("subscribe", &watching(&mid, &offer));
    let viewers = |server: &Running| {
        let streams = server.ask("GET /api/v1/streams", "").json();
        streams["streams"][0]["viewers"].clone()
    };
    assert_eq!(viewers(&server), 2);
    let end = |sid: &Value| json!({ "rid": "dojo", "mid": mid, "sid": sid, "sfuid": SFU });
    assert_eq!(kai.done("unsubscribe", &end(&json!("kai#0"))), json!({}));
    assert_eq!(viewers(&server), 2, "nobody has this sid");
    assert_eq!(kai.done("unsubscribe", &end(&sid)), json!({}));
    assert_eq!(viewers(&server), 1);
    let mut unknown = end(&sid);
    unknown["mid"] = json!("rio#none");
    assert_eq!(kai.refused("unsubscribe", &unknown).0, 410);
    unknown["sfuid"] = Value::Null;
    assert_eq!(kai.refused("unsubscribe", &unknown).0, 12);
}

#[test]
fn ended_stream_closes_the_sessions_of_its_viewers() {
    let server = Running::start(&[PATIENT]);
    let (mut kai, mut rio) = pair(&server);
    let mid = publish(&mut rio)["mid"].clone();
    for user in [&mut kai, &mut rio] {
        user.done("subscribe", &watching(&mid, &offer::watching()));
    }
    sessions(&server, 3);
    rio.done(
        "unpublish",
        &json!({ "rid": "dojo", "mid": mid, "sfuid": SFU }),
    );
    sessions(&server, 0);
}

#[test]
fn audio_only_and_video_only_streams_can_be_watched() {
    let server = Running::start(&[]);
    let (mut kai, mut rio) = pair(&server);
    for kind in [Kind::Audio, Kind::Video] {
        let offer = offer::only(&offer::publishing(), kind);
        let mid = rio.done("publish", &publishing(&offer))["mid"].clone();
        for offer in [offer::watching(), offer::only(&offer::watching(), kind)] {
            let subscribed = kai.done("subscribe", &watching(&mid, &offer));
            assert_eq!(subscribed["jsep"]["type"], "answer");
        }
    }
}

#[test]
fn leaving_user_removes_its_streams_first() {
    let server = Running::start(&[PATIENT]);
    let (mut kai, mut rio) = pair(&server);
    let mids = [
        publish(&mut rio)["mid"].clone(),
        publish(&mut rio)["mid"].clone(),
    ];
    assert_ne!(mids[0], mids[1]);
    sessions(&server, 2);
    kai.all_told();
    rio.done("leave", &json!({ "rid": "dojo" }));
    let told = kai.all_told();
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["stream-remove", "stream-remove", "peer-leave"]);
    assert!(
        mids.iter()
            .all(|mid| told.iter().any(|(_, data)| data["mid"] == *mid))
    );
    sessions(&server, 0);
}

#[test]
fn replaced_user_loses_its_streams() {
    let server = Running::start(&[]);
    let (mut kai, mut rio) = pair(&server);
    publish(&mut rio);
    kai.all_told();
    let _again = User::join(&server, "rio", "dojo");
    let names: Vec<String> = kai.all_told().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["stream-remove", "peer-leave", "peer-join"]);
}

#[test]
fn lost_user_is_gone_with_its_streams() {
    let server = Running::start(&[("HEADWATER_DIALECTS__GORTC__GRACE_S", "1"), PATIENT]);
    let (mut kai, mut rio) = pair(&server);
    publish(&mut rio);
    sessions(&server, 1);
    assert_eq!(kai.told().0, "stream-add");
    drop(rio);
    assert_eq!(
        (kai.told().0, kai.told().0),
        ("stream-remove".into(), "peer-leave".into())
    );
    sessions(&server, 0);
}

#[test]
fn stream_that_never_connects_ends_once() {
    let server = Running::start(&[("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "1")]);
    let (mut kai, mut rio) = pair(&server);
    let mid = publish(&mut rio)["mid"].clone();
    assert_eq!(kai.told().0, "stream-add");
    let start = Instant::now();
    let (name, data) = kai.told();
    assert_eq!((name.as_str(), &data["mid"]), ("stream-remove", &mid));
    assert!(start.elapsed() < Duration::from_secs(12));
    rio.done(
        "unpublish",
        &json!({ "rid": "dojo", "mid": mid, "sfuid": SFU }),
    );
    assert_eq!(kai.all_told(), []);
}

#[test]
fn stream_without_media_ends_after_15s() {
    let server = Running::start(&[PATIENT]);
    let (mut kai, mut rio) = pair(&server);
    let start = Instant::now();
    let mid = publish(&mut rio)["mid"].clone();
    // A user that does not read its socket answers no pings, and would be lost earlier.
    let rio = std::thread::spawn(move || rio.wire.within(Duration::from_secs(20)));
    assert_eq!(kai.told().0, "stream-add");
    let (name, data) = kai.told();
    assert_eq!((name.as_str(), &data["mid"]), ("stream-remove", &mid));
    let ended = start.elapsed().as_secs_f64();
    assert!((14.5..19.0).contains(&ended), "{ended} s");
    sessions(&server, 0);
    assert_eq!(rio.join().expect("its socket stays"), None);
}

#[test]
fn kicked_publisher_has_no_session_left() {
    let server = Running::start(&[PATIENT]);
    let mut rio = User::join(&server, "rio", "dojo");
    publish(&mut rio);
    sessions(&server, 1);
    assert_eq!(
        server
            .ask("DELETE /api/v1/rooms/dojo/participants/rio", "")
            .status,
        204
    );
    sessions(&server, 0);
}

#[test]
fn streams_are_shared_by_all_dialects() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut ada = Socket::join(&server, "dojo", "ada");
    kai.all_told();
    let mid = publish(&mut kai)["mid"].clone();
    let added = ada.event("streamAdded");
    let name = mid.as_str().expect("a mid").replace('#', "~");
    assert_eq!(added["stream"]["name"], format!("dojo/{name}"));
    assert_eq!(added["stream"]["participant"], "kai");

    server.publish("dojo/camera");
    let (_, camera) = (kai.told(), kai.told());
    assert_eq!(camera.0, "stream-add");
    assert_eq!(camera.1["uid"], "whip~camera");
    assert_eq!(camera.1["mid"], "whip~camera#/dojo/camera");
    let nothing_yet = json!({ "audio": false, "video": false, "audiotype": 0, "videotype": 0 });
    assert_eq!(camera.1["minfo"], nothing_yet);
    kai.done("subscribe", &watching(&camera.1["mid"], &offer::watching()));
    let whep = format!("POST /whep/dojo/{name}\r\nContent-Type: application/sdp");
    assert_eq!(server.ask(&whep, &offer::watching()).status, 201);
}

#[test]
fn whip_cannot_take_over_the_stream_of_a_user() {
    let server = Running::start(&[]);
    let mut rio = User::join(&server, "rio", "dojo");
    let mid = publish(&mut rio)["mid"].clone();
    let name = mid.as_str().expect("a mid").replace('#', "~");
    let whip = format!("POST /whip/dojo/{name}\r\nContent-Type: application/sdp");
    assert_eq!(server.ask(&whip, &offer::publishing()).status, 409);
    let pubs = User::join(&server, "kai", "dojo").done("getpubs", &json!({ "rid": "dojo" }));
    assert_eq!(pubs["pubs"][0]["uid"], "rio");
}

#[test]
fn stream_beyond_the_limit_of_a_user_is_refused() {
    let server = Running::start(&[
        ("HEADWATER_ROOMS__STREAMS_PER_PARTICIPANT_MAX", "2"),
        PATIENT,
    ]);
    let mut rio = User::join(&server, "rio", "dojo");
    publish(&mut rio);
    publish(&mut rio);
    let (code, reason) = rio.refused("publish", &publishing(&offer::publishing()));
    assert_eq!(code, 403);
    assert!(reason.contains("streams_per_participant_max"), "{reason}");
    sessions(&server, 2);
}

#[test]
fn repeated_unknown_subscribes_tell_others_at_a_limited_rate() {
    let server = Running::start(&[]);
    let (mut kai, mut rio) = pair(&server);
    let mut data = watching(&json!("zoe#123456"), &offer::watching());
    data["sfuid"] = json!(SFU);
    for _ in 0..40 {
        assert_eq!(kai.refused("subscribe", &data).0, 403);
    }
    let told = rio.all_told().len();
    assert!((10..30).contains(&told), "{told} of 40");
}
