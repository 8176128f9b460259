//! Where peers are placed, who is told of the tree, and what happens when a peer goes.

use std::time::Instant;

use super::*;

#[test]
fn peers_are_placed_breadth_first_in_the_order_of_joining() {
    let server = server(2);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut others = ["ada", "bob", "cid", "dee", "eve"].map(|name| Peer::comes(&server, name));
    let [ada, bob, cid, dee, eve] = &mut others;
    ada.arrives(&mut mona);
    bob.arrives(&mut mona);
    cid.arrives(ada);
    dee.arrives(ada);
    eve.arrives(bob);
    assert_eq!(mona.tree(), "mona(ada(cid dee) bob(eve))");
}

#[test]
fn one_listener_per_peer_forms_a_chain() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut others = ["ada", "bob", "cid"].map(|name| Peer::comes(&server, name));
    let [ada, bob, cid] = &mut others;
    ada.arrives(&mut mona);
    bob.arrives(ada);
    cid.arrives(bob);
    assert_eq!(mona.tree(), "mona(ada(bob(cid)))");
}

#[test]
fn peer_without_media_is_not_asked_to_relay() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let (mut ada, mut bob) = (Peer::comes(&server, "ada"), Peer::comes(&server, "bob"));
    for peer in [&mut ada, &mut bob] {
        peer.joins();
        peer.hears_nothing();
    }
    // Ada is not asked while it waits for its own answer, nor right after it.
    let asked = mona.told("RELAY_BROADCAST");
    ada.hears_nothing();
    let answer =
        json!({ "command": "RELAY_BROADCAST_RECEIVED", "peer": asked["peer"], "answer": {} });
    mona.says(&answer);
    ada.told("JOIN_BROADCAST_RECEIVED");
    let answered = Instant::now();
    ada.told("RELAY_BROADCAST");
    assert!(
        answered.elapsed() > READY.mul_f32(0.8),
        "{:?}",
        answered.elapsed()
    );
}

#[test]
fn peer_never_relays_to_itself_or_its_ancestors() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let (mut ada, mut bob) = (Peer::comes(&server, "ada"), Peer::comes(&server, "bob"));
    ada.arrives(&mut mona);
    bob.arrives(&mut ada);
    // Joining again gives up Ada's place in the tree, so the only parent left is the owner.
    ada.arrives(&mut mona);
    bob.told("RECONNECT_TO_BROADCAST");
    ada.hears_nothing();
    assert_eq!(mona.tree(), "mona(ada)");
    let owner = json!({ "command": "JOIN_BROADCAST", "name": "derby", "offer": {} });
    mona.says(&owner);
    let refused = mona.told("ERROR");
    let text = refused["message"].as_str().expect("a text");
    assert!(
        text.ends_with("has started a broadcast: end that first"),
        "{text}"
    );
    mona.wire.waiting();
    mona.hears_nothing();
}

#[test]
fn silent_parent_is_replaced_within_5s() {
    let server = server(2);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut others = ["ada", "bob", "cid"].map(|name| Peer::comes(&server, name));
    let [ada, bob, cid] = &mut others;
    ada.arrives(&mut mona);
    bob.arrives(&mut mona);
    cid.joins();
    let late = ada.told("RELAY_BROADCAST");
    let asked = Instant::now();
    bob.feeds();
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    let answer = json!({ "type": "answer", "sdp": "too late" });
    ada.says(&json!({
        "command": "RELAY_BROADCAST_RECEIVED", "peer": late["peer"], "answer": answer,
    }));
    ada.hears_nothing();
    let joined = cid.told("JOIN_BROADCAST_RECEIVED");
    assert_eq!(joined["answer"]["sdp"], "answer of bob");
    cid.hears_nothing();
    assert_eq!(mona.tree(), "mona(ada bob(cid))");
}

#[test]
fn leaving_peer_makes_all_below_it_rejoin() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut others = ["ada", "bob", "cid"].map(|name| Peer::comes(&server, name));
    let [ada, bob, cid] = &mut others;
    ada.arrives(&mut mona);
    bob.arrives(ada);
    cid.arrives(bob);
    ada.leaves();
    for peer in [&mut *bob, &mut *cid] {
        let again = json!({ "command": "RECONNECT_TO_BROADCAST", "name": "derby" });
        assert_eq!(peer.wire.next(), again);
    }
    bob.arrives(&mut mona);
    cid.arrives(bob);
    ada.arrives(cid);
    assert_eq!(mona.tree(), "mona(bob(cid(ada)))");
}

#[test]
fn lost_peer_makes_its_children_rejoin() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let (mut ada, mut bob) = (Peer::comes(&server, "ada"), Peer::comes(&server, "bob"));
    ada.arrives(&mut mona);
    bob.arrives(&mut ada);
    drop(ada);
    bob.told("RECONNECT_TO_BROADCAST");
    assert_eq!(mona.tree(), "mona");
    bob.arrives(&mut mona);
}

