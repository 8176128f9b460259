//! broadcast-recording at its socket: what `docs/protocol/broadcast-recording.md` promises, as far
//! as it shows without a browser.

mod lost;
mod many;
mod offers;
mod people;

use std::time::Duration;

use rtp::Kind;
use serde_json::{Value, json};

use crate::offer;
use crate::running::Running;
use crate::wire::Wire;
use people::{PATIENT, Publisher};
use people::{broadcasting, comes, described, quiet, request, sdp, subscriber, subscribing, told};

const LAB: (&str, &str) = ("lab7", "ana");
const NOTHING: [Value; 0] = [];

/// An address on which nothing listens.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

fn listening(address: &str) -> (&'static str, &str) {
    ("HEADWATER_DIALECTS__BROADCAST_RECORDING__LISTEN", address)
}

#[test]
fn own_port_serves_page_files_and_socket() {
    let address = free_address();
    let mut server = Running::start(&[listening(&address)]);
    let main = std::mem::replace(&mut server.address, address.clone());
    for path in ["/", "/any/path?mode=sender&roomId=x", "/static/other"] {
        let answer = server.ask(&format!("GET {path}"), "");
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains("/static/script.js"), "{path}");
    }
    for (path, kind) in [
        ("/static/script.js", "text/javascript; charset=utf-8"),
        ("/static/style.css", "text/css; charset=utf-8"),
    ] {
        let answer = server.ask(&format!("GET {path}"), "");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(kind))
        );
        assert!(!answer.body.is_empty());
    }
    // Both ports have the same broadcasts.
    let mut here = comes(&server);
    here.send(&broadcasting(&offer::publishing(), LAB));
    told(&mut here, "remoteDescription");
    let mut there = Wire::open(&main, "/ws");
    there.send(&broadcasting(&offer::publishing(), LAB));
    told(&mut there, "duplicatedSession");
}

#[test]
fn other_origin_is_refused_unless_any_origin_is_set() {
    let server = Running::start(&[]);
    let from = |server: &Running, origin: &str| {
        Wire::open_with(&server.address, "/ws", &[("origin", origin)]).err()
    };
    let same = format!("http://{}", server.address);
    assert_eq!(from(&server, &same), None);
    assert_eq!(from(&server, "https://elsewhere.example"), Some(403));
    assert_eq!(from(&server, "http://127.0.0.1:1"), Some(403));
    drop(comes(&server));
    let any = (
        "HEADWATER_DIALECTS__BROADCAST_RECORDING__ANY_ORIGIN",
        "true",
    );
    let server = Running::start(&[any]);
    assert_eq!(from(&server, "https://elsewhere.example"), None);
}

#[test]
fn broadcaster_is_answered_once_with_opus_and_vp8() {
    let server = Running::start(&[PATIENT]);
    let mut ana = comes(&server);
    // The broadcaster prefers another codec.
    let offer = offer::publishing();
    ana.send(&broadcasting(&h264_first(&offer), LAB));
    let answer = told(&mut ana, "remoteDescription");
    assert_eq!(answer["type"], "answer");
    let text = answer["sdp"].as_str().expect("a text");
    let codec = |kind: &str| {
        let section = text.split("m=").find(|section| section.starts_with(kind));
        let section = section.expect("the m-line");
        let number = section.split(' ').nth(3).expect("a payload type");
        let map = format!("a=rtpmap:{} ", number.trim());
        let map = section.lines().find_map(|line| line.strip_prefix(&map));
        map.expect("a codec").to_owned()
    };
    assert_eq!(codec("audio").to_lowercase(), "opus/48000/2");
    assert_eq!(codec("video"), "VP8/90000");
    assert_eq!(quiet(&mut ana), NOTHING);
}

/// The offer with another video codec in first place.
fn h264_first(offer: &str) -> String {
    let line = offer.lines().find(|line| line.starts_with("m=video"));
    let line = line.expect("video");
    let mut words: Vec<&str> = line.split(' ').collect();
    words[3..].rotate_left(2);
    assert_ne!(words.join(" "), line);
    offer.replace(line, &words.join(" "))
}

#[test]
fn subscriber_without_broadcast_gets_only_data_channels() {
    let server = Running::start(&[PATIENT]);
    let mut bob = comes(&server);
    bob.send(&subscribing(LAB));
    let answer = told(&mut bob, "remoteDescription");
    let text = answer["sdp"].as_str().expect("a text");
    assert_eq!(text.matches("m=").count(), 1, "{text}");
    assert!(text.contains("m=application"), "{text}");
    assert_eq!(quiet(&mut bob), NOTHING);
}

