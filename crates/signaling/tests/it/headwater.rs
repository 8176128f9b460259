//! Plays the transcripts of the Headwater protocol: how requests are read, and which frames are
//! written for the replies of the rooms that the transcript names.
//!
//! ```text
//! ### A participant writes to all                            title of a scene
//! > {"id":7,"method":"send","params":{"body":"hello"}}       a frame of the client
//! = request 7: Send(Send { … })                              the request as the dialect reads it
//! ! sent 3                                                   the reply of the rooms
//! < {"n":42,"id":7,"result":{"number":3}}                    the frame to the client
//! ```
//!
//! `HEADWATER_RECORD=1 cargo test -p headwater-signaling` records the output in the files instead.

use headwater_signaling::dialect::headwater::{self, Code, Error, Event, PeerName};
use model::{Quality, StreamName};
use room::{
    EndReason, JoinError, Message, MessageKind, Participant, ParticipantId, PublishError, Role,
    RoomName, SendError, State,
};
use rtp::Kind;

use crate::transcripts;

#[test]
fn headwater_transcripts_replay_unchanged() {
    transcripts::replay("headwater", play);
}

/// Clients read what the server writes: no field is lost or renamed.
#[test]
fn recorded_events_survive_read_and_write() {
    let mut events = 0;
    for file in transcripts::files("headwater") {
        let text = std::fs::read_to_string(&file).expect("a transcript");
        for line in text
            .lines()
            .filter_map(|line| line.strip_prefix("< {\"n\""))
        {
            let Some((_, list)) = line.split_once(",\"events\":") else {
                continue;
            };
            let list = list.strip_suffix('}').expect("a whole frame");
            let read: Vec<Event> = serde_json::from_str(list).expect("events");
            assert_eq!(headwater::events(&read), format!("\"events\":{list}"));
            events += read.len();
        }
    }
    assert!(events >= 15, "only {events} events are recorded");
}

/// Plays a transcript. Returns it with the lines with `=` and `<` replaced by the actual output.
fn play(text: &str) -> String {
    let (mut out, mut n, mut id) = (String::new(), 0, 0);
    // Frames to a client without a session have no number.
    let mut enters = false;
    for line in text.lines() {
        match line.split_at_checked(2) {
            Some(("> ", frame)) => {
                out += &format!("> {frame}\n");
                let read = headwater::read(frame);
                id = read.as_ref().map_or(id, |request| request.id);
                enters = frame.contains("\"join\"") || frame.contains("\"resume\"");
                out += &format!("= {}\n", describe(read));
            }
            Some(("! ", said)) => {
                out += &format!("! {said}\n");
                let without = enters && !said.starts_with("joined");
                n += u64::from(!without);
                let number = (!without).then_some(n);
                enters = false;
                out += &format!("< {}\n", headwater::frame(number, &body(id, said)));
            }
            Some(("= " | "< ", _)) => {}
            _ => out += &format!("{line}\n"),
        }
    }
    out
}

fn describe(read: Result<headwater::Request, Error>) -> String {
    match read {
        Err(error) => format!("the socket is closed: {}", error.message),
        Ok(request) => {
            let seen = request.seen.map(|seen| format!(", {seen} seen"));
            let (id, seen) = (request.id, seen.unwrap_or_default());
            match request.call {
                Ok(call) => format!("request {id}{seen}: {call:?}"),
                Err(error) => format!("request {id}{seen}, {}", headwater::failed(id, &error)),
            }
        }
    }
}

/// The body of the frame for this reply of the rooms.
fn body(id: u64, said: &str) -> String {
    let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
    let number = || rest.parse::<u64>().expect("a number");
    match word {
        "joined" => headwater::responded(id, &joined()),
        "resumed" => {
            let received = number();
            headwater::responded(id, &headwater::Resumed { received })
        }
        "sent" => headwater::responded(id, &headwater::Sent { number: number() }),
        "done" => headwater::responded(id, &serde_json::Map::new()),
        "published" => {
            let (stream, sdp) = (rest.to_owned(), "v=0\r\n".to_owned());
            headwater::responded(id, &headwater::Published { stream, sdp })
        }
        "restarted" => {
            let sdp = (!rest.is_empty()).then(|| rest.to_owned());
            headwater::responded(id, &headwater::Restarted { sdp })
        }
        "measured" => headwater::responded(id, &measured()),
        "refused" => headwater::failed(id, &refusal(rest)),
        "events" => {
            let events: Vec<_> = rest.split(", ").map(event).collect();
            headwater::events(&events)
        }
        other => panic!("rooms cannot say {other:?}"),
    }
}

fn refusal(said: &str) -> Error {
    let full = "rooms.participants_max";
    match said {
        "locked" => JoinError::Locked.into(),
        "full" => JoinError::Full { limit: full }.into(),
        "long name" => JoinError::TooLong {
            field: "name",
            max: 256,
        }
        .into(),
        "taken" => PublishError::Taken.into(),
        "too fast" => SendError::TooFast.into(),
        "nobody" => SendError::NotFound.into(),
        "over" => SendError::Unknown.into(),
        "own stream" => room::StreamError::Own.into(),
        "not subscribed" => room::StreamError::NotSubscribed.into(),
        "no host" => room::HostError::Forbidden.into(),
        "itself" => room::HostError::BadTarget.into(),
        "session gone" => Error::new(Code::SessionGone, "the participation has ended: join anew"),
        other => panic!("rooms cannot refuse with {other:?}"),
    }
}

