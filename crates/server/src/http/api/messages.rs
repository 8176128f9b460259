use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use room::ParticipantIdError;
use signaling::Problem;
use signaling::json::{self, MessageKind, Sent};

use super::access::Operator;
use super::input::{self, InRoom, Paced};
use super::refusals::{self, Refusal};
use crate::control::OutgoingMessage;
use crate::http::Service;

/// Send a message to a room
///
/// The message goes to all participants, or to the one in `to`. Its sender is `~server`, named
/// `server`. A room keeps the last 100 messages to all for participants that join later.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/messages",
    operation_id = "sendMessage",
    tag = "Messages",
    security(("token" = [])),
    params(("room" = String, Path, description = "The room's name.", example = "demo")),
    request_body(content = json::Send, example = json!({ "body": "Five minutes left" })),
    responses((status = 201, description = "The number of the message in the room.", body = Sent, example = json!({ "number": 1 }))),
)]
pub(super) async fn send(
    _: Operator,
    InRoom(room): InRoom,
    _: Paced,
    State(service): State<Service>,
    input::Json(send): input::Json<json::Send>,
) -> Result<(StatusCode, Json<Sent>), Refusal> {
    let to = send.recipient().map_err(bad_receiver)?;
    let message = OutgoingMessage {
        kind: send.kind.unwrap_or(MessageKind::Chat).into(),
        to,
        topic: send.topic,
        body: send.body,
    };
    let said = service.control.say(&room, message);
    let number = said.ok_or_else(refusals::no_room)??;
    Ok((StatusCode::CREATED, Json(Sent { number })))
}

fn bad_receiver(error: ParticipantIdError) -> Problem {
    Problem::bad_field("to", error.to_string())
}
