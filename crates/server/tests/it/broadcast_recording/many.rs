//! Many clients at once, some of which misbehave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::people::{
    PATIENT, Publisher, answer, base64, broadcasting, comes, data_offer, described,
};
use super::people::{quiet, sdp, subscriber, subscribing, taking, told};
use super::{LAB, NOTHING};
use crate::offer;
use crate::running::Running;
use crate::storm::{Chance, storm};

const SUBSCRIBERS: usize = 50;

/// How much later than the first subscriber the others may be offered the broadcast.
const DELAY_MAX: Duration = Duration::from_secs(2);

#[test]
fn stalled_subscriber_delays_no_offer_to_49_others() {
    let server = Running::start(&[PATIENT]);
    let mut stalled = comes(&server);
    stalled.send(&subscribing(LAB));
    let mut others: Vec<_> = (1..SUBSCRIBERS).map(|_| subscriber(&server, LAB)).collect();
    let _publisher = Publisher::begin(&server, "lab7/ana");
    told(&mut others[0], "remoteOffer");
    let start = Instant::now();
    for other in &mut others[1..] {
        told(other, "remoteOffer");
    }
    assert!(start.elapsed() < DELAY_MAX, "{:?}", start.elapsed());
    // The stalled subscriber was sent the same, and reads it now.
    told(&mut stalled, "remoteDescription");
    told(&mut stalled, "remoteOffer");
}

/// A frame that a client might send, or one with nonsense in it. Offers are slow to answer: of
/// thirty requests one has an offer of media, and one of data channels.
fn frame(offer: &str, chance: &mut Chance) -> String {
    if chance.below(10) == 0 {
        return chance.nonsense().to_owned();
    }
    let kinds = [
        "broadcastRequest",
        "subscribeRequest",
        "remoteAnswer",
        "iceCandidate",
        "duplicatedSession",
    ];
    let mut field = |good: String| match chance.below(8) {
        0 => chance.nonsense().to_owned(),
        _ => json!(good).to_string(),
    };
    let (room, user) = (field("storm".to_owned()), field("x".to_owned()));
    let message = match chance.below(30) {
        0 => described("offer", offer),
        1 => described("offer", &data_offer()),
        2..10 => base64("null"),
        10..16 => described("answer", "v=0\r\nm=audio 9 X 0\r\na=mid:0\r\n"),
        16..20 => json!({ "candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host" }).to_string(),
        20..24 => "{\"candidate\":\"candidate:\"}".to_owned(),
        _ => chance.nonsense().to_owned(),
    };
    let message = json!(message);
    let kind = json!(chance.one_of(&kinds));
    format!("{{\"type\":{kind},\"message\":{message},\"roomId\":{room},\"userId\":{user}}}")
}

#[test]
fn message_storm_leaves_a_pair_undisturbed() {
    let server = Running::start(&[PATIENT]);
    let mut chance = Chance::printed();
    let _publisher = Publisher::begin(&server, "calm/ana");
    let mut ana = comes(&server);
    ana.send(&broadcasting(&offer::publishing(), ("calm", "bob")));
    told(&mut ana, "remoteDescription");
    let over = Arc::new(AtomicBool::new(false));
    let (seen, address) = (over.clone(), server.address.clone());
    // Subscribers come and go all the time.
    let pair = std::thread::spawn(move || {
        let mut visits = 0;
        while !seen.load(Ordering::Relaxed) {
            let mut wire = crate::wire::Wire::open(&address, "/ws");
            wire.send(&subscribing(("calm", "ana")));
            told(&mut wire, "remoteDescription");
            let offer = told(&mut wire, "remoteOffer");
            wire.send(&answer(&taking(sdp(&offer), 3)));
            visits += 1;
        }
        visits
    });
    let offer = offer::publishing();
    storm(
        &server.address,
        &mut chance,
        |_| "/ws".to_owned(),
        |_, chance| frame(&offer, chance),
    );
    over.store(true, Ordering::Relaxed);
    let visits = pair.join().expect("the visitors were undisturbed");
    assert!(visits > 3, "only {visits} visits");
    assert_eq!(quiet(&mut ana), NOTHING);
}
