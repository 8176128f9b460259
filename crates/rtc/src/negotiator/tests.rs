//! The negotiator alone: SDP in, SDP out.

use std::path::Path;
use std::time::{Instant, SystemTime};

use rtp::{Codec, Kind, Profile};

use super::*;
use crate::WallClock;

const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n\
    a=rtpmap:111 opus/48000/2\r\n";
const VIDEO: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\n\
    a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 goog-remb\r\n\
    a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";

fn config() -> Config {
    Config {
        identity: dtls::Identity::generate(),
        candidates: vec![([192, 0, 2, 7], 10_000).into()],
        announce_ice_lite: false,
        wall_clock: WallClock {
            instant: Instant::now(),
            time: SystemTime::UNIX_EPOCH,
        },
    }
}

fn viewer() -> Role {
    Role::Viewer {
        stream: "school/garden".to_owned(),
    }
}

/// Builds an offer with these sections and further session-level attributes.
fn offer_with(session: &str, sections: &[&str]) -> String {
    let fingerprint = ["AB"; 32].join(":");
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\n\
         a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 {fingerprint}\r\n\
         a=setup:actpass\r\n{session}{}",
        sections.concat()
    )
}

fn offer(sections: &[&str]) -> String {
    offer_with("a=group:BUNDLE 0 1\r\n", sections)
}

fn read(text: &str) -> sdp::Description {
    sdp::Description::parse(text).expect("a description")
}

fn answer(role: Role, offer: &str) -> Result<sdp::Description, OfferError> {
    let answered = Negotiator::new(&config(), role).offered(&read(offer))?;
    Ok(read(&answered.sdp))
}

/// Turns an offer to publish into an offer to watch.
fn watching(offer: &str) -> String {
    offer.replace("a=sendonly", "a=recvonly")
}

#[test]
fn answer_mirrors_sections_and_narrows_directions() {
    let both = offer(&[AUDIO, VIDEO]).replace("a=sendonly", "a=sendrecv");
    let publish = answer(Role::Publisher, &both).unwrap();
    let watch = answer(viewer(), &both).unwrap();
    let directions = |answer: &sdp::Description| -> Vec<_> {
        answer.sections.iter().map(|s| s.direction).collect()
    };
    assert_eq!(directions(&publish), [sdp::Direction::RecvOnly; 2]);
    assert_eq!(directions(&watch), [sdp::Direction::SendOnly; 2]);
    assert_eq!(publish.bundle, ["0", "1"]);
    let setup = publish.sections[0].transport.setup;
    assert_eq!(setup, Some(sdp::Setup::Passive));
}

#[test]
fn feedback_is_answered_only_as_offered() {
    let answer = answer(Role::Publisher, &offer(&[AUDIO, VIDEO])).unwrap();
    let video = &answer.sections[1].codecs[0];
    assert_eq!(video.feedback, ["nack"]);
}

#[test]
fn opus_in_any_case_and_without_channels_is_accepted() {
    for name in ["OPUS/48000", "opus/48000", "Opus/48000/2"] {
        let text = offer(&[&AUDIO.replace("opus/48000/2", name)]);
        let answer = answer(Role::Publisher, &text).unwrap();
        assert!(!answer.sections[0].is_refused(), "{name}");
    }
}

#[test]
fn section_without_codec_refuses_the_offer_by_its_line() {
    let h263 = VIDEO.replace("VP8", "H263");
    let error = answer(Role::Publisher, &offer(&[AUDIO, &h263])).unwrap_err();
    let text = error.to_string();
    assert!(matches!(
        error,
        OfferError::NoCodec {
            kind: Kind::Video,
            ..
        }
    ));
    assert!(text.contains("line 15") && text.contains("H263"), "{text}");
    assert!(text.contains("VP8"), "{text}");
}

#[test]
fn inactive_section_without_codec_is_refused_alone() {
    let h263 = VIDEO.replace("VP8", "H263").replace("sendonly", "inactive");
    let answer = answer(Role::Publisher, &offer(&[AUDIO, &h263])).unwrap();
    assert!(!answer.sections[0].is_refused() && answer.sections[1].is_refused());
}

