//! Receives the stream of a host, where media goes through the server.

use model::{Open, OpenError, Role, SessionId};
use room::direct::{LinkId, Name};
use room::{Declared, Event, ParticipantKey};
use signaling::dialect::live_room;
use tokio::sync::mpsc;

use super::server::{CLIENT, Names, Server};
use crate::control::{Entrance, EventBatch};

/// A host as a participant that publishes one stream.
#[derive(Debug)]
pub(super) struct Host {
    server: Server,
    link: LinkId,
    room: Name,
    names: Names,
    key: ParticipantKey,
    events: mpsc::Receiver<EventBatch>,
    /// The session of the last offer. When the stream ends and no other session has it, the
    /// connection is lost.
    session: Option<SessionId>,
}

impl Host {
    /// A host that has entered its room.
    pub(super) fn new(
        server: Server,
        link: LinkId,
        room: Name,
        names: Names,
        entrance: Entrance,
    ) -> Self {
        Self {
            server,
            link,
            room,
            names,
            key: entrance.key,
            events: entrance.events,
            session: None,
        }
    }

    /// Handles the host's offers until the room is closed. A failure fails the connection.
    pub(super) async fn run(mut self, mut said: mpsc::Receiver<String>) {
        if let Err(error) = self.take(&mut said).await {
            self.server.fail(self.link, &error);
        }
    }

    async fn take(&mut self, said: &mut mpsc::Receiver<String>) -> Result<(), OpenError> {
        self.ask();
        loop {
            tokio::select! {
                body = said.recv() => {
                    let Some(body) = body else {
                        return Ok(());
                    };
                    match self.offered(&body).await {
                        Ok(answer) => {
                            let answer = live_room::answer(&self.room, &answer);
                            self.server.act(|rooms| rooms.say(self.link, answer));
                        }
                        Err(error @ OpenError::BadOffer(_)) => {
                            tracing::debug!(link = ?self.link, %error, "an offer was dropped");
                        }
                        Err(error) => return Err(error),
                    }
                }
                events = self.events.recv() => {
                    if self.is_lost(events)? {
                        self.ask();
                    }
                }
            }
        }
    }

    fn ask(&self) {
        self.server.act(|rooms| rooms.ask(self.link));
    }

    /// Opens a session for an offer, in place of the one before. Returns the answer.
    async fn offered(&mut self, body: &str) -> Result<String, OpenError> {
        let open = Open {
            role: Role::Publisher,
            stream: self.names.stream.clone(),
            offer: self.server.sdp(body)?,
            client: CLIENT.to_owned(),
        };
        self.server.turn().await;
        let control = &self.server.control;
        if let Some(session) = self.session {
            control.close_single(self.key, session);
        }
        let opened = control
            .open_for(self.key, Declared::default(), open)
            .await?;
        self.session = Some(opened.session);
        Ok(opened.answer)
    }

    /// Whether the connection is lost, so that the host must offer again. `Err` when its
    /// participation has ended.
    fn is_lost(&mut self, events: Option<EventBatch>) -> Result<bool, OpenError> {
        let over = || OpenError::Refused("the participation of the host has ended".to_owned());
        let mut is_lost = false;
        for event in events.ok_or_else(over)?.iter() {
            match event {
                Event::Ended { .. } => return Err(over()),
                Event::StreamRemoved(stream) if stream.name == self.names.stream => {
                    let control = &self.server.control;
                    // Another offer may have published it again meanwhile.
                    let is_gone =
                        control.with_rooms(|rooms, _| rooms.stream(&stream.name).is_none());
                    is_lost |= is_gone && self.session.take().is_some();
                }
                _ => {}
            }
        }
        Ok(is_lost)
    }
}