#[test]
fn candidate_follows_the_description_as_json_text() {
    let server = Running::start(&[PATIENT]);
    let mut bob = comes(&server);
    bob.send(&subscribing(LAB));
    let description = bob.next();
    assert_eq!(description["type"], "remoteDescription");
    let frame = bob.next();
    assert_eq!(frame["type"], "iceCandidate");
    let text = frame["message"].as_str().expect("a text");
    let candidate: Value = serde_json::from_str(text).expect("JSON");
    let line = candidate["candidate"].as_str().expect("a text");
    assert!(line.starts_with("candidate:"), "{line}");
    assert_eq!(candidate["sdpMLineIndex"], 0);
    let sdp = description["message"]["sdp"].as_str().expect("a text");
    assert!(sdp.contains(&format!("a={line}\r\n")), "{sdp}");
}

#[test]
fn client_candidates_are_taken_before_and_after_the_request() {
    let server = Running::start(&[PATIENT]);
    let mut bob = comes(&server);
    let candidate = json!({
        "candidate": "candidate:7 1 udp 2122260223 127.0.0.1 9 typ host", "sdpMid": "0",
        "sdpMLineIndex": 0, "usernameFragment": "aB3d",
    });
    let frame = json!({ "type": "iceCandidate", "message": candidate.to_string() });
    for _ in 0..100 {
        bob.send(&frame);
    }
    bob.send(&subscribing(LAB));
    told(&mut bob, "remoteDescription");
    bob.send(&frame);
    bob.send(&json!({ "type": "iceCandidate", "message": "null" }));
    let taken =
        "headwater_dialect_frames_total{dialect=\"broadcast-recording\",outcome=\"taken\"} ";
    server.until(|server| server.counted(taken) == 103);
}

#[test]
fn duplicate_broadcast_is_refused_and_closes_the_first() {
    let server = Running::start(&[PATIENT]);
    let broadcast = broadcasting(&offer::publishing(), LAB);
    let [mut first, mut second] = [comes(&server), comes(&server)];
    first.send(&broadcast);
    told(&mut first, "remoteDescription");
    second.send(&broadcast);
    let frame = second.next();
    assert_eq!(frame, json!({ "type": "duplicatedSession" }));
    first.closed();
    assert_eq!(quiet(&mut second), NOTHING);
    let mut back = comes(&server);
    back.send(&broadcast);
    told(&mut back, "remoteDescription");
    // The end of the first broadcast does not affect its successor.
    assert_eq!(quiet(&mut back), NOTHING);
    assert_eq!(streams(&server), ["lab7/ana"]);
}

#[test]
fn broadcaster_cannot_replace_a_whip_publisher() {
    let server = Running::start(&[PATIENT]);
    server.publish("lab7/ana");
    let mut ana = comes(&server);
    ana.send(&broadcasting(&offer::publishing(), LAB));
    told(&mut ana, "duplicatedSession");
    assert_eq!(streams(&server), ["lab7/ana"]);
}

#[test]
fn names_with_equal_concatenation_are_two_broadcasts() {
    let server = Running::start(&[PATIENT]);
    let [mut one, mut other] = [comes(&server), comes(&server)];
    one.send(&broadcasting(&offer::publishing(), ("a_b", "c")));
    told(&mut one, "remoteDescription");
    other.send(&broadcasting(&offer::publishing(), ("a", "b_c")));
    told(&mut other, "remoteDescription");
    assert_eq!(streams(&server), ["a/b_c", "a_b/c"]);
}

#[test]
fn broadcast_ends_with_its_socket_and_frees_its_name() {
    let server = Running::start(&[PATIENT]);
    let mut ana = comes(&server);
    ana.send(&broadcasting(
        &offer::only(&offer::publishing(), Kind::Audio),
        LAB,
    ));
    told(&mut ana, "remoteDescription");
    drop(ana);
    server.until(|server| streams(server).is_empty());
    let mut ana = comes(&server);
    ana.send(&broadcasting(
        &offer::only(&offer::publishing(), Kind::Video),
        LAB,
    ));
    told(&mut ana, "remoteDescription");
}

