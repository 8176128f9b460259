use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use room::{Listed, RoomName};
use serde::{Deserialize, Serialize};
use signaling::Problem;
use signaling::json::{Participant, Room, Stream, Topology};
use utoipa::ToSchema;

use super::access::Operator;
use super::input::{self, Because, InRoom, Paced, Reason};
use super::refusals::{self, Refusal};
use crate::http::Service;

/// All rooms.
#[derive(Serialize, ToSchema)]
pub(super) struct Rooms {
    /// Sorted by name. A name may be there twice, with different ways of media.
    rooms: Vec<ListedRoom>,
}

/// A room, and the way that its media takes. Participants, streams and layers are known of `sfu`
/// rooms; of the others, whose media does not pass the server, participants alone.
#[derive(Serialize, ToSchema)]
pub(super) struct ListedRoom {
    #[serde(flatten)]
    room: Room,
    /// The way of its media.
    topology: Topology,
    /// Of a `tree`: hops from the owner to the participant with media that is farthest away.
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
}

impl From<Listed> for ListedRoom {
    fn from(listed: Listed) -> Self {
        Self {
            room: (&listed.room).into(),
            topology: listed.topology.into(),
            depth: listed.depth,
        }
    }
}

/// A room to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoom {
    /// The name: letters, digits, `-`, `_`, `.` and `~`; at most 128.
    name: String,
}

/// A change of a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomChange {
    /// Whether only hosts can join.
    locked: bool,
}

/// A room with its participants and streams, without hidden participants.
#[derive(Serialize, ToSchema)]
pub(super) struct RoomContent {
    /// The room.
    room: ListedRoom,
    /// Its participants.
    participants: Vec<Participant>,
    /// The streams that they publish.
    streams: Vec<Stream>,
}

/// Reads the name of a room to create.
pub(super) fn name(text: &str) -> Result<RoomName, Problem> {
    RoomName::new(text).map_err(|error| Problem::bad_field("name", error.to_string()))
}

/// List the rooms
#[utoipa::path(
    get,
    path = "/api/v1/rooms",
    operation_id = "listRooms",
    tag = "Rooms",
    security(("token" = [])),
    responses((status = 200, description = "All rooms.", body = Rooms, example = json!({
        "rooms": [{ "name": "demo", "locked": false, "participants": 1, "viewers": 0, "topology": "sfu" }]
    }))),
)]
pub(super) async fn list(_: Operator, State(service): State<Service>) -> Json<Rooms> {
    let rooms = service.control.directory();
    let rooms = rooms.into_iter().map(Into::into).collect();
    Json(Rooms { rooms })
}

/// Create a room
///
/// Rooms also start by themselves, when a participant joins or publishes. A room ends when it has
/// been empty for `rooms.empty_grace_s`, one that was created here too.
#[utoipa::path(
    post,
    path = "/api/v1/rooms",
    operation_id = "createRoom",
    tag = "Rooms",
    security(("token" = [])),
    request_body(content = NewRoom, example = json!({ "name": "demo" })),
    responses(
        (status = 201, description = "The room was created; `Location` is its address.", body = Room, example = json!({
            "name": "demo", "locked": false, "participants": 0, "viewers": 0
        })),
        (status = 200, description = "The room existed already, and is unchanged.", body = Room),
        (status = 503, description = "`rooms.rooms_max` is reached; `Retry-After` says when to try again."),
    ),
)]
pub(super) async fn create(
    _: Operator,
    _: Paced,
    State(service): State<Service>,
    input::Json(new): input::Json<NewRoom>,
) -> Result<impl IntoResponse, Refusal> {
    let (is_new, room) = service.control.create_room(name(&new.name)?)?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let location = format!("/api/v1/rooms/{}", room.name);
    Ok((status, [(header::LOCATION, location)], Json(room)))
}

/// Read a room
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}",
    operation_id = "readRoom",
    tag = "Rooms",
    security(("token" = [])),
    params(("room" = String, Path, description = "Its name.", example = "demo")),
    responses((status = 200, description = "The room with its participants and streams.", body = RoomContent, example = json!({
        "room": { "name": "demo", "locked": false, "participants": 1, "viewers": 0, "topology": "sfu" },
        "participants": [{
            "id": "whip~camera", "name": "camera", "role": "publisher", "metadata": "",
            "state": "connected", "quality": "unknown", "joinedAt": 1_767_225_600_000_u64
        }],
        "streams": [{ "name": "demo/camera", "participant": "whip~camera", "active": false, "tracks": [] }]
    }))),
)]
pub(super) async fn read(
    _: Operator,
    InRoom(name): InRoom,
    State(service): State<Service>,
) -> Result<Json<RoomContent>, Refusal> {
    let contents = service
        .control
        .room_contents(&name)
        .ok_or_else(refusals::no_room)?;
    Ok(Json(RoomContent {
        room: contents.listed.into(),
        participants: contents.participants,
        streams: contents.streams,
    }))
}

/// Lock or unlock a room
#[utoipa::path(
    patch,
    path = "/api/v1/rooms/{room}",
    operation_id = "changeRoom",
    tag = "Rooms",
    security(("token" = [])),
    params(("room" = String, Path, description = "Its name.", example = "demo")),
    request_body(content = RoomChange, example = json!({ "locked": true })),
    responses((status = 200, description = "The room as it is now.", body = Room, example = json!({
        "name": "demo", "locked": true, "participants": 1, "viewers": 0
    }))),
)]
pub(super) async fn change(
    _: Operator,
    InRoom(name): InRoom,
    State(service): State<Service>,
    input::Json(change): input::Json<RoomChange>,
) -> Result<Json<Room>, Refusal> {
    let room = service.control.lock_room(&name, change.locked);
    Ok(Json(room.ok_or_else(refusals::no_room)?))
}

/// End a room
///
/// Its participants are told that it was closed. Streams that are published by WHIP end too.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}",
    operation_id = "endRoom",
    tag = "Rooms",
    security(("token" = [])),
    params(("room" = String, Path, description = "Its name.", example = "demo"), Reason),
    responses((status = 204, description = "The room was ended.")),
)]
pub(super) async fn end(
    _: Operator,
    InRoom(name): InRoom,
    Because(reason): Because,
    State(service): State<Service>,
) -> Result<StatusCode, Refusal> {
    if !service.control.close_room(&name, reason) {
        return Err(refusals::no_room().into());
    }
    Ok(StatusCode::NO_CONTENT)
}