#[test]
fn sections_of_other_media_are_refused_alone() {
    let message = "m=message 9 TCP/MSRP *\r\na=mid:2\r\n";
    let answer = answer(Role::Publisher, &offer(&[AUDIO, VIDEO, message])).unwrap();
    let refused: Vec<bool> = answer
        .sections
        .iter()
        .map(sdp::Section::is_refused)
        .collect();
    assert_eq!(refused, [false, false, true]);
    assert_eq!(answer.bundle, ["0", "1"]);
}

#[test]
fn bundle_groups_may_be_wrong_or_absent() {
    // As FFmpeg 8.0 writes it for video alone.
    let alone = VIDEO.replace("a=mid:1", "a=mid:0");
    for group in [
        "a=group:BUNDLE 0 1\r\n",
        "",
        "a=group:LS 0\r\na=group:BUNDLE 0\r\n",
    ] {
        let answer = answer(Role::Publisher, &offer_with(group, &[&alone])).unwrap();
        assert!(!answer.sections[0].is_refused(), "{group}");
    }
}

#[test]
fn bundle_only_section_with_port_0_is_served() {
    let bundled = VIDEO.replace("m=video 9", "m=video 0") + "a=bundle-only\r\n";
    let answer = answer(Role::Publisher, &offer(&[AUDIO, &bundled])).unwrap();
    assert!(!answer.sections[1].is_refused());
}

#[test]
fn session_level_extensions_are_answered() {
    let session = format!(
        "a=group:BUNDLE 0 1\r\na=extmap:9 {}\r\n",
        crate::extensions::MID
    );
    let answer = answer(Role::Publisher, &offer_with(&session, &[AUDIO, VIDEO])).unwrap();
    let ids = answer.sections.iter().flat_map(|s| &s.extensions);
    assert_eq!(
        ids.map(|extension| extension.id).collect::<Vec<_>>(),
        [9, 9]
    );
}

#[test]
fn answer_keeps_mids_and_rids_as_offered() {
    let simulcast = VIDEO.replace("a=mid:1", "a=mid:video-of-the-garden")
        + "a=rid:hi_res send\r\na=rid:q-1 send\r\na=simulcast:send hi_res;q-1\r\n";
    let session = "a=group:BUNDLE 0 video-of-the-garden\r\n";
    let answer = answer(Role::Publisher, &offer_with(session, &[AUDIO, &simulcast])).unwrap();
    let video = &answer.sections[1];
    assert_eq!(video.mid.as_deref(), Some("video-of-the-garden"));
    let rids: Vec<&str> = video.rids.iter().map(|rid| rid.id.as_str()).collect();
    assert_eq!(rids, ["hi_res", "q-1"]);
    assert_eq!(video.simulcast.as_ref().unwrap().receive, ["hi_res", "q-1"]);
}

#[test]
fn viewer_gets_one_stream_and_one_msid_per_section() {
    let answer = answer(viewer(), &watching(&offer(&[AUDIO, VIDEO]))).unwrap();
    let msids: Vec<_> = answer.sections.iter().map(|s| s.msids.clone()).collect();
    assert!(msids.iter().all(|msids| msids.len() == 1));
    assert_eq!(msids[0][0].stream, msids[1][0].stream);
    assert!(answer.sections[1].sources.iter().all(|s| s.cname.is_some()));
}

#[test]
fn viewer_cannot_publish_and_publisher_cannot_watch() {
    let text = offer(&[AUDIO]);
    assert!(matches!(
        answer(viewer(), &text),
        Err(OfferError::Direction { .. })
    ));
    let text = watching(&text);
    assert!(matches!(
        answer(Role::Publisher, &text),
        Err(OfferError::Direction { .. })
    ));
}

