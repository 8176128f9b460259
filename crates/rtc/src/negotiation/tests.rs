use rtp::{Codec, Profile};
use str0m::Rtc;
use str0m::change::SdpOffer;

use super::*;
use crate::tests::config;

/// The server's side of a viewing peer, and a client that answers.
struct Pair {
    negotiation: Negotiation,
    peer: Peer,
    client: Rtc,
}

impl Pair {
    fn new() -> Self {
        let now = Instant::now();
        let (negotiation, peer) = Negotiation::new(&config(5_000), None, now);
        let client = config(6_000).rtc(Direction::Receive, false, now);
        Self {
            negotiation,
            peer,
            client,
        }
    }

    fn add(&mut self, kind: Kind, stream: &str, formats: Vec<Format>) -> usize {
        let track = OutgoingTrack {
            kind,
            stream: stream.to_owned(),
            track: format!("{stream}-{kind}"),
            formats,
        };
        self.negotiation.add(track).expect("there is room")
    }

    fn answer_to(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).expect("an offer that can be read");
        let answer = self.client.sdp_api().accept_offer(offer);
        answer
            .expect("an offer that can be accepted")
            .to_sdp_string()
    }

    /// Offers and answers. Returns the offer, and what begins on which line.
    fn settle(&mut self) -> (String, Vec<usize>) {
        let offer = self.negotiation.offer().expect("something to tell");
        let answer = self.answer_to(&offer);
        let agreed = self.negotiation.answer(&answer).expect("a good answer");
        self.peer.connect(&agreed).expect("it can connect");
        let lines = agreed.lines.into_iter();
        let begun = lines.filter_map(|line| {
            let index = line.index;
            self.peer.set_line(line).then_some(index)
        });
        (offer, begun.collect())
    }
}

fn ssrcs(sdp: &str) -> Vec<&str> {
    let lines = sdp.lines().filter_map(|line| line.strip_prefix("a=ssrc:"));
    lines.filter_map(|line| line.split(' ').next()).collect()
}

fn directions(sdp: &str) -> Vec<&str> {
    let is_one = |line: &&str| matches!(*line, "a=sendonly" | "a=inactive");
    sdp.lines().filter(is_one).collect()
}

#[test]
fn tracks_come_on_lines_of_their_own_and_begin_once() {
    let mut pair = Pair::new();
    pair.add(Kind::Audio, "a", Vec::new());
    pair.add(Kind::Video, "a", Vec::new());
    let (offer, begun) = pair.settle();
    assert_eq!(begun, [0, 1]);
    assert!(offer.contains("a=group:BUNDLE 0 1\r\n") && offer.contains("a=ice-lite\r\n"));
    assert_eq!(
        ssrcs(&offer).len(),
        3,
        "a video has one for retransmissions"
    );
    pair.add(Kind::Video, "b", Vec::new());
    let (_, begun) = pair.settle();
    assert_eq!(begun, [2], "what there was goes on");
    assert_eq!(pair.peer.media().len(), 3);
}

#[test]
fn a_line_is_used_again_for_its_kind_under_another_source() {
    let mut pair = Pair::new();
    let audio = pair.add(Kind::Audio, "a", Vec::new());
    let video = pair.add(Kind::Video, "a", Vec::new());
    let (before, _) = pair.settle();
    pair.negotiation.remove(video);
    let (offer, begun) = pair.settle();
    assert_eq!(directions(&offer), ["a=sendonly", "a=inactive"]);
    assert_eq!(begun, [0_usize; 0]);
    assert_eq!(pair.add(Kind::Video, "b", Vec::new()), video);
    let (after, begun) = pair.settle();
    assert_eq!(begun, [video]);
    let old = ssrcs(&before);
    assert!(ssrcs(&after)[1..].iter().all(|ssrc| !old.contains(ssrc)));
    pair.negotiation.remove(audio);
    pair.settle();
    assert_eq!(pair.add(Kind::Audio, "b", Vec::new()), audio);
}

