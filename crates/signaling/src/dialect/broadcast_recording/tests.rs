use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::offers::{Offers, Verdict};
use super::*;

const OFFER: &str = "v=0\r\no=- 1 7 IN IP4 0.0.0.0\r\n\
    m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:h1\r\na=sendonly\r\n\
    m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:h2\r\na=sendonly\r\n";

/// An answer that accepts all of [`OFFER`].
fn answer(version: u32) -> Description {
    let origin = format!("o=- 2 {version} ");
    let sdp = OFFER
        .replace("o=- 1 7 ", &origin)
        .replace("sendonly", "recvonly");
    described("answer", &sdp)
}

fn described(kind: &str, sdp: &str) -> Description {
    Description {
        kind: kind.to_owned(),
        sdp: sdp.to_owned(),
    }
}

fn offering() -> Offers {
    let mut offers = Offers::default();
    offers.heard("o=- 2 1 \r\nm=application 9 X\r\na=mid:0\r\n");
    offers.offer(OFFER);
    offers
}

#[test]
fn first_right_answer_is_taken_and_later_ones_are_ignored() {
    let mut offers = offering();
    assert_eq!(
        offers.answered(Some(answer(2))),
        Verdict::Taken(answer(2).sdp)
    );
    assert_eq!(offers.answered(Some(answer(3))), Verdict::Ignored);
    assert_eq!(offers.answered(None), Verdict::Ignored);
}

#[test]
fn stale_answer_of_any_kind_gets_the_same_offer_once() {
    let answered = |change: fn(String) -> String| described("answer", &change(answer(2).sdp));
    for stale in [
        None,
        Some(described("offer", &answer(2).sdp)),
        Some(answered(|sdp| sdp.replace("mid:h2", "mid:h3"))),
        Some(answered(|sdp| {
            sdp.split("m=video").next().unwrap_or_default().to_owned()
        })),
        // The initial offer's version.
        Some(answered(|sdp| sdp.replace("o=- 2 2 ", "o=- 2 1 "))),
        // An answer to an offer without tracks.
        Some(answered(|sdp| sdp.replace("recvonly", "inactive"))),
    ] {
        let mut offers = offering();
        match offers.answered(stale.clone()) {
            Verdict::Stale(frame) => assert!(frame.contains("remoteOffer"), "{frame}"),
            other => panic!("{stale:?}: {other:?}"),
        }
        let right = answer(3);
        assert_eq!(
            offers.answered(Some(right.clone())),
            Verdict::Taken(right.sdp)
        );
    }
}