#[test]
fn second_video_section_of_one_stream_is_refused() {
    let second = VIDEO.replace("a=mid:1", "a=mid:2");
    let refused = answer(Role::Publisher, &offer(&[VIDEO, &second]));
    assert!(matches!(
        refused,
        Err(OfferError::TooManyMedia {
            count: 2,
            max: 1,
            ..
        })
    ));
    assert!(answer(Role::Publishers, &offer(&[VIDEO, &second])).is_ok());
}

#[test]
fn section_with_its_own_ufrag_is_refused_by_its_line() {
    let other = format!("{VIDEO}a=ice-ufrag:other\r\na=ice-pwd:0123456789012345678901\r\n");
    let error = answer(Role::Publisher, &offer_with("", &[AUDIO, &other])).unwrap_err();
    assert!(error.to_string().contains("line 14"), "{error}");
}

#[test]
fn high_profile_is_answered_unchanged() {
    let high =
        VIDEO.replace("VP8", "H264") + "a=fmtp:96 packetization-mode=1;profile-level-id=64001f\r\n";
    let mut negotiator = Negotiator::new(&config(), Role::Publisher);
    let answered = negotiator.offered(&read(&offer(&[AUDIO, &high]))).unwrap();
    let formats = answered.agreed.received_formats();
    let (_, video) = &formats[1];
    assert_eq!(video[0].codec, Codec::H264);
    let profile = Profile::H264 {
        profile_level_id: 0x64_00_1f,
        packetization_mode: 1,
    };
    assert_eq!(video[0].profile, profile);
}

#[test]
fn crossing_offer_rolls_back_ours_which_is_repeated() {
    let mut negotiator = Negotiator::new(&config(), Role::Unified { new_lines: 0 });
    negotiator.offered(&read(&offer(&[AUDIO]))).unwrap();
    let track = OutgoingTrack {
        kind: Kind::Video,
        stream: "cam".to_owned(),
        track: "picture".to_owned(),
        formats: Vec::new(),
    };
    negotiator.add(track).unwrap();
    let first = read(&negotiator.offer().unwrap());
    assert_eq!((first.sections.len(), negotiator.offer()), (2, None));
    let crossing = read(&offer(&[AUDIO, VIDEO]));
    let answered = negotiator.offered(&crossing).unwrap();
    assert_eq!(read(&answered.sdp).sections.len(), 2);
    let again = read(&negotiator.offer().unwrap());
    assert_eq!(again.sections.len(), 3);
    assert_eq!(again.sections[2].msids[0].track, "picture");
}

#[test]
fn ice_restart_may_not_change_the_certificate() {
    let mut negotiator = Negotiator::new(&config(), Role::Publishers);
    let text = offer(&[AUDIO]);
    let ufrag = |sdp: &str| read(sdp).sections[0].transport.ice_ufrag.clone();
    let first = negotiator.offered(&read(&text)).unwrap();
    let same = negotiator.offered(&read(&text)).unwrap();
    assert_eq!(ufrag(&first.sdp), ufrag(&same.sdp));
    assert!(first.agreed.remote.is_some() && same.agreed.remote.is_none());
    let restart = text.replace("a=ice-ufrag:abcd", "a=ice-ufrag:wxyz");
    let restarted = negotiator.offered(&read(&restart)).unwrap();
    assert_ne!(ufrag(&first.sdp), ufrag(&restarted.sdp));
    assert!(restarted.agreed.remote.is_some());
    let other = restart.replace("AB:AB", "CD:AB");
    assert!(negotiator.offered(&read(&other)).is_err());
}

#[test]
fn refused_offer_changes_nothing() {
    let mut negotiator = Negotiator::new(&config(), Role::Publishers);
    let before = negotiator.offered(&read(&offer(&[AUDIO]))).unwrap();
    let h263 = VIDEO.replace("VP8", "H263");
    assert!(negotiator.offered(&read(&offer(&[AUDIO, &h263]))).is_err());
    let after = negotiator.offered(&read(&offer(&[AUDIO]))).unwrap();
    let sections = |answered: &Answered| read(&answered.sdp).sections.len();
    assert_eq!((sections(&before), sections(&after)), (1, 1));
}

