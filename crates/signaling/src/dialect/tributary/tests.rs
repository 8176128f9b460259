use std::sync::Arc;

use room::peer_tree::{Event, PeerId, TreeNode};

use super::*;

#[test]
fn peer_id_is_a_random_uuid() {
    let peer = peer_id(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    assert_eq!(peer_text(peer), "01234567-89ab-4def-8123-456789abcdef");
    assert_eq!(peer::parse(&peer_text(peer)), Some(peer));
    let all = peer_id(u128::MAX);
    assert_eq!(peer_text(all), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

#[test]
fn peer_id_in_another_spelling_is_not_read() {
    for text in [
        "",
        "01234567-89AB-4DEF-8123-456789ABCDEF",
        "0123456789ab4def8123456789abcdef",
        "01234567-89ab-4def-8123-456789abcde",
        "+1234567-89ab-4def-8123-456789abcdef",
        "01234567-89ab-4def-8123--56789abcdef",
        "ä123456-89ab-4def-8123-456789abcdef",
    ] {
        assert_eq!(peer::parse(text), None, "{text}");
    }
}

#[test]
fn tree_is_written_as_nested_objects() {
    let node = |depth, id, name: &str| TreeNode {
        depth,
        peer: PeerId(id),
        name: name.into(),
    };
    let nodes = vec![
        node(0, 1, "root"),
        node(1, 2, "a \"b\""),
        node(2, 3, ""),
        node(2, 4, ""),
        node(1, 5, ""),
    ];
    let text = write(&Event::Tree(nodes));
    let frame: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let id = |end: &str| format!("00000000-0000-0000-0000-00000000000{end}");
    let leaf = |end| serde_json::json!({ "id": id(end), "name": "", "children": [] });
    let expected = serde_json::json!({
        "command": "TREE_STATE_CHANGED",
        "tree": { "id": id("1"), "name": "root", "children": [
            { "id": id("2"), "name": "a \"b\"", "children": [leaf("3"), leaf("4")] },
            leaf("5"),
        ]},
    });
    assert_eq!(frame, expected);
}

#[test]
fn chain_of_10000_peers_is_written() {
    let node = |depth| TreeNode {
        depth,
        peer: PeerId(depth.into()),
        name: Arc::from("x"),
    };
    let text = write(&Event::Tree((0..10_000).map(node).collect()));
    assert_eq!(text.matches("\"children\":[").count(), 10_000);
    assert!(text.ends_with(&("]}".repeat(10_000) + "}\n")));
}

#[test]
fn offer_is_kept_byte_for_byte() {
    let offer = r#"{ "type":"offer", "sdp":"v=0\r\n","x":[1.0e3,{"type":2}],"x":1 }"#;
    let frame = format!(r#"{{"offer": {offer} ,"command":"JOIN_BROADCAST","name":"d"}}"#);
    let Ok(Request::JoinBroadcast { offer: read, .. }) = read(&frame) else {
        panic!("a join");
    };
    assert_eq!(read, offer);
}

#[test]
fn only_a_json_array_is_kept_as_ice_servers() {
    let list = r#"[{"urls":["turn:t.example:3478"],"username":"u","credential":"p"}]"#;
    assert_eq!(IceServers::new(list).json(), Some(list));
    assert_eq!(IceServers::new(" [] ").json(), Some("[]"));
    for json in ["", "{}", "[", "null", "[] []", "\"[]\""] {
        assert_eq!(IceServers::new(json).json(), None, "{json}");
    }
}
