//! The parts of an offer and an answer that are decided here and not by the WebRTC library.
//!
//! An offer is first brought into the shape that WHIP and WHEP allow: one direction, at
//! most one audio and one video m-line (RFC 9725 §4.2). Lines that need no change are kept
//! as they came.

use rtp::Kind;
use thiserror::Error;

use crate::extensions;
use crate::sender::ExtensionIds;

/// Which way media flows, seen from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The remote publishes.
    Receive,
    /// The remote watches.
    Send,
}

/// Why an offer was not accepted. The text is for the person who made the offer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OfferError {
    /// Not an SDP.
    #[error("this is not an SDP offer: {0}")]
    Unreadable(String),
    /// No m-line for media.
    #[error("the offer has no audio and no video m-line")]
    NoMedia,
    /// Too many m-lines of a kind.
    #[error("the offer has {count} {kind} m-lines: {max} is the most")]
    TooManyMedia {
        /// Audio or video.
        kind: Kind,
        /// How many.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The m-line's direction is the opposite of what the endpoint does.
    #[error("the {kind} m-line is a={found}: {endpoint} needs a={needed} or a=sendrecv")]
    Direction {
        /// Audio or video.
        kind: Kind,
        /// The attribute as offered.
        found: &'static str,
        /// The attribute that works.
        needed: &'static str,
        /// What was asked for.
        endpoint: &'static str,
    },
    /// Nothing that both sides can code.
    #[error("the offer has no codec that this server passes through")]
    NoCodec,
    /// The WebRTC library refused.
    #[error("the offer cannot be accepted: {0}")]
    Refused(String),
}

impl Direction {
    fn allowed(self) -> (&'static str, &'static str) {
        match self {
            Self::Receive => ("sendonly", "publishing"),
            Self::Send => ("recvonly", "watching"),
        }
    }
}

const DIRECTIONS: [&str; 4] = ["sendrecv", "sendonly", "recvonly", "inactive"];

/// Checks the offer's shape, with up to `lines_max` m-lines of a kind, and narrows every direction
/// to the one the endpoint serves.
pub(crate) fn normalize_offer(
    offer: &str,
    direction: Direction,
    lines_max: usize,
) -> Result<String, OfferError> {
    let lines: Vec<&str> = offer
        .lines()
        .map(str::trim_end)
        .filter(|l| !l.is_empty())
        .collect();
    if lines.first().is_none_or(|line| *line != "v=0") {
        return Err(OfferError::Unreadable(
            "it does not begin with v=0".to_owned(),
        ));
    }
    let mut sections = lines.chunk_by(|_, next| !next.starts_with("m="));
    let session = sections.next().unwrap_or_default();
    let session_direction = attribute_direction(session).unwrap_or("sendrecv");
    let mut counts = [(Kind::Audio, 0), (Kind::Video, 0)];
    let mut out = String::with_capacity(offer.len() + 64);
    for line in session.iter().filter(|line| direction_of(line).is_none()) {
        push_line(&mut out, line);
    }
    for section in sections {
        let kind = match section.first() {
            Some(m) if m.starts_with("m=audio") => Some(Kind::Audio),
            Some(m) if m.starts_with("m=video") => Some(Kind::Video),
            _ => None,
        };
        let narrowed = match kind {
            Some(kind) => {
                counts
                    .iter_mut()
                    .filter(|(k, _)| *k == kind)
                    .for_each(|(_, n)| *n += 1);
                Some(narrow(
                    kind,
                    attribute_direction(section).unwrap_or(session_direction),
                    direction,
                )?)
            }
            None => None,
        };
        for line in section
            .iter()
            .filter(|line| kind.is_none() || direction_of(line).is_none())
        {
            push_line(&mut out, line);
        }
        if let Some(narrowed) = narrowed {
            push_line(&mut out, &format!("a={narrowed}"));
        }
    }
    if let Some((kind, count)) = counts.into_iter().find(|(_, n)| *n > lines_max) {
        return Err(OfferError::TooManyMedia {
            kind,
            count,
            max: lines_max,
        });
    }
    Ok(out)
}

