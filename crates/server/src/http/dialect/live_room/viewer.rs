//! Sends a host's stream to a viewer, where media goes through the server.

use std::ops::ControlFlow;

use model::{OpenError, StreamName};
use room::direct::{LinkId, Name};
use room::{EndReason, Event};
use signaling::dialect::live_room;
use tokio::sync::mpsc;

use super::server::{LeavesOnDrop, Names, Server};
use crate::control::{Participation, UnifiedOptions, random};
use crate::http::admission::{self, After, Endings};
use crate::http::socket::Close;

/// A viewer is shown only the host's stream, under the names that the host gave its tracks.
const OPTIONS: UnifiedOptions = UnifiedOptions {
    stream_name: None,
    new_lines: 0,
};

/// A browser that has lost its connection, or closed it, gets another one.
const ENDINGS: Endings = Endings {
    left: After::Stay,
    lost: After::Stay,
    replaced: OVER,
    kicked: OVER,
    closed: OVER,
};

const OVER: After = After::Close(Close::OVER, "the participation has ended");

/// What happens to a viewer when one of its connections has ended.
enum Next {
    /// It gets another connection: pages treat each offer as a new one.
    Connection,
    /// Nothing, since it has left or the server is stopping.
    Nothing,
}

/// Shows the stream to a viewer until it leaves, over one connection after the other.
pub(super) async fn run(
    server: Server,
    link: LinkId,
    room: Name,
    viewer: Name,
    mut said: mpsc::Receiver<String>,
) {
    loop {
        match show(&server, link, (&room, &viewer), &mut said).await {
            Ok(Next::Connection) => {}
            Ok(Next::Nothing) => return,
            Err(error) => return server.fail(link, &error),
        }
    }
}

/// Runs one connection, from its offer to its end.
async fn show(
    server: &Server,
    link: LinkId,
    (room, viewer): (&Name, &Name),
    said: &mut mpsc::Receiver<String>,
) -> Result<Next, OpenError> {
    server.turn().await;
    let names = Names::of(room.as_str())?;
    // A random id, since the name of the viewer may be taken by another participant.
    let id = admission::participant_id(&format!("viewer-{:032x}", random::<16>()))?;
    let enter = names.enter(id, viewer, room::Role::Viewer);
    let Participation {
        entrance,
        mut offers,
        ..
    } = server.control.enter_unified(enter, OPTIONS)?;
    let mut shown = Shown {
        participation: LeavesOnDrop {
            control: server.control.clone(),
            key: entrance.key,
        },
        stream: names.stream,
        subscribed: false,
    };
    // The viewer sends nothing, and waits for the server's offer.
    server.control.ask_to_send(entrance.key, &[])?;
    for stream in &entrance.joined.streams {
        shown.follow(stream);
    }
    let mut events = entrance.events;
    let (mut offered, mut answered) = (false, false);
    loop {
        tokio::select! {
            body = said.recv() => {
                let Some(body) = body else {
                    return Ok(Next::Nothing);
                };
                match shown.answered(server, &body).await {
                    Ok(()) => answered = true,
                    // Pages answer each offer once, so the answer that was taken belonged to the
                    // connection before: start over with another one.
                    Err(_) if answered => return Ok(Next::Connection),
                    Err(error) => tracing::debug!(?link, %error, "an answer was refused"),
                }
            }
            events = events.recv() => {
                let events = events.ok_or_else(over)?;
                for event in events.iter() {
                    match event {
                        Event::StreamAdded(stream) | Event::StreamChanged(stream) => {
                            shown.follow(stream);
                        }
                        Event::StreamRemoved(stream) if shown.is_it(stream) => {
                            return Ok(Next::Connection);
                        }
                        Event::Ended { reason, .. } => return after(*reason),
                        _ => {}
                    }
                }
            }
            // Ends with the participation, whose end the arm above reports.
            Some(offer) = offers.next() => {
                // Pages take a further offer for a new connection, so it gets one.
                if offered {
                    return Ok(Next::Connection);
                }
                offered = true;
                let offer = live_room::offer(viewer, &offer);
                server.act(|rooms| rooms.say(link, offer));
            }
        }
    }
}

/// Decides what follows the end of a participation, whose socket is the rooms'.
fn after(reason: EndReason) -> Result<Next, OpenError> {
    match ENDINGS.of(reason) {
        ControlFlow::Continue(()) => Ok(Next::Connection),
        ControlFlow::Break(close) if close.code == Close::GOING_AWAY => Ok(Next::Nothing),
        ControlFlow::Break(_) => Err(over()),
    }
}

fn over() -> OpenError {
    OpenError::Refused("the participation of the viewer has ended".to_owned())
}

/// A viewer as a participant.
struct Shown {
    participation: LeavesOnDrop,
    stream: StreamName,
    subscribed: bool,
}

impl Shown {
    fn is_it(&self, stream: &room::Stream) -> bool {
        stream.name == self.stream
    }

    /// Subscribes to the stream once media arrives.
    fn follow(&mut self, stream: &room::Stream) {
        if self.subscribed || !self.is_it(stream) || !stream.active {
            return;
        }
        let LeavesOnDrop { control, key } = &self.participation;
        self.subscribed = control.subscribe(*key, &stream.name);
    }

    async fn answered(&self, server: &Server, body: &str) -> Result<(), OpenError> {
        let LeavesOnDrop { control, key } = &self.participation;
        control.take_answer(*key, &server.sdp(body)?).await
    }
}
