use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use signaling::json::Participant;
use utoipa::ToSchema;

use super::access::Operator;
use super::input::{Because, InRoom, ParticipantPath, Reason};
use super::refusals::{self, Refusal};
use crate::http::Service;

/// The participants of a room, without hidden ones.
#[derive(Serialize, ToSchema)]
pub(super) struct Participants {
    /// In the order in which they joined.
    participants: Vec<Participant>,
}

/// List the participants of a room
///
/// Hidden participants are not listed. A publisher that uses WHIP is listed with the id `whip~` and
/// the last part of its stream's name.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/participants",
    operation_id = "listParticipants",
    tag = "Participants",
    security(("token" = [])),
    params(("room" = String, Path, description = "The room's name.", example = "demo")),
    responses((status = 200, description = "The participants of the room.", body = Participants, example = json!({
        "participants": [{
            "id": "whip~camera", "name": "camera", "role": "publisher", "metadata": "",
            "state": "connected", "quality": "unknown", "joinedAt": 1_767_225_600_000_u64
        }]
    }))),
)]
pub(super) async fn list(
    _: Operator,
    InRoom(name): InRoom,
    State(service): State<Service>,
) -> Result<Json<Participants>, Refusal> {
    let contents = service
        .control
        .room_contents(&name)
        .ok_or_else(refusals::no_room)?;
    let participants = contents.participants;
    Ok(Json(Participants { participants }))
}

/// Remove a participant
///
/// This works for hidden participants too, and for a publisher that uses WHIP, whose session ends.
/// Only a lock or a token keeps a removed participant from joining again.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/participants/{participant}",
    operation_id = "removeParticipant",
    tag = "Participants",
    security(("token" = [])),
    params(
        ("room" = String, Path, description = "The room's name.", example = "demo"),
        ("participant" = String, Path, description = "The participant's id.", example = "whip~camera"),
        Reason,
    ),
    responses((status = 204, description = "The participant was removed.")),
)]
pub(super) async fn remove(
    _: Operator,
    InRoom(room): InRoom,
    Path(path): Path<ParticipantPath>,
    Because(reason): Because,
    State(service): State<Service>,
) -> Result<StatusCode, Refusal> {
    if !service.control.kick(&room, &path.participant, reason) {
        return Err(refusals::no_participant().into());
    }
    Ok(StatusCode::NO_CONTENT)
}
