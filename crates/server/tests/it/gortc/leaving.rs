//! Users are replaced, removed or lost.

use std::time::{Duration, Instant};

use serde_json::json;

use super::rooms::told;
use super::user::User;
use crate::running::Running;
use crate::socket::Socket;

#[test]
fn same_user_joining_again_kicks_and_closes_the_first() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut rio = User::join(&server, "rio", "dojo");
    kai.all_told();
    let mut again = User::open(&server, "rio");
    let joined = again.done("join", &json!({ "rid": "dojo" }));
    assert_eq!(joined["users"][0]["uid"], "kai");
    let kicked = json!({ "rid": "dojo", "uid": "rio" });
    assert_eq!(rio.told(), told("peer-kick", kicked));
    assert_eq!(rio.wire.closed(), Some(4000));
    let names: Vec<_> = kai.all_told().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["peer-leave", "peer-join"]);
    again.done("keepalive", &json!({ "rid": "dojo" }));
}

#[test]
fn joining_twice_over_one_socket_closes_nothing() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    kai.done("join", &json!({ "rid": "dojo" }));
    kai.done("keepalive", &json!({ "rid": "dojo" }));
    assert_eq!(kai.all_told(), []);
}

#[test]
fn user_removed_by_the_api_is_kicked_and_closed() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    assert_eq!(
        server
            .ask("DELETE /api/v1/rooms/dojo/participants/kai", "")
            .status,
        204
    );
    assert_eq!(kai.told().0, "peer-kick");
    assert_eq!(kai.wire.closed(), Some(4000));
}

#[test]
fn room_ended_by_the_api_leaves_the_socket_open() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    assert_eq!(server.ask("DELETE /api/v1/rooms/dojo", "").status, 204);
    assert_eq!(
        kai.told(),
        told("peer-kick", json!({ "rid": "dojo", "uid": "kai" }))
    );
    assert_eq!(kai.refused("keepalive", &json!({ "rid": "dojo" })).0, 2);
    kai.done("join", &json!({ "rid": "dojo" }));
}

#[test]
fn user_with_a_lost_socket_is_gone_after_8s() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    let mut ada = Socket::join(&server, "dojo", "ada");
    kai.all_told();
    let rio = User::join(&server, "rio", "dojo");
    assert_eq!(kai.told().0, "peer-join");
    let lost = Instant::now();
    drop(rio);
    let changed = ada.event("participantChanged");
    assert_eq!(changed["participant"]["state"], "lost", "{changed}");
    assert!(lost.elapsed() < Duration::from_secs(2));
    assert_eq!(
        kai.told(),
        told("peer-leave", json!({ "rid": "dojo", "uid": "rio" }))
    );
    let gone = lost.elapsed().as_secs_f64();
    assert!((7.5..15.0).contains(&gone), "{gone} s");
}

#[test]
fn silent_user_is_gone_within_15s() {
    let server = Running::start(&[]);
    let mut kai = User::join(&server, "kai", "dojo");
    // Its socket stays open. It is not read, so no ping is answered.
    let _rio = User::join(&server, "rio", "dojo");
    assert_eq!(kai.told().0, "peer-join");
    let silent = Instant::now();
    assert_eq!(
        kai.told(),
        told("peer-leave", json!({ "rid": "dojo", "uid": "rio" }))
    );
    let gone = silent.elapsed().as_secs_f64();
    assert!((13.0..15.0).contains(&gone), "{gone} s");
}

#[test]
fn user_back_within_grace_leaves_once_and_joins_once() {
    let server = Running::start(&[("HEADWATER_DIALECTS__GORTC__GRACE_S", "1")]);
    let mut kai = User::join(&server, "kai", "dojo");
    let rio = User::join(&server, "rio", "dojo");
    assert_eq!(kai.told().0, "peer-join");
    drop(rio);
    let mut again = User::join(&server, "rio", "dojo");
    assert_eq!(
        (kai.told().0, kai.told().0),
        ("peer-leave".into(), "peer-join".into())
    );
    // Another user leaves and is gone after the grace time, so that of the first socket has passed
    // too.
    drop(User::join(&server, "zoe", "dojo"));
    assert_eq!(
        (kai.told().1["uid"].clone(), kai.told().1["uid"].clone()),
        (json!("zoe"), json!("zoe"))
    );
    again.done("keepalive", &json!({ "rid": "dojo" }));
    assert_eq!(again.all_told().len(), 2, "of zoe only");
}
