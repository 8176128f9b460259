//! The users, streams and results that responses carry.

use room::{Participant, ParticipantId, RoomName, Stream};
use rtp::Kind;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::frame::json;
use super::names::mid;

/// The ids of this server for clients. In a cluster they tell nodes apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The id of the signalling part.
    pub signalid: String,
    /// The id of the media part.
    pub sfuid: String,
}

/// A user in a room.
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
    /// Information on the stream as its publisher sent it.
    pub minfo: Box<RawValue>,
}

/// The other users of a room and their streams.
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

/// A publisher's `minfo`, wrapped for the metadata of its stream. This keeps it byte for byte, and
/// apart from the metadata of other dialects.
#[derive(Debug, Serialize, Deserialize)]
pub struct Minfo {
    minfo: Box<RawValue>,
}

impl Minfo {
    /// Returns the metadata that holds `minfo`; empty when `minfo` is not JSON.
    pub fn metadata(minfo: &str) -> String {
        let kept = RawValue::from_string(minfo.to_owned());
        kept.map(|minfo| json(&Self { minfo })).unwrap_or_default()
    }

    /// Returns the `minfo` in a stream's metadata. For a stream of another dialect it is made up
    /// from its tracks.
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
    /// The answer to `join`: the other users of the room and their streams.
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
