use std::time::SystemTime;

use super::*;
use crate::Offering;

fn config() -> Config {
    Config {
        certificate: crate::Certificate::generate(),
        candidates: vec![SocketAddr::from(([127, 0, 0, 1], 5_000))],
        announce_ice_lite: false,
        wall_clock: WallClock {
            instant: Instant::now(),
            time: SystemTime::UNIX_EPOCH,
        },
    }
}

fn viewer() -> (Peer, String) {
    let now = Instant::now();
    let offering = Offering::new(&config(), Direction::Receive, &[], now);
    Peer::answer(&config(), Direction::Send, offering.sdp(), None, now).expect("a good offer")
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
    let offer = Offering::new(&config(), Direction::Receive, &[], now);
    let without: String = offer
        .sdp()
        .replace(" 63 111", " 111")
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("a=rtpmap:63") && !line.starts_with("a=fmtp:63"))
        .collect();
    for (offer, red) in [(offer.sdp(), true), (without.as_str(), false)] {
        let (peer, answer) =
            Peer::answer(&config(), Direction::Send, offer, None, now).expect("a good offer");
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
