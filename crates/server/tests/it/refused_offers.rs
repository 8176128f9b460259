//! Offers that the server refuses: each is counted once, whichever dialect it comes by.

use base64::prelude::{BASE64_STANDARD, Engine};
use rtp::Kind;
use serde_json::{Value, json};

use crate::offer;
use crate::running::Running;
use crate::socket::Socket;
use crate::wire::Wire;

const NONSENSE: &str = "v=0\r\nwhat is this\r\n";
const UNREADABLE: &str = "headwater_offers_refused_total{cause=\"unreadable\"}";

fn refused(server: &Running) -> u64 {
    server.counted(UNREADABLE)
}

fn unreadable() -> Value {
    json!({ "type": "offer", "sdp": NONSENSE })
}

/// Checks that an unreadable offer by the POST of an HTTP dialect is counted.
fn counts_post(path: &str) {
    let server = Running::start(&[]);
    let head = format!("POST {path}\r\nContent-Type: application/sdp");
    assert_eq!(server.ask(&head, NONSENSE).status, 400);
    assert_eq!(refused(&server), 1);
}

#[test]
fn unreadable_offer_by_whip_is_counted() {
    counts_post("/whip/live");
}

#[test]
fn unreadable_offer_by_whep_is_counted() {
    counts_post("/whep/live");
}

#[test]
fn unreadable_offers_of_a_participant_are_counted() {
    let server = Running::start(&[]);
    let mut ada = Socket::join(&server, "demo", "ada");
    let publish = json!({ "tracks": [{ "mid": "0", "source": "camera" }], "sdp": NONSENSE });
    let restart = json!({ "peer": "publish", "sdp": NONSENSE });
    let answer = json!({ "offer": 1, "sdp": NONSENSE });
    let requests = [
        ("publish", publish),
        ("restart", restart),
        ("answer", answer),
    ];
    for (number, (method, params)) in (1..).zip(requests) {
        let error = &ada.ask(number + 1, method, &params)["error"];
        assert_eq!(error["field"], "params.sdp", "{method}: {error}");
        assert_eq!(refused(&server), number, "{method}");
    }
}

#[test]
fn participant_offer_without_a_known_codec_is_counted() {
    let server = Running::start(&[]);
    let mut ada = Socket::join(&server, "demo", "ada");
    let sdp = offer::only(&offer::publishing(), Kind::Video);
    let codecs = ["VP8", "VP9", "H264", "H265", "AV1"];
    let sdp = codecs
        .iter()
        .fold(sdp, |sdp, codec| sdp.replace(codec, "H261"));
    let (_, mid) = sdp.split_once("a=mid:").expect("a mid");
    let mid = mid.lines().next().expect("a mid");
    let publish = json!({ "tracks": [{ "mid": mid, "source": "camera" }], "sdp": sdp });
    let error = &ada.ask(2, "publish", &publish)["error"];
    assert_eq!(error["field"], "params.sdp", "{error}");
    let name = "headwater_offers_refused_total{cause=\"no_codec\"}";
    assert_eq!(server.counted(name), 1);
}

#[test]
fn unreadable_offer_by_gortc_is_counted() {
    let server = Running::start(&[]);
    let mut kai = Wire::open(&server.address, "/ws?peer=kai");
    let mut ask = |id: u64, method: &str, data: Value| {
        kai.send(&json!({ "request": true, "id": id, "method": method, "data": data }));
        kai.until(|frame| frame["response"] == true && frame["id"] == id)
    };
    ask(1, "join", json!({ "rid": "dojo" }));
    let minfo = json!({ "audio": true, "video": true, "audiotype": 3, "videotype": 0 });
    let publish = json!({ "rid": "dojo", "jsep": unreadable(), "minfo": minfo });
    assert_eq!(ask(2, "publish", publish)["ok"], false);
    assert_eq!(refused(&server), 1);
}

#[test]
fn unreadable_offer_by_pion_sfu_is_counted() {
    let server = Running::start(&[]);
    let mut mia = Wire::open(&server.address, "/");
    let ids = json!({ "room_id": "attic", "self_id": "mia" });
    mia.send(&json!({ "event": "joinRoom", "data": ids }));
    let data = json!({ "room_id": "attic", "self_id": "mia", "offer": unreadable() });
    mia.send(&json!({ "event": "offer", "data": data }));
    server.until(|server| refused(server) > 0);
    assert_eq!(refused(&server), 1);
}

#[test]
fn unreadable_offer_by_broadcast_recording_is_counted() {
    let server = Running::start(&[]);
    let mut ana = Wire::open(&server.address, "/ws");
    let message = BASE64_STANDARD.encode(unreadable().to_string());
    let kind = "broadcastRequest";
    ana.send(&json!({ "type": kind, "message": message, "userId": "ana", "roomId": "lab7" }));
    server.until(|server| refused(server) > 0);
    assert_eq!(refused(&server), 1);
}

#[test]
fn unreadable_offer_by_live_room_is_counted() {
    let server = Running::start(&[("HEADWATER_DIALECTS__LIVE_ROOM__MEDIA", "server")]);
    let mut host = Wire::open(&server.address, "/rtc");
    host.send(&json!({ "event": "createRoom", "roomName": "cooking" }));
    let asks = host.until(|frame| frame["event"] == "joinRoom");
    let data = json!({ "sdp": unreadable(), "nameB": asks["name"] });
    host.send(&json!({ "event": "_offer", "data": data }));
    server.until(|server| refused(server) > 0);
    assert_eq!(refused(&server), 1);
}
