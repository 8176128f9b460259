//! The server takes the stream of a host.

use broadcast::direct::{LinkId, Name};
use broadcast::room::{self, Declared, Event};
use broadcast::{Open, OpenError, Role, SessionId};
use signaling::dialect::live_room;
use tokio::sync::mpsc;

use super::server::{Inside, Names, Server};
use crate::control::Told;

/// Takes what the host offers, until the room is closed.
pub(super) async fn run(
    server: Server,
    link: LinkId,
    room: Name,
    mut said: mpsc::Receiver<String>,
) {
    let ended = take(&server, link, &room, &mut said).await;
    if let Err(error) = ended {
        server.fail(link, &error);
    }
}

async fn take(
    server: &Server,
    link: LinkId,
    room: &Name,
    said: &mut mpsc::Receiver<String>,
) -> Result<(), OpenError> {
    let names = Names::of(room.as_str())?;
    let enter = names.enter(names.host.clone(), room, room::Role::Publisher);
    let entrance = server.control.enter(enter)?;
    let mut told = entrance.told;
    let mut host = Host {
        inside: Inside {
            control: server.control.clone(),
            key: entrance.key,
        },
        names,
        session: None,
    };
    server.act(|rooms| rooms.ask(link));
    loop {
        tokio::select! {
            body = said.recv() => {
                let Some(body) = body else {
                    return Ok(());
                };
                match host.offered(server, &body).await {
                    Ok(answer) => {
                        let answer = live_room::answer(room, &answer);
                        server.act(|rooms| rooms.say(link, answer));
                    }
                    Err(error @ OpenError::BadOffer(_)) => {
                        tracing::debug!(?link, %error, "an offer was dropped");
                    }
                    Err(error) => return Err(error),
                }
            }
            told = told.recv() => {
                if host.is_lost(told)? {
                    server.act(|rooms| rooms.ask(link));
                }
            }
        }
    }
}

/// A host, as a participant.
struct Host {
    inside: Inside,
    names: Names,
    /// The last one. A stream that ends without another one is lost.
    session: Option<SessionId>,
}

impl Host {
    /// Takes an offer, in place of the one before. Returns the answer.
    async fn offered(&mut self, server: &Server, body: &str) -> Result<String, OpenError> {
        let Inside { control, key } = &self.inside;
        let open = Open {
            role: Role::Publisher,
            stream: self.names.stream.clone(),
            token: None,
            offer: server.sdp(body)?,
        };
        server.turn().await;
        if let Some(session) = self.session {
            control.close_single(*key, session);
        }
        let opened = control.open_for(*key, Declared::default(), open).await?;
        self.session = Some(opened.session);
        Ok(opened.answer)
    }

    /// Whether the connection is lost, so that the host has to offer once more. `Err` when it may
    /// not.
    fn is_lost(&mut self, told: Option<Told>) -> Result<bool, OpenError> {
        let over = || OpenError::Refused("the participation of the host is over".to_owned());
        for event in told.ok_or_else(over)?.iter() {
            match event {
                Event::Ended { .. } => return Err(over()),
                Event::StreamRemoved(stream) if stream.name == self.names.stream => {
                    let control = &self.inside.control;
                    // Not when another offer has brought it back.
                    let is_gone =
                        control.with_rooms(|rooms, _| rooms.stream(&stream.name).is_none());
                    return Ok(is_gone && self.session.take().is_some());
                }
                _ => {}
            }
        }
        Ok(false)
    }
}