#[test]
fn invalid_json_closes_the_socket_and_leaves_the_tree() {
    for text in ["{\"command\":", "hello", ""] {
        let server = server(3);
        let mut mona = Peer::broadcasts(&server, "mona");
        let mut ada = Peer::comes(&server, "ada");
        ada.arrives(&mut mona);
        assert_eq!(mona.tree(), "mona(ada)");
        ada.wire.send_text(text);
        assert_eq!(ada.wire.closed(), Some(1008));
        let tree = mona.told("TREE_STATE_CHANGED");
        assert_eq!(drawn(&tree["tree"]), "mona");
    }
}

#[test]
fn watcher_sees_the_tree_at_once_and_after_each_change() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut eve = Peer::comes(&server, "eve");
    eve.says(&json!({ "command": "SUBSCRIBE_TO_TREE_STATE", "name": "derby" }));
    assert_eq!(eve.wire.next(), command("SUBSCRIBE_TO_TREE_STATE_RECEIVED"));
    let next = |eve: &mut Peer, drawing: &str| {
        let frame = eve.wire.next();
        assert_eq!(frame["command"], "TREE_STATE_CHANGED");
        assert_eq!(drawn(&frame["tree"]), drawing);
    };
    next(&mut eve, "mona");
    let (mut ada, mut bob) = (Peer::comes(&server, "ada"), Peer::comes(&server, "bob"));
    ada.arrives(&mut mona);
    next(&mut eve, "mona(ada)");
    bob.arrives(&mut mona);
    next(&mut eve, "mona(ada bob)");
    ada.leaves();
    next(&mut eve, "mona(bob)");
    drop(bob);
    next(&mut eve, "mona");
    eve.says(&json!({ "command": "UNSUBSCRIBE_FROM_TREE_STATE", "name": "derby" }));
    assert_eq!(
        eve.wire.next(),
        command("UNSUBSCRIBE_FROM_TREE_STATE_RECEIVED")
    );
    ada.arrives(&mut mona);
    eve.hears_nothing();
}

#[test]
fn tree_node_has_only_id_name_and_children() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut per = Peer::comes(&server, "per");
    per.says(&json!({ "command": "JOIN_BROADCAST", "name": "derby", "offer": {} }));
    let per_id = mona.feeds();
    let mona_id = per.told("JOIN_BROADCAST_RECEIVED")["peer"].clone();
    per.says(&json!({ "command": "SUBSCRIBE_TO_TREE_STATE", "name": "derby" }));
    let tree = json!({ "id": mona_id, "name": "mona", "children": [
        { "id": per_id, "name": "Anonymous", "children": [] },
    ]});
    let expected = json!({ "command": "TREE_STATE_CHANGED", "tree": tree });
    assert_eq!(per.told("TREE_STATE_CHANGED"), expected);
}

#[test]
fn lost_watcher_does_not_stop_updates_to_others() {
    let server = server(3);
    let mut mona = Peer::broadcasts(&server, "mona");
    let (mut eve, mut zoe) = (Peer::comes(&server, "eve"), Peer::comes(&server, "zoe"));
    for watcher in [&mut eve, &mut zoe] {
        assert_eq!(watcher.tree(), "mona");
    }
    drop(eve);
    let mut ada = Peer::comes(&server, "ada");
    ada.arrives(&mut mona);
    assert_eq!(drawn(&zoe.told("TREE_STATE_CHANGED")["tree"]), "mona(ada)");
}

#[test]
fn broadcast_is_in_the_directory_with_the_depth_of_its_tree() {
    let server = server(1);
    let mut mona = Peer::broadcasts(&server, "mona");
    let mut others = ["ada", "bob"].map(|name| Peer::comes(&server, name));
    let [ada, bob] = &mut others;
    ada.arrives(&mut mona);
    bob.arrives(ada);
    mona.tree();

    let room = || server.ask("GET /api/v1/rooms", "").json()["rooms"][0].take();
    // A peer counts as having media a moment after it was answered.
    server.until(|_| room()["depth"] == 2);
    let room = room();
    assert_eq!(
        (&room["topology"], &room["participants"]),
        (&json!("tree"), &json!(3))
    );
    let content = server.ask("GET /api/v1/rooms/derby", "").json();
    assert_eq!(content["room"], room);
    let people = content["participants"].as_array().expect("participants");
    let names: Vec<_> = people.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["mona", "ada", "bob"], "{content}");
    let tree = |of: &str| format!("headwater_peer_to_peer_{of}{{topology=\"tree\"}}");
    assert_eq!(server.counted(&tree("participants")), 3);

    drop((mona, others));
    server.until(|server| server.counted(&tree("rooms")) == 0);
    assert_eq!(server.ask("GET /api/v1/rooms/derby", "").status, 404);
}