/// An offer without audio and video has nothing to offer.
pub(crate) fn needs_media(offer: &str) -> Result<(), OfferError> {
    if !["\nm=audio", "\nm=video"]
        .iter()
        .any(|line| offer.contains(line))
    {
        return Err(OfferError::NoMedia);
    }
    Ok(())
}

fn narrow(
    kind: Kind,
    found: &'static str,
    direction: Direction,
) -> Result<&'static str, OfferError> {
    let (needed, endpoint) = direction.allowed();
    match found {
        // A section that is off stays off; the answer mirrors it.
        "inactive" => Ok("inactive"),
        "sendrecv" => Ok(needed),
        found if found == needed => Ok(needed),
        found => Err(OfferError::Direction {
            kind,
            found,
            needed,
            endpoint,
        }),
    }
}

fn attribute_direction(lines: &[&str]) -> Option<&'static str> {
    lines.iter().find_map(|line| direction_of(line))
}

fn direction_of(line: &str) -> Option<&'static str> {
    let name = line.strip_prefix("a=")?;
    DIRECTIONS.into_iter().find(|d| *d == name)
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line);
    out.push_str("\r\n");
}

/// The same offer with other ICE credentials and no candidates: what a client that restarts
/// ICE with a fragment (RFC 9725 §4.3.3) would have offered.
pub(crate) fn with_ice_credentials(offer: &str, ufrag: &str, pwd: &str) -> String {
    let mut out = String::with_capacity(offer.len());
    for line in offer.lines() {
        if line.starts_with("a=ice-ufrag:") {
            push_line(&mut out, &format!("a=ice-ufrag:{ufrag}"));
        } else if line.starts_with("a=ice-pwd:") {
            push_line(&mut out, &format!("a=ice-pwd:{pwd}"));
        } else if !line.starts_with("a=candidate:") && line != "a=end-of-candidates" {
            push_line(&mut out, line);
        }
    }
    out
}

/// Stereo both ways (RFC 7587 §6.1): the server decodes nothing, so it takes and gives all there is.
pub(crate) const OPUS_STEREO: &str = "stereo=1;sprop-stereo=1";

/// Finishes the library's answer: all candidates are in it, so it says so (RFC 8838 §14), Opus
/// may be stereo, and `a=ice-lite` stays or goes as configured.
pub(crate) fn finish_answer(answer: &str, announce_ice_lite: bool) -> String {
    let mut out = String::with_capacity(answer.len() + 64);
    let mut after_candidate = false;
    let rtpmaps = answer
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:"));
    let opus: Vec<&str> = rtpmaps
        .filter_map(|map| map.strip_suffix(" opus/48000/2"))
        .collect();
    for line in answer.lines() {
        let candidate = line.starts_with("a=candidate:");
        if after_candidate && !candidate && line != "a=end-of-candidates" {
            push_line(&mut out, "a=end-of-candidates");
        }
        after_candidate = candidate;
        if line == "a=ice-lite" && !announce_ice_lite {
            continue;
        }
        let format = line.strip_prefix("a=fmtp:").and_then(|f| f.split_once(' '));
        if format.is_some_and(|(pt, _)| opus.contains(&pt)) {
            push_line(&mut out, &format!("{line};{OPUS_STEREO}"));
        } else {
            push_line(&mut out, line);
        }
    }
    if after_candidate {
        push_line(&mut out, "a=end-of-candidates");
    }
    out
}

/// Puts the payload types of each m-line into the offer's order: it is the client's preference,
/// and the first is what it will send (RFC 3264 §6.1).
pub(crate) fn in_order_of_offer(answer: &str, offer: &str) -> String {
    let mut offered = offer.lines().filter(|line| line.starts_with("m="));
    let mut out = String::with_capacity(answer.len());
    for line in answer.lines() {
        if !line.starts_with("m=") {
            push_line(&mut out, line);
            continue;
        }
        let wished: Vec<&str> = offered
            .next()
            .unwrap_or_default()
            .split(' ')
            .skip(3)
            .collect();
        let mut words: Vec<&str> = line.split(' ').collect();
        if let Some(types) = words.get_mut(3..) {
            let rank = |pt: &&str| wished.iter().position(|w| w == pt).unwrap_or(wished.len());
            types.sort_by_key(rank);
        }
        push_line(&mut out, &words.join(" "));
    }
    out
}

