//! Random commands for rooms.

use proptest::collection::vec;
use proptest::option::of as maybe;
use proptest::prelude::*;

use super::*;
use model::{LayerStatus, TrackStatus};

/// A call on rooms. Small numbers stand for rooms, ids and streams, `who` for a participation.
#[derive(Debug, Clone)]
pub(super) enum Command {
    Join {
        room: u8,
        id: u8,
        role: Role,
        auto: bool,
    },
    Leave(u8),
    Lost(u8),
    Found(u8),
    Publish {
        who: u8,
        label: bool,
        kinds: Vec<Kind>,
        rids: bool,
    },
    Unpublish(u8, u8),
    Mute(u8, u8, Kind, bool),
    Report {
        stream: u8,
        active: bool,
        kinds: Vec<Kind>,
        rids: bool,
    },
    Subscribe(u8, u8, Option<Vec<Kind>>),
    Unsubscribe(u8, u8, Option<Vec<Kind>>),
    SetTrackSettings(u8, u8, Kind, Option<bool>, Option<(u32, u32)>),
    Send(u8, Option<u8>),
    Say(u8, Option<u8>),
    Rename(u8, u8),
    Quality(u8, bool),
    Speakers(u8, Vec<u8>),
    Viewers(u8, u8),
    RequestMute(u8, u8, Kind),
    KickBy(u8, u8),
    Kick(u8, u8),
    Lock(u8, bool),
    CloseBy(u8),
    Close(u8),
    Create(u8),
    Stop,
    /// Lets this many milliseconds pass.
    Pass(u16),
    /// Waits until all events are delivered, and compares.
    Settle,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Audio), Just(Kind::Video)]
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    vec(kind(), 0..3)
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![
        2 => Just(Role::Host),
        4 => Just(Role::Publisher),
        1 => Just(Role::Viewer),
        1 => Just(Role::Hidden),
    ]
}

fn size() -> impl Strategy<Value = (u32, u32)> {
    (0_u32..3, 0_u32..3)
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    use Command::*;
    let (who, name, id, room) = (any::<u8>(), any::<u8>(), 0_u8..4, 0_u8..2);
    let named = (who, name);
    let presence = prop_oneof![
        8 => (room.clone(), id.clone(), role(), any::<bool>())
            .prop_map(|(room, id, role, auto)| Join { room, id, role, auto }),
        2 => who.prop_map(Leave),
        1 => who.prop_map(Lost),
        1 => who.prop_map(Found),
        1 => (who, id.clone()).prop_map(|(who, name)| Rename(who, name)),
        1 => (who, any::<bool>()).prop_map(|(who, good)| Quality(who, good)),
    ];
    let streams = prop_oneof![
        6 => (who, any::<bool>(), kinds(), any::<bool>())
            .prop_map(|(who, label, kinds, rids)| Publish { who, label, kinds, rids }),
        1 => named.prop_map(|(who, stream)| Unpublish(who, stream)),
        2 => (named, kind(), any::<bool>())
            .prop_map(|((who, stream), kind, muted)| Mute(who, stream, kind, muted)),
        3 => (name, any::<bool>(), kinds(), any::<bool>())
            .prop_map(|(stream, active, kinds, rids)| Report { stream, active, kinds, rids }),
        1 => (0_u8..16, 0_u8..3).prop_map(|(stream, n)| Viewers(stream, n)),
    ];
    let viewing = prop_oneof![
        (named, maybe(kinds())).prop_map(|((who, s), kinds)| Subscribe(who, s, kinds)),
        (named, maybe(kinds())).prop_map(|((who, s), kinds)| Unsubscribe(who, s, kinds)),
        (named, kind(), maybe(any::<bool>()), maybe(size())).prop_map(
            |((who, s), kind, paused, size)| SetTrackSettings(who, s, kind, paused, size)
        ),
    ];
    let words = prop_oneof![
        4 => (who, maybe(id.clone())).prop_map(|(who, to)| Send(who, to)),
        1 => (room.clone(), maybe(id.clone())).prop_map(|(r, to)| Say(r, to)),
        1 => (room.clone(), vec(id.clone(), 0..3))
            .prop_map(|(room, ids)| Speakers(room, ids)),
    ];
    let hosting = prop_oneof![
        4 => (named, kind()).prop_map(|((who, s), kind)| RequestMute(who, s, kind)),
        4 => (who, id.clone()).prop_map(|(who, id)| KickBy(who, id)),
        2 => (room.clone(), id).prop_map(|(room, id)| Kick(room, id)),
        4 => (who, proptest::bool::weighted(0.3)).prop_map(|(who, locked)| Lock(who, locked)),
        1 => who.prop_map(CloseBy),
        1 => room.clone().prop_map(Close),
        2 => room.prop_map(Create),
        1 => Just(Stop),
    ];
    let time = prop_oneof![
        8 => (0_u16..150).prop_map(Pass),
        2 => (0_u16..4_000).prop_map(Pass),
        2 => Just(Settle),
    ];
    prop_oneof![
        10 => presence,
        8 => streams,
        8 => viewing,
        4 => words,
        2 => hosting,
        6 => time,
    ]
}

pub(super) fn room_of(number: u8) -> RoomName {
    room(["garden", "yard"][usize::from(number)])
}

pub(super) fn id_of(number: u8) -> ParticipantId {
    id(["ada", "bob", "cid", "dan"][usize::from(number)])
}

pub(super) fn name_of(number: u8) -> StreamName {
    let label = if number & 8 == 0 { "" } else { "~x" };
    let (room, id) = (room_of(number & 1), id_of(number >> 1 & 3));
    stream(&format!("{room}/{id}{label}"))
}

pub(super) fn declared(kind: Kind, rids: bool) -> Track {
    let layer = |rid: &str| Layer {
        rid: rid.to_owned(),
        width: 320,
        height: 180,
        active: false,
    };
    let layers = if rids { vec![layer("l")] } else { Vec::new() };
    Track {
        layers,
        ..track(kind)
    }
}

pub(super) fn status(kind: Kind, rids: bool) -> TrackStatus {
    TrackStatus {
        kind,
        codec: None,
        layers: vec![LayerStatus {
            rid: rids.then(|| "l".to_owned()),
            bitrate: 1,
            active: true,
        }],
        oversized: None,
    }
}