#[test]
fn subscriber_lines_are_reused() {
    let mut negotiator = Negotiator::new(&config(), Role::Subscriber);
    let track = |name: &str| OutgoingTrack {
        kind: Kind::Audio,
        stream: "s".to_owned(),
        track: name.to_owned(),
        formats: Vec::new(),
    };
    let line = negotiator.add(track("one")).unwrap();
    let first = negotiator.offer().unwrap();
    assert_eq!(negotiator.mid(line), Some("0"));
    let take = |offer: &str| {
        let offer = offer.replace("a=sendonly", "a=recvonly");
        read(&offer.replace("a=setup:actpass", "a=setup:active"))
    };
    let agreed = negotiator.answered(&take(&first)).unwrap();
    assert!(agreed.lines[0].sends() && agreed.remote.is_some());
    negotiator.remove(line);
    let gone = negotiator.offer().unwrap();
    assert_eq!(read(&gone).sections[0].direction, sdp::Direction::Inactive);
    let agreed = negotiator.answered(&take(&gone)).unwrap();
    assert!(!agreed.lines[0].sends() && agreed.remote.is_none());
    assert_eq!(negotiator.add(track("two")), Some(line));
}

#[test]
fn answer_with_other_sections_is_refused() {
    let mut negotiator = Negotiator::new(&config(), Role::Subscriber);
    assert!(negotiator.answered(&read(&offer(&[AUDIO]))).is_err());
    let track = OutgoingTrack {
        kind: Kind::Audio,
        stream: "s".to_owned(),
        track: "t".to_owned(),
        formats: Vec::new(),
    };
    negotiator.add(track).unwrap();
    negotiator.offer().unwrap();
    assert!(negotiator.answered(&read(&offer(&[AUDIO, VIDEO]))).is_err());
}

/// Offers of real clients that have more sections than one stream.
const TWO_VIDEOS: [&str; 1] = ["two-pictures"];

#[test]
fn offers_of_real_clients_are_answered_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdp/tests/offers");
    let mut count = 0;
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let role = match () {
            () if name.contains("publish") => Role::Publisher,
            () if name.contains("watch") => viewer(),
            () => continue,
        };
        if TWO_VIDEOS.iter().any(|kind| name.contains(kind)) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let offered = read(&text);
        let answer = answer(role, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(answer.sections.len(), offered.sections.len(), "{name}");
        for (ours, theirs) in answer.sections.iter().zip(&offered.sections) {
            assert_eq!(ours.mid, theirs.mid, "{name}");
            let served = section::kind_of(theirs).is_none() || !ours.is_refused();
            assert!(served || theirs.is_refused(), "{name}");
        }
        count += 1;
    }
    assert!(count > 50, "only {count} offers were found");
}

#[test]
fn data_channels_survive_offers_of_this_side() {
    let mut negotiator = Negotiator::new(&config(), Role::Unified { new_lines: 0 });
    let channels = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n\
        a=sctp-port:5000\r\n";
    let offered = read(&offer_with("a=group:BUNDLE 0\r\n", &[channels]));
    negotiator.offered(&offered).unwrap();
    let track = OutgoingTrack {
        kind: Kind::Audio,
        stream: "s".to_owned(),
        track: "t".to_owned(),
        formats: Vec::new(),
    };
    let line = negotiator.add(track).unwrap();
    let kinds = |text: &str| -> Vec<sdp::MediaKind> {
        let sections = read(text).sections.into_iter();
        sections.map(|section| section.kind).collect()
    };
    let expected = [sdp::MediaKind::Application, sdp::MediaKind::Audio];
    let first = negotiator.offer().unwrap();
    assert_eq!(kinds(&first), expected);
    let mut answer = read(&first.replace("a=sendonly", "a=recvonly"));
    for section in &mut answer.sections {
        section.transport = offered.sections[0].transport.clone();
    }
    negotiator.answered(&answer).unwrap();
    negotiator.remove(line);
    assert_eq!(kinds(&negotiator.offer().unwrap()), expected);
}