#[test]
fn second_stale_answer_counts_as_accepting_the_offer() {
    let mut offers = offering();
    assert!(matches!(offers.answered(None), Verdict::Stale(_)));
    match offers.answered(None) {
        Verdict::Taken(assumed) => {
            assert_eq!(assumed.matches("a=recvonly").count(), 2, "{assumed}");
            assert_eq!(assumed, OFFER.replace("sendonly", "recvonly"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(offers.answered(None), Verdict::Ignored);
}

#[test]
fn client_without_description_must_answer_but_may_be_late() {
    let mut offers = Offers::default();
    offers.offer(OFFER);
    assert!(matches!(offers.answered(None), Verdict::Stale(_)));
    assert_eq!(offers.answered(None), Verdict::Useless);
    assert_eq!(
        offers.answered(Some(answer(2))),
        Verdict::Taken(answer(2).sdp)
    );
}

#[test]
fn offer_that_drops_the_tracks_says_the_broadcaster_left() {
    let mut offers = Offers::default();
    let gone = OFFER.replace("sendonly", "inactive");
    assert!(offers.offer(&gone).contains("remoteOffer"));
    assert!(offers.offer(OFFER).contains("remoteOffer"));
    assert!(offers.offer(&gone).contains("broadcasterExited"));
    assert!(offers.offer(&gone).contains("remoteOffer"));
}

#[test]
fn opus_and_vp8_move_first_with_their_rtx() {
    let offer = "v=0\r\nm=audio 9 X 63 111\r\na=rtpmap:111 opus/48000/2\r\n\
        m=video 9 X 98 99 96 97\r\na=rtpmap:98 VP9/90000\r\na=rtpmap:99 rtx/90000\r\n\
        a=fmtp:99 apt=98\r\na=rtpmap:96 VP8/90000\r\na=fmtp:97 apt=96\r\n\
        m=video 9 X 98\r\na=rtpmap:98 VP9/90000\r\n";
    let expected = offer.replace("98 99 96 97", "96 97 98 99");
    let expected = expected.replace("63 111", "111 63");
    assert_eq!(usual_codecs_first(offer), expected);
    assert_eq!(usual_codecs_first(&expected), expected);
    for odd in [
        "",
        "m=video",
        "m=video ",
        "v=0\nm=video 9\na=rtpmap:96 VP8/90000",
        "m=video 9 X 96",
    ] {
        assert_eq!(usual_codecs_first(odd), odd);
    }
}

#[test]
fn msid_lines_are_removed() {
    let sdp = "v=0\r\nm=audio 9 X 0\r\na=msid:a b\r\na=mid:0\r\nm=video 9 X 0\r\na=msid:c d";
    let expected = "v=0\r\nm=audio 9 X 0\r\na=mid:0\r\nm=video 9 X 0\r\n";
    assert_eq!(of_one_stream(sdp), expected);
}

fn broadcaster() -> Session {
    let mut session = Session::default();
    session.begun(Role::Broadcaster, None);
    session
}

/// Lets time pass. Returns the outputs with their times in milliseconds.
fn pass(session: &mut Session, begin: Instant, time: Duration) -> Vec<(u128, Output)> {
    let mut all = Vec::new();
    while let Some(due) = session.poll_timeout().filter(|due| *due <= begin + time) {
        session.handle_timeout(due);
        while let Some(output) = session.poll_output() {
            all.push(((due - begin).as_millis(), output));
        }
    }
    all
}

#[test]
fn video_is_confirmed_each_second_until_3s_without_a_ping() {
    let (mut session, begin) = (broadcaster(), Instant::now());
    assert_eq!(session.poll_timeout(), None);
    session.video_came(begin);
    let ok = Output::Write(Label::VideoCheck, "video-ok");
    let all = pass(&mut session, begin, Duration::from_secs(10));
    let expected = [
        (0, ok.clone()),
        (1_000, ok.clone()),
        (2_000, ok),
        (3_000, Output::End),
    ];
    assert_eq!(all, expected);
}

#[test]
fn silence_counts_from_the_last_ping_or_the_first_video() {
    let (mut session, begin) = (broadcaster(), Instant::now());
    let at = |ms| begin + Duration::from_millis(ms);
    let pong = session.channel_text(at(0), Label::HealthCheck, "ping-5000");
    assert_eq!(pong.as_deref(), Some("pong-5000"));
    session.video_came(at(60_000));
    for ms in [62_500, 65_000] {
        let early = pass(&mut session, begin, Duration::from_millis(ms));
        assert!(
            early.iter().all(|(_, output)| *output != Output::End),
            "{early:?}"
        );
        assert!(
            session
                .channel_text(at(ms), Label::HealthCheck, "ping-1")
                .is_some()
        );
    }
    let last = pass(&mut session, begin, Duration::from_secs(100));
    assert_eq!(last.last(), Some(&(68_000, Output::End)));
}

#[test]
fn pong_echoes_the_text_between_the_first_two_dashes() {
    let (mut session, now) = (Session::default(), Instant::now());
    let mut ping = |label, text| session.channel_text(now, label, text);
    for (text, pong) in [
        ("ping-1000", Some("pong-1000")),
        ("ping-1-2", Some("pong-1")),
        ("-", Some("pong-")),
        ("ping", None),
        ("", None),
    ] {
        assert_eq!(ping(Label::HealthCheck, text).as_deref(), pong, "{text}");
    }
    assert_eq!(ping(Label::VideoCheck, "ping-1000"), None);
}

#[test]
fn subscriber_never_times_out_without_pings() {
    let mut session = Session::default();
    session.begun(Role::Subscriber, None);
    session.video_came(Instant::now());
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn names_with_equal_concatenation_stay_distinct() {
    let names = |room, user| Names::new(room, user).expect("good names");
    assert_ne!(names("a_b", "c").stream, names("a", "b_c").stream);
    assert_eq!(names("lab 7", "ana").stream.as_str(), "lab~207/ana");
    assert_eq!(names("lab7", "a/b").stream.as_str(), "lab7/~a~2Fb");
    for (room, user) in [("", "a"), ("a", "")] {
        assert!(Names::new(room, user).is_err());
    }
    assert!(Names::new(&"r".repeat(200), "a").is_err());
    assert!(Names::new("r", &"a".repeat(200)).is_err());
}

#[test]
fn number_sent_for_an_empty_name_is_read_as_text() {
    let frame = r#"{"type":"subscribeRequest","message":"bnVsbA==","userId":0,"roomId":"lab7"}"#;
    match read(frame) {
        Ok(Request::Begin { names, .. }) => assert_eq!(names.stream.as_str(), "lab7/0"),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn arbitrary_frames_never_panic(
        text in ".*",
        kind in "broadcastRequest|subscribeRequest|remoteAnswer|iceCandidate|x",
        message in ".*|[A-Za-z0-9+/]{4,16}(==)?|\\{.*\\}",
        user in ".*",
        room in ".*",
        sdp in "(v=0|m=video |m=audio|a=mid:|a=rtpmap:96 VP8|a=fmtp:|a=candidate:|o=|\\r|\\n| 9| X|\u{e4})*",
    ) {
        let mut session = Session::default();
        drop(session.received(&text));
        let frame = serde_json::json!({
            "type": kind, "message": message, "userId": user, "roomId": room,
        });
        drop(session.received(&frame.to_string()));
        session.begun(Role::Subscriber, Some((&sdp, &sdp)));
        session.offered(&sdp);
        drop(session.received(&frame.to_string()));
        drop(usual_codecs_first(&sdp));
        while session.poll_output().is_some() {}
    }
}