/// An event of a room, or one that the server adds to them.
fn event(said: &str) -> Event {
    let ada = || ParticipantId::new("ada").expect("a good id");
    let stream = || stream_name("demo/ada");
    let of_room = match said {
        "comes" => room::Event::ParticipantJoined(participant("ada", Role::Publisher)),
        "is lost" => room::Event::ParticipantChanged(Participant {
            state: State::Lost,
            quality: Quality::Poor,
            ..participant("ada", Role::Publisher)
        }),
        "leaves" => room::Event::ParticipantLeft {
            id: ada(),
            reason: EndReason::Left,
        },
        "publishes" => room::Event::StreamAdded(stream_of_ada(false)),
        "sends" => room::Event::StreamChanged(stream_of_ada(true)),
        "stops" => room::Event::StreamRemoved(stream_of_ada(true)),
        "writes" => room::Event::Message(message(3, None)),
        "whispers" => room::Event::Message(message(4, Some("bob"))),
        "speaks" => room::Event::Speakers(vec![ada(), ParticipantId::synthetic("whip", &stream())]),
        "locks" => room::Event::RoomChanged(room(true)),
        "asks to mute" => room::Event::MuteRequested {
            stream: stream(),
            kind: Kind::Audio,
            by: ParticipantId::new("bob").expect("a good id"),
        },
        "offer" => return offer(),
        "layer" => {
            let (stream, rid) = (stream().to_string(), "h".to_owned());
            return Event::Layer { stream, rid };
        }
        "peer lost" => {
            let peer = PeerName::View;
            return Event::PeerLost { peer };
        }
        said => {
            let (reason, text) = said
                .strip_prefix("ended ")
                .unwrap_or_else(|| panic!("nothing happens that is called {said:?}"))
                .split_once(' ')
                .map_or_else(
                    || (&said[6..], None),
                    |(r, text)| (r, Some(text.to_owned())),
                );
            let reason = end_reason(reason);
            room::Event::Ended { reason, text }
        }
    };
    (&of_room).into()
}

fn end_reason(said: &str) -> EndReason {
    match said {
        "left" => EndReason::Left,
        "lost" => EndReason::Lost,
        "replaced" => EndReason::Replaced,
        "kicked" => EndReason::Kicked,
        "closed" => EndReason::Closed,
        "slow" => EndReason::Slow,
        "stopping" => EndReason::Stopping,
        other => panic!("no participation ends {other:?}"),
    }
}

fn stream_name(name: &str) -> StreamName {
    StreamName::new(name).expect("a good name")
}

fn participant(id: &str, role: Role) -> Participant {
    Participant {
        id: ParticipantId::new(id).expect("a good id"),
        name: format!("{id} \"the\" ✓"),
        role,
        metadata: "{}".to_owned(),
        state: State::Connected,
        quality: Quality::Unknown,
        joined_at: 1_700_000_000_000,
    }
}

fn room(locked: bool) -> room::Room {
    room::Room {
        name: RoomName::new("demo").expect("a good name"),
        locked,
        participants: 2,
        viewers: 1,
    }
}

fn message(number: u64, to: Option<&str>) -> Message {
    Message {
        number,
        kind: if to.is_some() {
            MessageKind::Data
        } else {
            MessageKind::Chat
        },
        from: ParticipantId::new("ada").expect("a good id"),
        name: "Ada".to_owned(),
        to: to.map(|to| ParticipantId::new(to).expect("a good id")),
        topic: to.map(|_| "cursor".to_owned()),
        body: "two\nlines\u{1}".to_owned(),
        sent_at: 1_700_000_001_000,
    }
}

fn stream_of_ada(active: bool) -> room::Stream {
    let layer = |rid: &str, width, height| room::Layer {
        rid: rid.to_owned(),
        width,
        height,
        active,
    };
    room::Stream {
        name: stream_name("demo/ada"),
        participant: ParticipantId::new("ada").expect("a good id"),
        label: None,
        metadata: String::new(),
        active,
        tracks: vec![
            room::Track {
                kind: Kind::Audio,
                source: Some("microphone".to_owned()),
                muted: true,
                codec: active.then(|| "opus".to_owned()),
                layers: Vec::new(),
            },
            room::Track {
                kind: Kind::Video,
                source: None,
                muted: false,
                codec: active.then(|| "VP8".to_owned()),
                layers: vec![layer("l", 320, 180), layer("h", 640, 360)],
            },
        ],
    }
}

fn joined() -> headwater::Joined {
    let joined = room::Joined {
        participant: participant("bob", Role::Host),
        room: room(false),
        participants: vec![participant("ada", Role::Publisher)],
        streams: vec![stream_of_ada(true)],
        messages: vec![message(2, None)],
    };
    let server = headwater::IceServer {
        urls: "turn:turn.example.net?transport=udp".to_owned(),
        username: Some("user".to_owned()),
        credential: Some("word".to_owned()),
    };
    headwater::Joined::new("00c0ffee".to_owned(), &joined, vec![server])
}

fn measured() -> headwater::Stats {
    headwater::Stats {
        bandwidth: Some(2_500_000),
        published: vec![headwater::TrackStats {
            stream: "demo/ada".to_owned(),
            kind: headwater::TrackKind::Video,
            rid: Some("h".to_owned()),
            bitrate: 1_200_000,
        }],
    }
}

fn offer() -> Event {
    Event::Offer {
        number: 1,
        sdp: "v=0\r\n".to_owned(),
        lines: vec![headwater::Line {
            mid: "0".to_owned(),
            stream: "demo/ada".to_owned(),
            kind: headwater::TrackKind::Audio,
        }],
    }
}
