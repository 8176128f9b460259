//! What clients are told without having asked.

use broadcast::room::{Event, MessageKind, ParticipantId, RoomName};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Node;
use super::frame::json;
use super::names::mid;

/// Which names notifications have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationNames {
    /// `peer-join`: as the protocol is described.
    #[default]
    Hyphen,
    /// `peer_join`: as the earlier server sends them.
    Underscore,
}

/// Writes notifications of one server.
#[derive(Debug, Clone)]
pub struct Notifications {
    /// What the server is called.
    pub node: Node,
    /// Which names they have.
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
    /// An earlier name of what says where somebody is; clients look for either.
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
    /// What somebody in a room is told of an event; `None` when it is nothing for this protocol,
    /// or its own doing.
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
                // From other dialects comes text that need not be JSON.
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

    /// A stream is not there any more.
    pub fn removed(&self, rid: &str, uid: &str, mid: &str) -> String {
        self.write("stream-remove", &Removed { rid, uid, mid })
    }

    /// Somebody was sent away from a room: it is elsewhere now, or was kicked, or the room is over.
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