/// Leaves one codec in each video section, the first, with its retransmissions: a remote sends
/// what the answer lists first, and may change to what else is listed.
pub(crate) fn first_codec_only(answer: &str) -> String {
    let session = answer.find("\nm=").map_or(answer.len(), |at| at + 1);
    let mut out = answer.get(..session).unwrap_or_default().to_owned();
    for section in sections(answer) {
        if !section.starts_with("m=video") {
            out.push_str(section);
            continue;
        }
        let rtx = retransmission_types(section);
        let is_rtx = |pt: &u8| rtx.iter().any(|(_, rtx)| rtx == pt);
        let first = payload_types(section).into_iter().find(|pt| !is_rtx(pt));
        let of_first = rtx.iter().filter(|(of, _)| Some(*of) == first);
        let kept: Vec<String> = first
            .into_iter()
            .chain(of_first.map(|(_, rtx)| *rtx))
            .map(|pt| pt.to_string())
            .collect();
        for line in section.lines() {
            if line.starts_with("m=") {
                let words: Vec<&str> = line.split(' ').take(3).collect();
                push_line(&mut out, &format!("{} {}", words.join(" "), kept.join(" ")));
            } else if about(line).is_none_or(|pt| kept.iter().any(|kept| kept == pt)) {
                push_line(&mut out, line);
            }
        }
    }
    out
}

/// The payload type that an attribute is about, if it is about one.
fn about(line: &str) -> Option<&str> {
    let attribute = line.strip_prefix("a=")?;
    let (name, value) = attribute.split_once(':')?;
    matches!(name, "rtpmap" | "fmtp" | "rtcp-fb").then(|| value.split(' ').next())?
}

/// Whether the answer accepts at least one m-line: a refused one has port 0 (RFC 8843 §7.3).
pub(crate) fn accepts_media(answer: &str) -> bool {
    answer.lines().any(|line| {
        (line.starts_with("m=audio ") || line.starts_with("m=video "))
            && line.split(' ').nth(1) != Some("0")
    })
}

/// The section of the m-line with this mid, from its `m=` line on; empty without one.
pub(crate) fn section<'a>(sdp: &'a str, mid: &str) -> &'a str {
    let is_it = |line: &str| line.strip_prefix("a=mid:") == Some(mid);
    sections(sdp)
        .find(|text| text.lines().any(is_it))
        .unwrap_or_default()
}

/// The sections of all m-lines, each from its `m=` line on.
pub(crate) fn sections(sdp: &str) -> impl Iterator<Item = &str> {
    let begins = sdp.match_indices("m=").map(|(at, _)| at);
    let begins: Vec<usize> = begins
        .filter(|at| *at == 0 || sdp.as_bytes().get(at - 1) == Some(&b'\n'))
        .collect();
    let ends: Vec<usize> = begins.iter().skip(1).copied().chain([sdp.len()]).collect();
    let ranges = begins.into_iter().zip(ends);
    ranges.filter_map(|(begin, end)| sdp.get(begin..end))
}

/// The value of the first attribute of this name, wherever it stands.
pub(crate) fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| {
        let attribute = line.strip_prefix("a=")?;
        attribute.strip_prefix(name)?.strip_prefix(':')
    })
}

/// The mid and the kind of each m-line for media of a description.
pub fn lines(sdp: &str) -> Vec<(String, Kind)> {
    let line = |section: &str| {
        let kind = match section.split(' ').next()? {
            "m=audio" => Kind::Audio,
            "m=video" => Kind::Video,
            _ => return None,
        };
        let mid = attribute(section, "mid")?;
        Some((mid.trim_end().to_owned(), kind))
    };
    sections(sdp).filter_map(line).collect()
}

/// A track that a description says is sent (RFC 8830).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentTrack {
    /// The `a=mid` of its m-line.
    pub mid: String,
    /// Audio or video.
    pub kind: Kind,
    /// The stream and the track, as the sender calls them; empty where it does not say.
    pub msid: (String, String),
}

