//! The ids of streams (`mid`) and subscriptions (`sid`) in this protocol.

use model::StreamName;
use room::{ParticipantId, RoomName, Stream};

/// Digits that tell the streams or the subscriptions of a user apart.
const DIGITS: usize = 6;

/// Makes the label of a stream, or the end of a `sid`, from a random number.
pub fn label(random: u32) -> String {
    format!("{:06}", random % 1_000_000)
}

/// The `sid` of a user's subscription.
pub fn sid(uid: &str, label: &str) -> String {
    format!("{uid}#{label}")
}

/// The `mid` of a stream: `<uid>#<6 digits>`, or `<uid>#/<name>` for a stream of another dialect,
/// whose label is not six digits.
pub fn mid(stream: &Stream) -> String {
    let uid = stream.participant.text();
    match &stream.label {
        Some(label) if is_label(label) => format!("{uid}#{label}"),
        _ => format!("{uid}#/{}", stream.name),
    }
}

/// The name of the stream in `room` that would have this `mid`; `None` when no stream can have it.
/// The stream need not exist; the caller looks it up and compares its [`mid`].
pub fn stream_of(room: &RoomName, mid: &str) -> Option<StreamName> {
    // The last `#` separates: a user id may contain others.
    let (uid, last) = mid.rsplit_once('#')?;
    if let Some(name) = last.strip_prefix('/') {
        let name = StreamName::new(name).ok()?;
        return (RoomName::of(&name) == *room).then_some(name);
    }
    if !is_label(last) {
        return None;
    }
    let id = ParticipantId::of_text(uid).ok()?;
    StreamName::new(&format!("{room}/{id}~{last}")).ok()
}

/// The `uid` of the publisher in a `mid`.
pub fn uid_of(mid: &str) -> &str {
    mid.rsplit_once('#').map_or(mid, |(uid, _)| uid)
}

fn is_label(label: &str) -> bool {
    label.len() == DIGITS && label.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str, participant: ParticipantId, label: Option<&str>) -> Stream {
        Stream {
            name: StreamName::new(name).expect("a good name"),
            participant,
            label: label.map(str::to_owned),
            metadata: String::new(),
            active: false,
            tracks: Vec::new(),
        }
    }

    #[test]
    fn every_stream_is_found_by_its_mid() {
        let id = |text| ParticipantId::of_text(text).expect("an id");
        let whip = |name| {
            let name = StreamName::new(name).expect("a good name");
            ParticipantId::synthetic("whip", &name)
        };
        for (name, participant, label, called) in [
            ("garden/ada~000007", id("ada"), Some("000007"), "ada#000007"),
            (
                "garden/~a~23b~123456",
                id("a#b"),
                Some("123456"),
                "a#b#123456",
            ),
            ("garden/ada", id("ada"), None, "ada#/garden/ada"),
            (
                "garden/ada~screen",
                id("ada"),
                Some("screen"),
                "ada#/garden/ada~screen",
            ),
            ("garden", whip("garden"), None, "whip~garden#/garden"),
            (
                "garden/camera",
                whip("garden/camera"),
                None,
                "whip~camera#/garden/camera",
            ),
        ] {
            let stream = stream(name, participant, label);
            assert_eq!(mid(&stream), called);
            let garden = RoomName::new("garden").expect("a room");
            assert_eq!(stream_of(&garden, called), Some(stream.name));
            assert_eq!(uid_of(called), stream.participant.text());
        }
    }

    #[test]
    fn mid_that_no_stream_can_have_finds_none() {
        let garden = RoomName::new("garden").expect("a room");
        for mid in [
            "",
            "#",
            "ada",
            "ada#12345",
            "ada#1234567",
            "ada#12345x",
            "#123456",
            "ada#/yard/ada",
            "ada#/",
        ] {
            assert_eq!(stream_of(&garden, mid), None, "{mid:?}");
        }
    }

    #[test]
    fn labels_have_six_digits() {
        for (random, digits) in [(0, "000000"), (42, "000042"), (u32::MAX, "967295")] {
            assert_eq!(label(random), digits);
        }
    }
}
