//! Offers of the server, and clients that are one answer behind.

use serde_json::{Value, json};

use super::people::{PATIENT, Publisher, answer, base64, comes, described, quiet, request, sdp};
use super::people::{subscriber, subscribing, taking, told};
use super::{LAB, NOTHING};
use crate::running::Running;
use crate::wire::Wire;

fn null_answer() -> Value {
    json!({ "type": "remoteAnswer", "message": base64("null") })
}

/// The m-lines of a description.
fn mids(sdp: &str) -> Vec<&str> {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix("a=mid:"));
    lines.collect()
}

/// Waits for an offer and answers it.
fn answered(wire: &mut Wire, kind: &str, version: u32) -> String {
    let offer = told(wire, kind);
    let offer = sdp(&offer).to_owned();
    wire.send(&answer(&taking(&offer, version)));
    offer
}

#[test]
fn returning_broadcaster_reuses_the_m_lines_of_its_tracks() {
    let server = Running::start(&[PATIENT, ("HEADWATER_MEDIA__SILENCE_TIMEOUT_S", "2")]);
    let publisher = Publisher::begin(&server, "lab7/ana");
    let mut bob = subscriber(&server, LAB);
    let first = answered(&mut bob, "remoteOffer", 3);
    assert_eq!(quiet(&mut bob), NOTHING);
    drop(publisher);
    let gone = answered(&mut bob, "broadcasterExited", 4);
    assert!(!gone.contains("a=sendonly"), "{gone}");
    assert_eq!(quiet(&mut bob), NOTHING);
    let _publisher = Publisher::begin(&server, "lab7/ana");
    let back = answered(&mut bob, "remoteOffer", 5);
    assert_eq!((mids(&gone), mids(&back)), (mids(&first), mids(&first)));
    assert_eq!(back.matches("a=sendonly").count(), 2, "{back}");
    assert_eq!(quiet(&mut bob), NOTHING);
}

#[test]
fn stale_answer_gets_the_same_offer_once() {
    let server = Running::start(&[PATIENT]);
    let _publisher = Publisher::begin(&server, "lab7/ana");
    let mut bob = subscriber(&server, LAB);
    let offer = told(&mut bob, "remoteOffer");
    bob.send(&json!({ "type": "remoteAnswer", "message": described("offer", &super::people::data_offer()) }));
    assert_eq!(told(&mut bob, "remoteOffer"), offer);
    // Stale once more: the server takes the offer as answered.
    bob.send(&null_answer());
    bob.send(&null_answer());
    bob.send(&answer(&taking(sdp(&offer), 3)));
    assert_eq!(quiet(&mut bob), NOTHING);
}

#[test]
fn client_without_description_is_sent_an_offer() {
    let server = Running::start(&[PATIENT]);
    let mut ana = comes(&server);
    ana.send(&request("broadcastRequest", &base64("null"), LAB));
    let offer = told(&mut ana, "remoteOffer");
    let text = sdp(&offer);
    assert_eq!(text.matches("a=recvonly").count(), 2, "{text}");
    assert!(text.contains("m=application"), "{text}");
    assert_eq!(mids(text), ["0", "1", "2"]);
    ana.send(&null_answer());
    assert_eq!(told(&mut ana, "remoteOffer"), offer);
    ana.send(&null_answer());
    assert_eq!(quiet(&mut ana), NOTHING);
    let mut bob = comes(&server);
    bob.send(&request("subscribeRequest", &base64("null"), LAB));
    let offer = told(&mut bob, "remoteOffer");
    let lines: Vec<&str> = sdp(&offer)
        .lines()
        .filter(|line| line.starts_with("m="))
        .collect();
    assert_eq!(lines, ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel"]);
}

#[test]
fn unusable_answer_ends_only_its_own_socket() {
    let server = Running::start(&[PATIENT]);
    let mut ana = comes(&server);
    ana.send(&request("broadcastRequest", &base64("null"), LAB));
    told(&mut ana, "remoteOffer");
    let nonsense = "v=0\r\no=- 1 1 IN IP4 0\r\nm=audio 9 X 0\r\na=mid:0\r\nm=video 9 X 0\r\n\
                    a=mid:1\r\nm=application 9 X x\r\na=mid:2\r\n";
    ana.send(&answer(nonsense));
    ana.closed();
    let mut bob = comes(&server);
    bob.send(&subscribing(LAB));
    told(&mut bob, "remoteDescription");
}
