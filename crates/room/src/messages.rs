use std::time::Instant;

use super::context::Context;
use super::state::RoomState;
use super::{
    Event, Message, MessageKind, ParticipantId, ParticipantKey, RoomName, Rooms, SendError,
    TOPIC_BYTES_MAX,
};

/// A message that has neither number nor sender yet.
struct Draft {
    kind: MessageKind,
    to: Option<ParticipantId>,
    topic: Option<String>,
    body: String,
    sent_at: u64,
}

impl Rooms {
    /// Sends a message to all participants of the room, or to one of them; the sender gets it, too.
    /// Returns its number.
    ///
    /// `wall_ms` is the time in milliseconds since 1970. A message to all is kept for participants
    /// who join later. `topic` has at most [`TOPIC_BYTES_MAX`] bytes, `body` at most
    /// [`Limits::message_bytes_max`](super::Limits). A hidden participant can neither send messages
    /// nor be the receiver of a private one.
    #[allow(
        clippy::too_many_arguments,
        reason = "each is one fact about the message, used once"
    )]
    pub fn send(
        &mut self,
        now: Instant,
        wall_ms: u64,
        key: ParticipantKey,
        kind: MessageKind,
        to: Option<ParticipantId>,
        topic: Option<String>,
        body: String,
    ) -> Result<u64, SendError> {
        let draft = Draft::new(wall_ms, kind, to, topic, body);
        let bytes_max = self.context.limits.message_bytes_max;
        self.write(now, key, draft, bytes_max)
    }

    /// Sends data to all participants of the room, like [`Self::send`], for a dialect whose
    /// messages have up to `bytes_max` bytes. A message of more than
    /// [`Limits::message_bytes_max`](super::Limits) is not kept for participants who join later,
    /// and counts towards the sender's rate as the number of messages that would hold as much.
    pub fn send_long(
        &mut self,
        now: Instant,
        wall_ms: u64,
        key: ParticipantKey,
        topic: Option<String>,
        body: String,
        bytes_max: usize,
    ) -> Result<u64, SendError> {
        let draft = Draft::new(wall_ms, MessageKind::Data, None, topic, body);
        let bytes_max = bytes_max.max(self.context.limits.message_bytes_max);
        self.write(now, key, draft, bytes_max)
    }

    fn write(
        &mut self,
        now: Instant,
        key: ParticipantKey,
        draft: Draft,
        bytes_max: usize,
    ) -> Result<u64, SendError> {
        let (room, cx) = self.at(key).ok_or(SendError::Unknown)?;
        let writer = room.members.get(&key).ok_or(SendError::Unknown)?;
        if !writer.participant.role.may_write() {
            return Err(SendError::Forbidden);
        }
        let (from, name) = (
            writer.participant.id.clone(),
            writer.participant.name.clone(),
        );
        draft.check(bytes_max)?;
        let to = room.receivers(draft.to.as_ref(), Some(key))?;
        // The rate is checked last, so that only messages that are sent count.
        let writer = room.members.get_mut(&key).ok_or(SendError::Unknown)?;
        let places = draft.places(cx);
        if !writer
            .writing
            .take(now, cx.limits.messages_per_second, places)
        {
            return Err(SendError::TooFast);
        }
        Ok(room.post(now, draft.from(from, name), to, cx))
    }

    /// Sends a message from the server, for the API. Its sender is [`ParticipantId::server`] with
    /// the name `server`, and its rate is not limited. Otherwise like [`Self::send`].
    #[allow(
        clippy::too_many_arguments,
        reason = "each is one fact about the message, used once"
    )]
    pub fn say(
        &mut self,
        now: Instant,
        wall_ms: u64,
        room: &RoomName,
        kind: MessageKind,
        to: Option<ParticipantId>,
        topic: Option<String>,
        body: String,
    ) -> Result<u64, SendError> {
        let draft = Draft::new(wall_ms, kind, to, topic, body);
        let (room, cx) = (self.rooms.get_mut(room), &mut self.context);
        let room = room.ok_or(SendError::NotFound)?;
        draft.check(cx.limits.message_bytes_max)?;
        let to = room.receivers(draft.to.as_ref(), None)?;
        let message = draft.from(ParticipantId::server(), "server".to_owned());
        Ok(room.post(now, message, to, cx))
    }
}

impl RoomState {
    /// The participants who get a private message, with its writer; `None` for a message to all.
    fn receivers(
        &self,
        to: Option<&ParticipantId>,
        writer: Option<ParticipantKey>,
    ) -> Result<Option<Vec<ParticipantKey>>, SendError> {
        let Some(to) = to else {
            return Ok(None);
        };
        let receiver = self.seen_key(to).ok_or(SendError::NotFound)?;
        let mut keys: Vec<_> = writer.into_iter().chain([receiver]).collect();
        keys.sort();
        keys.dedup();
        Ok(Some(keys))
    }

    /// Numbers a message and delivers it at once.
    fn post(
        &mut self,
        now: Instant,
        mut message: Message,
        to: Option<Vec<ParticipantKey>>,
        cx: &mut Context,
    ) -> u64 {
        message.number = self.history.number();
        let number = message.number;
        if let Some(to) = to {
            self.tell_some(to, Event::Message(message), cx);
        } else {
            // A hundred long messages would be too much for the snapshot of a new participant.
            if message.body.len() <= cx.limits.message_bytes_max {
                self.history.keep(message.clone());
            }
            self.tell(now, Event::Message(message), cx);
            self.flush(cx);
        }
        number
    }
}

impl Draft {
    fn new(
        sent_at: u64,
        kind: MessageKind,
        to: Option<ParticipantId>,
        topic: Option<String>,
        body: String,
    ) -> Self {
        Self {
            kind,
            to,
            topic,
            body,
            sent_at,
        }
    }

    /// The number of messages of the usual longest size that would hold as much; at least one.
    fn places(&self, cx: &Context) -> u32 {
        let places = self.body.len().div_ceil(cx.limits.message_bytes_max.max(1));
        u32::try_from(places).unwrap_or(u32::MAX).max(1)
    }

    /// Checks the lengths of body and topic.
    fn check(&self, bytes_max: usize) -> Result<(), SendError> {
        let topic = self.topic.as_ref().map_or(0, String::len);
        for (field, length, max) in [
            ("body", self.body.len(), bytes_max),
            ("topic", topic, TOPIC_BYTES_MAX),
        ] {
            if length > max {
                return Err(SendError::TooLong { field, max });
            }
        }
        Ok(())
    }

    fn from(self, from: ParticipantId, name: String) -> Message {
        Message {
            number: 0,
            kind: self.kind,
            from,
            name,
            to: self.to,
            topic: self.topic,
            body: self.body,
            sent_at: self.sent_at,
        }
    }
}