#[test]
fn a_line_that_the_remote_still_thinks_of_is_not_given_away() {
    let mut pair = Pair::new();
    let first = pair.add(Kind::Video, "a", Vec::new());
    let offer = pair.negotiation.offer().expect("something to tell");
    pair.negotiation.remove(first);
    let second = pair.add(Kind::Video, "b", Vec::new());
    assert_ne!(first, second);
    let answer = pair.answer_to(&offer);
    let agreed = pair.negotiation.answer(&answer).expect("a good answer");
    assert!(agreed.lines[0].sends(), "as it was offered");
    assert_eq!(agreed.lines.len(), 1, "the second was not offered yet");
}

#[test]
fn changes_wait_for_the_answer_and_are_told_at_once() {
    let mut pair = Pair::new();
    assert_eq!(pair.negotiation.offer(), None);
    pair.add(Kind::Audio, "a", Vec::new());
    let offer = pair.negotiation.offer().expect("something to tell");
    pair.add(Kind::Audio, "b", Vec::new());
    pair.add(Kind::Audio, "c", Vec::new());
    assert_eq!(pair.negotiation.offer(), None);
    let answer = pair.answer_to(&offer);
    pair.negotiation.answer(&answer).expect("a good answer");
    let offer = pair.negotiation.offer().expect("what came meanwhile");
    assert_eq!(offer.matches("m=audio").count(), 3);
    assert_eq!(pair.negotiation.offer(), None);
}

/// The codecs of a description.
fn codecs(sdp: &str) -> Vec<&str> {
    let maps = sdp.lines().filter(|line| line.starts_with("a=rtpmap:"));
    maps.filter_map(|map| map.split(' ').nth(1)).collect()
}

#[test]
fn a_line_offers_what_its_track_may_come_in_and_no_more_when_that_has_gone() {
    let mut pair = Pair::new();
    let vp8 = Format {
        codec: Codec::Vp8,
        clock_rate: 90_000,
        profile: Profile::Any,
        red: false,
    };
    let line = pair.add(Kind::Video, "a", vec![vp8]);
    let (offer, _) = pair.settle();
    assert_eq!(codecs(&offer), ["VP8/90000", "rtx/90000"]);
    assert!(pair.peer.media()[line].accepts(&vp8));
    pair.negotiation.remove(line);
    let (offer, _) = pair.settle();
    assert_eq!(directions(&offer), ["a=inactive"]);
    assert_eq!(codecs(&offer), ["VP8/90000", "rtx/90000"]);
}

#[test]
fn a_restart_brings_new_credentials_and_the_same_tracks() {
    let mut pair = Pair::new();
    pair.add(Kind::Audio, "a", Vec::new());
    pair.settle();
    let before = pair.peer.local_credentials();
    pair.negotiation.restart();
    let (offer, begun) = pair.settle();
    assert_eq!(begun, [0_usize; 0]);
    let after = pair.peer.local_credentials();
    assert_ne!(before, after);
    assert!(offer.contains(&format!("a=ice-ufrag:{}\r\n", after.ufrag)));
}

#[test]
fn bad_answers_are_refused_with_the_reason_and_a_good_one_is_still_taken() {
    let mut pair = Pair::new();
    pair.add(Kind::Audio, "a", Vec::new());
    let offer = pair.negotiation.offer().expect("something to tell");
    let answer = pair.answer_to(&offer);
    let cases = [
        ("", "the answer has 0 m-lines"),
        (
            &answer.replace("a=ice-ufrag", "a=x"),
            "the answer has no a=ice-ufrag",
        ),
        (
            &answer.replace("a=fingerprint:sha-256 ", "a=fingerprint:"),
            "cannot be read",
        ),
        (
            &format!("{answer}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"),
            "2 m-lines",
        ),
    ];
    for (text, reason) in cases {
        let error = pair.negotiation.answer(text).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
    assert!(pair.negotiation.answer(&answer).is_ok());
    let error = pair
        .negotiation
        .answer(&answer)
        .expect_err("answered already");
    assert!(error.to_string().contains("no offer waits"));
}
