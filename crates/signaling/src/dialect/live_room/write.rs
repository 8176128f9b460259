//! Frames to clients.
//!
//! ```text
//! {"event":"roomsInfo","info":["cooking","chess"]}
//! {"event":"count","count":3}
//! {"event":"createRoomOk"}           {"event":"createRoomFailed"}
//! {"event":"joinRoomFailed"}         {"event":"roomClosed"}
//! {"event":"joinRoom","name":"lin"}  the viewer waits for an offer
//! {"event":"joinHint","name":"lin"}  {"event":"quitHint","name":"lin"}
//! {"event":"chat","msg":"hi","name":"lin"}
//! {"event":"_offer","data":{"nameB":"lin","sdp":{…},"nameA":"cooking"}}
//! ```

use room::direct::{Event, Name};
use serde::{Serialize, Serializer};

use super::read::{quoted, sender};

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
enum Frame<'a> {
    RoomsInfo {
        #[serde(serialize_with = "names")]
        info: &'a [Name],
    },
    Count {
        count: usize,
    },
    CreateRoomOk,
    CreateRoomFailed,
    JoinRoom {
        name: &'a str,
    },
    JoinHint {
        name: &'a str,
    },
    QuitHint {
        name: &'a str,
    },
    JoinRoomFailed,
    RoomClosed,
    Chat {
        msg: String,
        name: &'a str,
    },
}

/// Writes an event as a frame.
pub fn write(event: &Event) -> String {
    let frame = match event {
        Event::Rooms(info) => Frame::RoomsInfo { info },
        Event::Count(count) => Frame::Count { count: *count },
        Event::Created => Frame::CreateRoomOk,
        Event::CreateFailed => Frame::CreateRoomFailed,
        Event::JoinFailed => Frame::JoinRoomFailed,
        Event::Wanted(name) => Frame::JoinRoom {
            name: name.as_str(),
        },
        Event::Joined(name) => Frame::JoinHint {
            name: name.as_str(),
        },
        Event::Left(name) => Frame::QuitHint {
            name: name.as_str(),
        },
        Event::Closed => Frame::RoomClosed,
        Event::Chat { from, text } => Frame::Chat {
            msg: html(text),
            name: from.as_str(),
        },
        // The body ends inside `data`, where the sender's name belongs.
        Event::Signal { signal, from, body } => {
            let from = quoted(from.as_str());
            return format!("{body}\"{}\":{from}}}}}", sender(*signal));
        }
    };
    serde_json::to_string(&frame).expect("these types have string keys and finite numbers")
}

fn names<S: Serializer>(names: &[Name], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(Name::as_str))
}

/// Escapes a text for HTML. Pages in the field insert chat messages into their HTML without
/// escaping them.
fn html(text: &str) -> String {
    let escaped = text.replace('&', "&amp;");
    escaped.replace('<', "&lt;").replace('>', "&gt;")
}
