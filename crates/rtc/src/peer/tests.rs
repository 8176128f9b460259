use super::*;
use crate::Offering;
use crate::tests::{config, deliver};

/// Of the server; its clients are at other ports.
const PORT: u16 = 5_000;

fn viewer() -> (Peer, String) {
    let now = Instant::now();
    let offering = Offering::new(&config(PORT), Direction::Receive, &[], now);
    Peer::answer(&config(PORT), Direction::Send, offering.sdp(), None, now).expect("a good offer")
}

#[test]
fn a_peer_that_panics_is_dead_and_nothing_more() {
    let (mut peer, _) = viewer();
    let mut to = Datagrams::default();
    assert!(peer.is_alive());
    assert_eq!(peer.guarded::<()>(|_| panic!("as a bug would")), None);
    assert!(!peer.is_alive());
    assert!(matches!(peer.poll_output(&mut to), Output::Timeout(_)));
    peer.handle_timeout(Instant::now(), &mut to);
    peer.close(&mut to);
}

#[test]
fn an_answer_mirrors_the_offer_and_holds_all_candidates() {
    let (peer, answer) = viewer();
    assert_eq!(
        peer.media().iter().map(|m| m.kind).collect::<Vec<_>>(),
        [Kind::Audio, Kind::Video]
    );
    let count = |text: &str| answer.matches(text).count();
    assert_eq!(
        (
            count("a=sendonly"),
            count("a=recvonly"),
            count("a=rtcp-mux\r\n")
        ),
        (2, 0, 2)
    );
    assert!(count("127.0.0.1 5000 typ host") >= 1 && count("a=end-of-candidates") >= 1);
    assert_eq!(count("a=ice-lite"), 0);
    assert_eq!(count("useinbandfec=1;stereo=1;sprop-stereo=1"), 1);
}

#[test]
fn redundant_audio_is_answered_when_it_is_offered() {
    let now = Instant::now();
    let offer = Offering::new(&config(PORT), Direction::Receive, &[], now);
    let without: String = offer
        .sdp()
        .replace(" 63 111", " 111")
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("a=rtpmap:63") && !line.starts_with("a=fmtp:63"))
        .collect();
    for (offer, red) in [(offer.sdp(), true), (without.as_str(), false)] {
        let (peer, answer) =
            Peer::answer(&config(PORT), Direction::Send, offer, None, now).expect("a good offer");
        assert_eq!(answer.contains("a=rtpmap:63 red/48000/2"), red, "{answer}");
        let audio = peer.media().first().expect("an audio line");
        assert_eq!(audio.formats().any(|format| format.red), red);
    }
}

#[test]
fn an_ice_restart_changes_the_local_credentials() {
    let (mut peer, _) = viewer();
    let before = peer.local_credentials();
    let remote = IceCredentials {
        ufrag: "abcd".into(),
        pwd: "abcdefghijklmnopqrstuvwx".into(),
    };
    let after = peer.restart_ice(&remote).expect("restarts");
    assert_ne!(before, after);
    assert_eq!(peer.remote_ufrag(), Some("abcd"));
}

/// What this side sees of a remote with this offer, whose checks come so much later.
fn comes_late(offering: Offering, offer: &str, begin: Instant, late: Duration) -> Vec<Event> {
    let answered = Peer::answer(&config(PORT), Direction::Send, offer, None, begin);
    let (mut peer, answer) = answered.expect("a good offer");
    let mut remote = offering.accept(&answer).expect("a good answer");
    let (mut seen, mut to) = (Vec::new(), Datagrams::default());
    let mut now = begin;
    while now < begin + late {
        now += Duration::from_millis(100);
        peer.handle_timeout(now, &mut to);
        peer.drain(&mut to, |event| seen.push(event));
    }
    let end = now + Duration::from_secs(2);
    while now < end {
        now += Duration::from_millis(5);
        remote.handle_timeout(now, &mut to);
        remote.drain(&mut to, |_| ());
        deliver(now, &mut to, &mut peer);
        peer.handle_timeout(now, &mut to);
        peer.drain(&mut to, |event| seen.push(event));
        deliver(now, &mut to, &mut remote);
    }
    seen
}

/// Whether it connects, and is never said to be gone.
fn connects(seen: &[Event]) -> bool {
    let closed = seen.iter().any(|event| matches!(event, Event::Closed));
    !closed && seen.iter().any(|event| matches!(event, Event::Connected))
}

#[test]
fn a_remote_whose_checks_come_late_connects_all_the_same() {
    let begin = Instant::now();
    let offering = Offering::new(&config(6_000), Direction::Receive, &[], begin);
    let offer = offering.sdp().to_owned();
    // The library gives a candidate up after 15 s.
    let seen = comes_late(offering, &offer, begin, Duration::from_secs(20));
    assert!(connects(&seen), "{seen:?}");
}

#[test]
fn a_remote_whose_first_candidates_lead_nowhere_connects_all_the_same() {
    let begin = Instant::now();
    let offering = Offering::new(&config(6_000), Direction::Receive, &[], begin);
    // This side has no address of that family.
    let offer = offering.sdp().replace(" 127.0.0.1 ", " ::1 ");
    let seen = comes_late(offering, &offer, begin, Duration::from_secs(1));
    assert!(connects(&seen), "{seen:?}");
}
