//! What clients are shown.

use broadcast::room::{Participant, ParticipantId, RoomName, Stream};
use rtp::Kind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::frame::json;
use super::names::mid;

/// What this server is called towards clients; in a cluster these tell nodes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Of the signalling.
    pub signalid: String,
    /// Of the media.
    pub sfuid: String,
}

/// Somebody in a room.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct User {
    pub rid: String,
    pub uid: String,
    pub signalid: String,
}

/// A stream in a room.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Pub {
    pub rid: String,
    pub uid: String,
    pub mid: String,
    pub sfuid: String,
    /// As its publisher said.
    pub minfo: Box<RawValue>,
}

/// What there is in a room besides the one who asks.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Lists {
    pub users: Vec<User>,
    pub pubs: Vec<Pub>,
}

/// The answer to `getusers`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Users {
    pub users: Vec<User>,
}

/// The answer to `getpubs`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Pubs {
    pub pubs: Vec<Pub>,
}

/// The answer to `publish`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Published {
    pub mid: String,
    pub sfuid: String,
    pub jsep: Jsep,
}

/// The answer to `subscribe`.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Subscribed {
    pub sid: String,
    pub jsep: Jsep,
}

/// An answer in SDP.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the fields are those of the protocol")]
pub struct Jsep {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub sdp: String,
}

impl Jsep {
    /// An answer.
    pub fn answer(sdp: String) -> Self {
        Self {
            kind: "answer",
            sdp,
        }
    }
}

/// What a publisher says of its stream, as the metadata of a stream in a room: so that it is kept
/// as it came, and apart from what other dialects keep there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Minfo {
    minfo: Box<RawValue>,
}

impl Minfo {
    /// The metadata that keeps what came. `minfo` is JSON; anything else is kept as nothing.
    pub fn metadata(minfo: &str) -> String {
        let kept = RawValue::from_string(minfo.to_owned());
        kept.map(|minfo| json(&Self { minfo })).unwrap_or_default()
    }

    /// What is kept of a stream, or else what its tracks are.
    fn of(stream: &Stream) -> Box<RawValue> {
        if let Ok(Self { minfo }) = serde_json::from_str(&stream.metadata) {
            return minfo;
        }
        let has = |kind| stream.tracks.iter().any(|track| track.kind == kind);
        let (audio, video) = (has(Kind::Audio), has(Kind::Video));
        let minfo =
            format!("{{\"audio\":{audio},\"video\":{video},\"audiotype\":0,\"videotype\":0}}");
        RawValue::from_string(minfo).expect("written above as JSON")
    }
}

impl Node {
    /// What a newcomer is shown.
    pub fn lists(
        &self,
        room: &RoomName,
        participants: &[Participant],
        streams: &[Stream],
        caller: &ParticipantId,
    ) -> Lists {
        Lists {
            users: self.users(room, participants, caller),
            pubs: self.pubs(room, streams, caller),
        }
    }

    /// The users of a room besides the caller.
    pub fn users(
        &self,
        room: &RoomName,
        participants: &[Participant],
        caller: &ParticipantId,
    ) -> Vec<User> {
        let others = participants.iter().filter(|other| other.id != *caller);
        let user = |other: &Participant| User {
            rid: room.text(),
            uid: other.id.text(),
            signalid: self.signalid.clone(),
        };
        others.map(user).collect()
    }

    /// The streams of a room besides those of the caller.
    pub fn pubs(&self, room: &RoomName, streams: &[Stream], caller: &ParticipantId) -> Vec<Pub> {
        let others = streams
            .iter()
            .filter(|stream| stream.participant != *caller);
        others.map(|stream| self.shown(room, stream)).collect()
    }

    pub(super) fn shown(&self, room: &RoomName, stream: &Stream) -> Pub {
        Pub {
            rid: room.text(),
            uid: stream.participant.text(),
            mid: mid(stream),
            sfuid: self.sfuid.clone(),
            minfo: Minfo::of(stream),
        }
    }
}