/// The tracks that a description says are sent, in its order.
pub fn sent_tracks(sdp: &str) -> Vec<SentTrack> {
    let track = |section: &str| {
        let (mid, kind) = lines(section).pop()?;
        let msid = attribute(section, "msid").unwrap_or_default().trim_end();
        let (stream, track) = msid.split_once(' ').unwrap_or((msid, ""));
        Some(SentTrack {
            mid,
            kind,
            msid: (stream.to_owned(), track.to_owned()),
        })
    };
    let sending = sections(sdp).filter(|section| sends(section));
    sending.filter_map(track).collect()
}

/// The payload types that a section lists.
pub(crate) fn payload_types(section: &str) -> Vec<u8> {
    let first = section.lines().next().unwrap_or_default();
    let words = first.split(' ').skip(3);
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Whether who describes a section receives on it.
pub(crate) fn receives(section: &str) -> bool {
    matches!(direction(section), "recvonly" | "sendrecv")
}

/// Whether who describes a section sends on it.
pub(crate) fn sends(section: &str) -> bool {
    matches!(direction(section), "sendonly" | "sendrecv")
}

/// Whether a section is refused (RFC 3264 §6): its port is 0.
pub(crate) fn is_refused(section: &str) -> bool {
    section.split(' ').nth(1) == Some("0")
}

/// The direction of a section; one that is refused is inactive.
fn direction(section: &str) -> &'static str {
    if is_refused(section) {
        return "inactive";
    }
    let lines: Vec<&str> = section.lines().map(str::trim_end).collect();
    attribute_direction(&lines).unwrap_or("sendrecv")
}

/// A section with this direction in place of its own.
pub(crate) fn with_direction(section: &str, direction: &str) -> String {
    let mut out = String::with_capacity(section.len() + 16);
    for line in section.lines().map(str::trim_end) {
        if direction_of(line).is_none() {
            push_line(&mut out, line);
        }
    }
    push_line(&mut out, &format!("a={direction}"));
    out
}

/// A section with another value of an attribute that it has.
pub(crate) fn with_attribute(section: &str, name: &str, value: &str) -> String {
    let prefix = format!("a={name}:");
    let mut out = String::with_capacity(section.len() + value.len());
    for line in section.lines() {
        if line.starts_with(&prefix) {
            push_line(&mut out, &format!("{prefix}{value}"));
        } else {
            push_line(&mut out, line);
        }
    }
    out
}

/// Ids and names of the header extensions of a description or a section (RFC 8285 §5).
pub(crate) fn extensions(text: &str) -> Vec<(u8, &str)> {
    let maps = text
        .lines()
        .filter_map(|line| line.strip_prefix("a=extmap:"));
    let map = |map| {
        let mut words = str::split(map, ' ');
        // The id may have a direction behind it.
        let id = words.next()?.split('/').next()?;
        Some((id.parse().ok()?, words.next()?))
    };
    maps.filter_map(map).collect()
}

/// Ids of the header extensions of a section that are written (RFC 8285 §5).
pub(crate) fn extension_ids(section: &str) -> ExtensionIds {
    let mut ids = ExtensionIds::default();
    for (id, name) in extensions(section) {
        let place = match name {
            extensions::TRANSPORT_SEQUENCE_NUMBER => &mut ids.transport_seq,
            extensions::MID => &mut ids.mid,
            extensions::RID => &mut ids.rid,
            extensions::REPAIRED_RID => &mut ids.repaired_rid,
            extensions::AUDIO_LEVEL => &mut ids.audio_level,
            extensions::VIDEO_ORIENTATION => &mut ids.rotation,
            extensions::PLAYOUT_DELAY => &mut ids.playout_delay,
            extensions::DEPENDENCY_DESCRIPTOR => &mut ids.dependency_descriptor,
            _ => continue,
        };
        *place = id;
    }
    ids
}

