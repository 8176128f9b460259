//! The server shows a host's stream to a viewer.

use broadcast::direct::{LinkId, Name};
use broadcast::room::{self, EndReason, Event, ParticipantId};
use broadcast::{OpenError, StreamName};
use signaling::dialect::live_room;
use tokio::sync::mpsc;

use super::server::{Inside, Names, Server};
use crate::control::{Participation, UnifiedOptions, random};

/// Viewers are shown one stream, as its host calls it.
const OPTIONS: UnifiedOptions = UnifiedOptions {
    shown_all: false,
    called_all: None,
    new_lines: 0,
};

/// What becomes of a viewer when one of its connections is over.
enum Next {
    /// Another connection: pages take each offer for a new one.
    Connection,
    /// Nothing: it has left, or the server stops.
    Nothing,
}

/// Shows the stream, until the viewer leaves.
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

/// One connection, from its offer to its end.
async fn show(
    server: &Server,
    link: LinkId,
    (room, viewer): (&Name, &Name),
    said: &mut mpsc::Receiver<String>,
) -> Result<Next, OpenError> {
    server.turn().await;
    let names = Names::of(room.as_str())?;
    // Others in the room may be called as it is.
    let id = ParticipantId::of_text(&format!("viewer-{:032x}", random::<16>()));
    let id = id.map_err(|error| OpenError::Refused(error.to_string()))?;
    let enter = names.enter(id, viewer, room::Role::Viewer);
    let Participation {
        entrance,
        mut offers,
        ..
    } = server.control.enter_unified(enter, OPTIONS)?;
    let mut shown = Shown {
        inside: Inside {
            control: server.control.clone(),
            key: entrance.key,
        },
        stream: names.stream,
        subscribed: false,
    };
    // It is not to send, and waits for the server's offer.
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
                    // Pages answer each offer once: the answer before was to the offer of the
                    // connection before.
                    Err(_) if answered => return Ok(Next::Connection),
                    Err(error) => tracing::debug!(?link, %error, "an answer was not taken"),
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
            // Ends with the participation, of which the former tells.
            Some(offer) = offers.next() => {
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

/// What the end of a participation means.
fn after(reason: EndReason) -> Result<Next, OpenError> {
    match reason {
        // Its browser has lost the connection, or closed it.
        EndReason::Left | EndReason::Lost => Ok(Next::Connection),
        EndReason::Stopping => Ok(Next::Nothing),
        EndReason::Replaced | EndReason::Kicked | EndReason::Closed | EndReason::Slow => {
            Err(over())
        }
    }
}

fn over() -> OpenError {
    OpenError::Refused("the participation of the viewer is over".to_owned())
}

/// A viewer, as a participant.
struct Shown {
    inside: Inside,
    stream: StreamName,
    subscribed: bool,
}

impl Shown {
    fn is_it(&self, stream: &room::Stream) -> bool {
        stream.name == self.stream
    }

    /// The stream is as it says now. It is shown once media comes.
    fn follow(&mut self, stream: &room::Stream) {
        if self.subscribed || !self.is_it(stream) || !stream.active {
            return;
        }
        let Inside { control, key } = &self.inside;
        self.subscribed = control.subscribe(*key, &stream.name);
    }

    async fn answered(&self, server: &Server, body: &str) -> Result<(), OpenError> {
        let Inside { control, key } = &self.inside;
        control.take_answer(*key, &server.sdp(body)?).await
    }
}
