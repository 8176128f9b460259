//! Starting a broadcast, joining it, and the signals between two peers.

use super::*;

#[test]
fn broadcast_needs_a_free_name() {
    let server = server(3);
    let _mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    per.says(&json!({ "command": "START_BROADCAST", "name": "derby" }));
    assert_eq!(per.wire.next(), error("Broadcast \"derby\" already exists"));
    per.says(&json!({ "command": "START_BROADCAST", "name": "" }));
    assert_eq!(per.wire.next(), command("START_BROADCAST_RECEIVED"));
}

#[test]
fn offer_reaches_the_parent_and_its_answer_comes_back() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    let offer = json!({ "type": "offer", "sdp": "v=0\r\n", "more": [1, { "deep": null }] });
    per.says(&json!({ "command": "JOIN_BROADCAST", "name": "derby", "offer": offer }));
    let relay = mona.wire.next();
    let id = relay["peer"].clone();
    let expected = json!({ "command": "RELAY_BROADCAST", "peer": id, "offer": offer });
    assert_eq!(relay, expected);
    let answer = json!({ "type": "answer", "sdp": "v=0\r\n", "more": { "x": [] } });
    mona.says(&json!({ "command": "RELAY_BROADCAST_RECEIVED", "peer": id, "answer": answer }));
    let joined = per.wire.next();
    let tree = json!({ "command": "SUBSCRIBE_TO_TREE_STATE", "name": "derby" });
    per.says(&tree);
    let tree = per.told("TREE_STATE_CHANGED")["tree"].clone();
    let expected =
        json!({ "command": "JOIN_BROADCAST_RECEIVED", "peer": tree["id"], "answer": answer });
    assert_eq!(joined, expected);
    assert_eq!(tree["children"][0]["id"], id, "the joiner's id");
    let version = id.as_str().and_then(|id| id.chars().nth(14));
    assert_eq!(version, Some('4'), "a random UUID: {id}");
}

#[test]
fn candidates_and_receipts_are_passed_on_with_their_sender() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    let (per_id, mona_id) = per.arrives(&mut mona);
    let some = json!([{ "candidate": "candidate:1 1 udp 1 10.0.0.5 51000 typ host" }]);
    for candidates in [json!([]), some] {
        let frame = |peer: &str| json!({ "command": "ICE_CANDIDATES", "peer": peer, "candidates": candidates });
        mona.says(&frame(&per_id));
        assert_eq!(per.wire.next(), frame(&mona_id));
        per.says(&frame(&mona_id));
        assert_eq!(mona.wire.next(), frame(&per_id));
    }
    let received = |peer: &str| json!({ "command": "ICE_CANDIDATES_RECEIVED", "peer": peer });
    mona.says(&received(&per_id));
    assert_eq!(per.wire.next(), received(&mona_id));
}

#[test]
fn every_peer_is_told_of_the_end_before_the_owner_is_answered() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let (mut per, mut ida) = (Peer::comes(&server, "per"), Peer::comes(&server, "ida"));
    per.arrives(&mut mona);
    ida.arrives(&mut per);
    let end = |command: &str| json!({ "command": command, "name": "derby" });
    mona.says(&end("END_BROADCAST"));
    for (peer, commands) in [
        (
            &mut mona,
            ["BROADCAST_ENDED", "END_BROADCAST_RECEIVED"].as_slice(),
        ),
        (&mut per, &["BROADCAST_ENDED"]),
        (&mut ida, &["BROADCAST_ENDED"]),
    ] {
        for command in commands {
            assert_eq!(peer.wire.next(), end(command));
        }
        peer.hears_nothing();
    }
    let start = json!({ "command": "START_BROADCAST", "name": "derby" });
    per.says(&start);
    assert_eq!(
        per.wire.next(),
        command("START_BROADCAST_RECEIVED"),
        "the name is free"
    );
}

#[test]
fn lost_owner_ends_its_broadcast_for_all_peers() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let (mut per, mut ida) = (Peer::comes(&server, "per"), Peer::comes(&server, "ida"));
    per.arrives(&mut mona);
    ida.arrives(&mut per);
    drop(mona);
    for peer in [&mut per, &mut ida] {
        let ended = json!({ "command": "BROADCAST_ENDED", "name": "derby" });
        assert_eq!(peer.wire.next(), ended);
    }
    let _next = Peer::broadcasts(&server, "next");
}

#[test]
fn leaving_owner_ends_its_broadcast() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    per.arrives(&mut mona);
    mona.leaves();
    assert_eq!(per.told("BROADCAST_ENDED")["name"], "derby");
}

#[test]
fn url_token_decides_who_broadcasts_and_who_watches() {
    let server = Running::start(&[
        ("HEADWATER_AUTH__PUBLISH_TOKEN", "p"),
        ("HEADWATER_AUTH__VIEW_TOKEN", "v"),
    ]);
    let comes = |token: &str| Wire::open(&server.address, &format!("/api/ws?token={token}"));
    let (mut mona, mut per) = (comes("p"), comes("v"));
    let start = json!({ "command": "START_BROADCAST", "name": "derby" });
    per.send(&start);
    assert_eq!(per.next()["command"], "ERROR");
    mona.send(&start);
    assert_eq!(mona.next(), command("START_BROADCAST_RECEIVED"));
    per.send(&json!({ "command": "JOIN_BROADCAST", "name": "derby", "offer": {} }));
    assert_eq!(mona.next()["command"], "RELAY_BROADCAST");
    let refused = Wire::open_with(&server.address, "/api/ws?token=wrong", &[]);
    assert_eq!(refused.err(), Some(403));
}
