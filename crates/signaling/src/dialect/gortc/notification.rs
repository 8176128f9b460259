//! Notifications that the server sends to clients.

use room::{Event, MessageKind, ParticipantId, RoomName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Node;
use super::frame::json;
use super::names::mid;

/// How the names of notifications are spelled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationNames {
    /// `peer-join`, as the protocol's description has it.
    #[default]
    Hyphen,
    /// `peer_join`, as the earlier server sends it.
    Underscore,
}

/// Writes the notifications of a server.
#[derive(Debug, Clone)]
pub struct Notifications {
    /// The ids of the server.
    pub node: Node,
    /// The spelling of the notifications' names.
    pub names: NotificationNames,
}

#[derive(Serialize)]
struct Peer {
    rid: String,
    uid: String,
}

#[derive(Serialize)]
struct Joined<'a> {
    rid: String,
    uid: String,
    /// An earlier name of `signalid`. Clients look for either.
    bizid: &'static str,
    signalid: &'a str,
}

#[derive(Serialize)]
struct Removed<'a> {
    rid: &'a str,
    uid: &'a str,
    mid: &'a str,
}

#[derive(Serialize)]
struct Said<'a> {
    rid: String,
    uid: String,
    data: &'a RawValue,
}

impl Notifications {
    /// The notification of an event for the participant `me` of a room. `None` when the protocol
    /// has none for it, or when `me` caused the event.
    pub fn of(&self, room: &RoomName, me: &ParticipantId, event: &Event) -> Option<String> {
        match event {
            Event::ParticipantJoined(other) if other.id != *me => {
                let joined = Joined {
                    rid: room.text(),
                    uid: other.id.text(),
                    bizid: "",
                    signalid: &self.node.signalid,
                };
                Some(self.write("peer-join", &joined))
            }
            Event::ParticipantLeft { id, .. } if id != me => {
                Some(self.write("peer-leave", &peer(room, id)))
            }
            Event::StreamAdded(stream) if stream.participant != *me => {
                Some(self.write("stream-add", &self.node.shown(room, stream)))
            }
            Event::StreamRemoved(stream) if stream.participant != *me => {
                Some(self.removed(&room.text(), &stream.participant.text(), &mid(stream)))
            }
            Event::Message(message) if message.from != *me => {
                // Messages of other dialects need not be JSON: those become a JSON string.
                let data = RawValue::from_string(message.body.clone());
                let kept = data.ok().filter(|_| message.kind == MessageKind::Data);
                let quoted = || RawValue::from_string(json(&message.body)).ok();
                let data = kept.or_else(quoted)?;
                let said = Said {
                    rid: room.text(),
                    uid: message.from.text(),
                    data: &data,
                };
                Some(self.write("broadcast", &said))
            }
            _ => None,
        }
    }

    /// The notification that a stream ended.
    pub fn removed(&self, rid: &str, uid: &str, mid: &str) -> String {
        self.write("stream-remove", &Removed { rid, uid, mid })
    }

    /// The notification that the server removed `me` from a room: the user joined elsewhere, was
    /// kicked, or the room was closed.
    pub fn kicked(&self, room: &RoomName, me: &ParticipantId) -> String {
        self.write("peer-kick", &peer(room, me))
    }

    fn write(&self, name: &str, data: &impl Serialize) -> String {
        let name = match self.names {
            NotificationNames::Hyphen => name.to_owned(),
            NotificationNames::Underscore => name.replace('-', "_"),
        };
        let data = json(data);
        format!("{{\"notification\":true,\"method\":\"{name}\",\"data\":{data}}}")
    }
}

fn peer(room: &RoomName, id: &ParticipantId) -> Peer {
    Peer {
        rid: room.text(),
        uid: id.text(),
    }
}