/// Payload types of a section, each with that of its retransmissions (RFC 4588 §8.1).
pub(crate) fn retransmission_types(section: &str) -> Vec<(u8, u8)> {
    let mut types = Vec::new();
    for line in section.lines() {
        let Some((rtx, parameters)) = line
            .strip_prefix("a=fmtp:")
            .and_then(|line| line.split_once(' '))
        else {
            continue;
        };
        let apt = parameters
            .split(';')
            .find_map(|parameter| parameter.trim().strip_prefix("apt="));
        // A payload type has seven bits.
        let number = |text: &str| text.parse().ok().filter(|number| *number < 128);
        types.extend(apt.and_then(number).zip(number(rtx)));
    }
    types
}

/// The canonical name of a source (RFC 5576 §6.1).
pub(crate) fn cname(sdp: &str, ssrc: u32) -> Option<&str> {
    let prefix = format!("a=ssrc:{ssrc} cname:");
    sdp.lines().find_map(|line| line.strip_prefix(&prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\n";
    const VIDEO: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";

    fn offer(sections: &[&str]) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{}",
            sections.concat()
        )
    }

    #[test]
    fn both_directions_are_narrowed_to_the_one_that_is_served() {
        let publish =
            normalize_offer(&offer(&[AUDIO, VIDEO]), Direction::Receive, 1).expect("a good offer");
        assert_eq!(publish.matches("a=sendonly\r\n").count(), 2);
        let watch =
            normalize_offer(&offer(&[AUDIO, VIDEO]), Direction::Send, 1).expect("a good offer");
        assert_eq!(watch.matches("a=recvonly\r\n").count(), 2);
        assert!(!watch.contains("sendrecv"));
    }

    #[test]
    fn a_viewer_cannot_publish() {
        let error = normalize_offer(
            &offer(&[AUDIO]).replace("sendrecv", "recvonly"),
            Direction::Receive,
            1,
        );
        assert_eq!(
            error.map_err(|e| e.to_string()),
            Err(
                "the audio m-line is a=recvonly: publishing needs a=sendonly or a=sendrecv"
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_second_video_line_is_refused() {
        let error = normalize_offer(&offer(&[VIDEO, VIDEO]), Direction::Receive, 1);
        assert_eq!(
            error,
            Err(OfferError::TooManyMedia {
                kind: Kind::Video,
                count: 2,
                max: 1,
            })
        );
    }

    #[test]
    fn tracks_that_are_sent_are_listed_with_their_names() {
        let sending = AUDIO.replace("sendrecv", "sendonly\r\na=msid:cam mic");
        let tracks = sent_tracks(&offer(&[
            &sending,
            VIDEO,
            "m=video 9 X 96\r\na=mid:2\r\na=inactive\r\n",
        ]));
        let msid = |stream: &str, track: &str| (stream.to_owned(), track.to_owned());
        let found: Vec<_> = tracks
            .into_iter()
            .map(|t| (t.mid, t.kind, t.msid))
            .collect();
        assert_eq!(
            found,
            [
                ("0".to_owned(), Kind::Audio, msid("cam", "mic")),
                ("1".to_owned(), Kind::Video, msid("", "")),
            ]
        );
    }

    #[test]
    fn no_media_and_no_sdp_are_told_apart() {
        assert_eq!(needs_media(&offer(&[])), Err(OfferError::NoMedia));
        assert_eq!(needs_media(&offer(&[AUDIO])), Ok(()));
        assert!(matches!(
            normalize_offer("hello", Direction::Send, 1),
            Err(OfferError::Unreadable(_))
        ));
    }

    #[test]
    fn answer_ends_its_candidates_once_per_section() {
        let answer = "v=0\r\na=ice-lite\r\nm=audio 9 X 111\r\na=candidate:1\r\na=candidate:2\r\na=mid:0\r\nm=video 9 X 96\r\na=candidate:1\r\n";
        let finished = finish_answer(answer, false);
        assert_eq!(finished.matches("a=end-of-candidates\r\n").count(), 2);
        assert!(!finished.contains("ice-lite"));
        assert!(finish_answer(answer, true).contains("a=ice-lite"));
    }

    #[test]
    fn an_answer_prefers_what_the_offer_prefers() {
        let offer = "v=0\r\nm=audio 9 X 111 63\r\nm=video 9 X 98 99 96 97\r\na=mid:1\r\n";
        let answer = "v=0\r\nm=audio 9 X 111\r\nm=video 9 X 96 97 98 99\r\na=mid:1\r\n";
        let ordered = in_order_of_offer(answer, offer);
        assert_eq!(
            ordered,
            "v=0\r\nm=audio 9 X 111\r\nm=video 9 X 98 99 96 97\r\na=mid:1\r\n"
        );
    }

    #[test]
    fn restart_changes_credentials_only() {
        let before = "v=0\r\na=ice-ufrag:old\r\na=ice-pwd:oldpwd\r\na=candidate:1 x\r\na=mid:0\r\n";
        assert_eq!(
            with_ice_credentials(before, "new", "newpwd"),
            "v=0\r\na=ice-ufrag:new\r\na=ice-pwd:newpwd\r\na=mid:0\r\n"
        );
    }

    #[test]
    fn a_section_is_that_of_its_mid_alone() {
        let (first, second) = (
            "m=audio 9 X 111\r\na=mid:10\r\na=x m=y\r\n",
            "m=video 9 X 96\r\na=mid:1\r\na=end\r\n",
        );
        let sdp = format!("v=0\r\na=group:BUNDLE 10 1\r\n{first}{second}");
        assert_eq!(section(&sdp, "10"), first);
        assert_eq!(section(&sdp, "1"), second);
        assert_eq!(section(&sdp, "0"), "");
        assert_eq!(section(&sdp.replace("\r\n", "\n"), "1").lines().count(), 3);
        assert_eq!(section(first, "10"), first);
    }

    #[test]
    fn extension_ids_are_those_that_the_section_maps() {
        let map = |id: &str, uri: &str| format!("a=extmap:{id} {uri}\r\n");
        let section = [
            "m=video 9 X 96\r\n".to_owned(),
            // Too high to be one.
            map("256", extensions::VIDEO_ORIENTATION),
            map("1", extensions::AUDIO_LEVEL),
            map(
                "2",
                "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            ),
            map("3/sendonly", extensions::TRANSPORT_SEQUENCE_NUMBER),
            map("4", extensions::MID),
            map("5", extensions::PLAYOUT_DELAY),
            map("200", extensions::RID),
            map("11", extensions::REPAIRED_RID),
            map(
                "12",
                &format!("{} parameters", extensions::DEPENDENCY_DESCRIPTOR),
            ),
        ];
        let expected = ExtensionIds {
            audio_level: 1,
            transport_seq: 3,
            mid: 4,
            playout_delay: 5,
            rid: 200,
            repaired_rid: 11,
            dependency_descriptor: 12,
            rotation: 0,
        };
        assert_eq!(extension_ids(&section.concat()), expected);
        let rotation = map("13", extensions::VIDEO_ORIENTATION);
        let expected = ExtensionIds {
            rotation: 13,
            ..ExtensionIds::default()
        };
        assert_eq!(extension_ids(&rotation), expected);
    }

    #[test]
    fn retransmissions_have_the_types_that_the_section_gives_them() {
        let section = "m=video 9 X 96 97 98 99\r\n\
            a=fmtp:97 apt=96\r\n\
            a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1\r\n\
            a=fmtp:99 rtx-time=3000; apt=98\r\n\
            a=fmtp:300 apt=96\r\n\
            a=fmtp:100 apt=none\r\n\
            a=fmtp:101\r\n";
        assert_eq!(retransmission_types(section), [(96, 97), (98, 99)]);
    }

    #[test]
    fn a_source_has_the_name_that_is_given_for_it() {
        let sdp = "v=0\r\n\
            a=ssrc:12 cname:one\r\n\
            a=ssrc:123 msid:stream track\r\n\
            a=ssrc:123 cname:two names\r\n";
        assert_eq!(cname(sdp, 12), Some("one"));
        assert_eq!(cname(sdp, 123), Some("two names"));
        assert_eq!(cname(sdp, 1), None);
    }
}