/// The names of all streams, in alphabetical order.
fn streams(server: &Running) -> Vec<String> {
    let listing = server.ask("GET /api/v1/streams", "").body;
    let listing: Value = serde_json::from_str(&listing).expect("JSON");
    let names = listing["streams"].as_array().expect("a list").iter();
    let mut names: Vec<String> = names
        .map(|s| s["name"].as_str().expect("a name").into())
        .collect();
    names.sort();
    names
}

#[test]
fn malformed_frame_is_dropped_and_its_socket_stays_open() {
    let server = Running::start(&[PATIENT]);
    let mut bob = comes(&server);
    let offer = described("offer", "v=0");
    let long = "x".repeat(200);
    let odd = [
        "no JSON".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        json!({ "type": 7 }).to_string(),
        json!({ "type": "unknown" }).to_string(),
        request("broadcastRequest", "no base64!", LAB).to_string(),
        request("broadcastRequest", "Zm9v", LAB).to_string(),
        request("broadcastRequest", &offer, LAB).to_string(),
        request("subscribeRequest", &offer, ("", "")).to_string(),
        request("subscribeRequest", &offer, (&long, &long)).to_string(),
        request("subscribeRequest", &described("answer", "v=0"), LAB).to_string(),
        json!({ "type": "subscribeRequest", "message": offer, "roomId": [1], "userId": {} })
            .to_string(),
        json!({ "type": "subscribeRequest", "message": 5, "roomId": "a", "userId": "b" })
            .to_string(),
        json!({ "type": "remoteAnswer", "message": "-" }).to_string(),
        json!({ "type": "iceCandidate", "message": {} }).to_string(),
        json!({ "type": "iceCandidate", "message": "{" }).to_string(),
    ];
    for frame in &odd {
        bob.send_text(frame);
    }
    let refused =
        "headwater_dialect_frames_total{dialect=\"broadcast-recording\",outcome=\"refused\"} ";
    server.until(|server| server.counted(refused) == odd.len() as u64);
    // An answer without an offer is ignored.
    bob.send(&people::answer("v=0"));
    bob.send(&subscribing(LAB));
    told(&mut bob, "remoteDescription");
    bob.send(&subscribing(LAB));
    assert_eq!(quiet(&mut bob), NOTHING);
}

#[test]
fn url_token_decides_who_broadcasts_and_who_subscribes() {
    let server = Running::start(&[
        PATIENT,
        ("HEADWATER_AUTH__PUBLISH_TOKEN", "p"),
        ("HEADWATER_AUTH__VIEW_TOKEN", "v"),
    ]);
    let with = |query: &str| Wire::open(&server.address, &format!("/ws?{query}"));
    let mut viewer = with("token=v");
    viewer.send(&broadcasting(&offer::publishing(), LAB));
    assert_eq!(quiet(&mut viewer), NOTHING);
    viewer.send(&subscribing(LAB));
    told(&mut viewer, "remoteDescription");
    let mut publisher = with("access_token=p");
    publisher.send(&broadcasting(&offer::publishing(), LAB));
    told(&mut publisher, "remoteDescription");
    assert_eq!(
        Wire::open_with(&server.address, "/ws", &[]).err(),
        Some(401)
    );
}

#[test]
fn request_beyond_rooms_max_closes_its_socket_after_1s() {
    let server = Running::start(&[PATIENT, ("HEADWATER_ROOMS__ROOMS_MAX", "1")]);
    let _bob = subscriber(&server, LAB);
    let mut other = comes(&server);
    let start = std::time::Instant::now();
    other.send(&subscribing(("another", "ana")));
    assert_eq!(other.closed(), Some(1008));
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn whip_stream_is_offered_under_the_msids_of_the_dialect() {
    let server = Running::start(&[PATIENT]);
    let mut early = subscriber(&server, LAB);
    let mut stranger = subscriber(&server, ("lab7", "bob"));
    let publisher = Publisher::begin(&server, "lab7/ana");
    let offer = told(&mut early, "remoteOffer");
    let offer = sdp(&offer);
    let count = |text: &str| offer.matches(text).count();
    assert_eq!((count("m=audio"), count("m=video")), (1, 1), "{offer}");
    assert_eq!(
        (count("a=msid:pion audio"), count("a=msid:pion video")),
        (1, 1),
        "{offer}"
    );
    let mut late = subscriber(&server, LAB);
    told(&mut late, "remoteOffer");
    drop(publisher);
    assert_eq!(quiet(&mut stranger), NOTHING);
}
