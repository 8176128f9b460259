//! A participant for tests that checks every rule of the protocol that the server must keep.

mod socket;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use signaling::dialect::headwater::{EndReason, Error, Event, Joined, MessageKind, Resumed, Role};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Time limit for anything that is not stuck, even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Close code for a client that violates the protocol (RFC 6455 §7.4.1).
pub(crate) const POLICY: u16 = 1008;
/// Close code for a socket whose session a newer socket has taken over.
pub(crate) const REPLACED: u16 = 4000;
/// Close code at the end of a participation.
pub(crate) const OVER: u16 = 4001;

pub(crate) use socket::{ends, open, runtime, url};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A client with at most one socket, and at most one session.
///
/// Panics when the server skips or repeats a frame number, answers a request twice, or sends
/// anything after `ended`.
pub(crate) struct RoomClient {
    url: String,
    socket: Option<Socket>,
    session: Option<String>,
    /// Id of the latest request, including `resume`.
    id: u64,
    /// Id of the latest request except `resume`, whose ids the server does not remember.
    counted: u64,
    /// The highest frame number received.
    seen: u64,
    /// Unanswered requests: method and parameters by id.
    asked: BTreeMap<u64, (String, Box<RawValue>)>,
    /// Number of responses that requests with ids out of order still expect, by id.
    odd: BTreeMap<u64, usize>,
    /// The same for requests on a broken socket, which may not have arrived.
    odd_lost: BTreeMap<u64, usize>,
    responses: BTreeMap<u64, Response>,
    events: VecDeque<Event>,
    ended: Option<EndReason>,
    /// A `resume` from a lost socket may still arrive and replace the current socket.
    haunted: bool,
}

/// The response to a request.
pub(crate) type Response = Result<Box<RawValue>, Error>;

/// What a read from a socket returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// A frame, which the client has recorded.
    Frame,
    /// The socket was closed, with this code if the server sent one.
    Closed(Option<u16>),
}

/// Why a client could not resume its session.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The server refused `resume`.
    Refused(Error),
    /// The socket was closed before the response to `resume`.
    Closed(Option<u16>),
}

#[derive(Deserialize)]
struct Frame<'a> {
    n: Option<u64>,
    id: Option<u64>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Error>,
    events: Option<Vec<Event>>,
}

impl RoomClient {
    /// Opens a socket, without joining.
    pub(crate) async fn connect(url: &str) -> Self {
        Self {
            socket: Some(open(url).await),
            ..Self::absent(url)
        }
    }

    /// A client without a socket.
    pub(crate) fn absent(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            socket: None,
            session: None,
            id: 0,
            counted: 0,
            seen: 0,
            asked: BTreeMap::new(),
            odd: BTreeMap::new(),
            odd_lost: BTreeMap::new(),
            responses: BTreeMap::new(),
            events: VecDeque::new(),
            ended: None,
            haunted: false,
        }
    }

    /// Opens a socket and joins.
    pub(crate) async fn enter(url: &str, room: &str, id: &str, role: Role) -> (Self, Joined) {
        let mut client = Self::connect(url).await;
        let joined = client
            .join(json!({"room": room, "id": id, "role": role}))
            .await
            .expect("may join");
        (client, joined)
    }

    /// Joins over the current socket, with a new session.
    pub(crate) async fn join(&mut self, params: Value) -> Result<Joined, Error> {
        let (joined, _) = self.join_timed(params).await?;
        Ok(joined)
    }

    /// Joins. Returns the result and when it arrived.
    pub(crate) async fn join_timed(&mut self, params: Value) -> Result<(Joined, Instant), Error> {
        assert!(self.session.is_none(), "joined already");
        let result = self.request("join", params).await?;
        let answered = Instant::now();
        let joined: Joined = serde_json::from_str(result.get()).expect("the result of join");
        assert_eq!(self.seen, 1, "the response to join is the first frame");
        self.session = Some(joined.session.clone());
        Ok((joined, answered))
    }

    /// Whether the client has a socket that is not known to be closed.
    pub(crate) fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// The secret of the session.
    pub(crate) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The highest frame number received.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// The id of the latest request except `resume`.
    pub(crate) fn last_id(&self) -> u64 {
        self.counted
    }

    /// Whether a late `resume` of a lost socket may still replace the current socket.
    pub(crate) fn is_haunted(&self) -> bool {
        self.haunted
    }

    /// Why the participation ended, if it has.
    pub(crate) fn ended(&self) -> Option<EndReason> {
        self.ended
    }

    /// Sends a request and waits for its response.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Response {
        let id = self.ask(method, params).await;
        self.response(id).await
    }

    /// Sends a request. Returns its id.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> u64 {
        let params = to_raw_value(&params).expect("JSON");
        self.ask_as(self.id.saturating_add(1), method, params).await
    }

    /// Sends a request with this id. The server must refuse an id that is not higher than all
    /// before.
    pub(crate) async fn ask_as(&mut self, id: u64, method: &str, params: Box<RawValue>) -> u64 {
        let text = request(id, method, &params, self.seen);
        if id > self.counted {
            (self.id, self.counted) = (id.max(self.id), id);
            self.asked.insert(id, (method.to_owned(), params));
        } else {
            *self.odd.entry(id).or_default() += 1;
        }
        self.send(Message::Text(text.into())).await;
        id
    }

    /// Sends any message. If the socket breaks meanwhile, the next read tells.
    pub(crate) async fn send(&mut self, message: Message) {
        let socket = self.socket.as_mut().expect("a socket");
        let sent = tokio::time::timeout(PATIENCE, socket.send(message)).await;
        sent.expect("the server takes what is sent").ok();
    }

    /// Waits for the response to a request.
    pub(crate) async fn response(&mut self, id: u64) -> Response {
        loop {
            if let Some(response) = self.take_response(id) {
                return response;
            }
            let incoming = self.read().await;
            assert_eq!(incoming, Incoming::Frame, "before the response to {id}");
        }
    }

    /// Takes the response to a request, if it has arrived.
    pub(crate) fn take_response(&mut self, id: u64) -> Option<Response> {
        self.responses.remove(&id)
    }

    /// Waits for the next event, in the order of the frames.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let incoming = self.read().await;
            assert_eq!(incoming, Incoming::Frame, "before an event");
        }
    }

    /// Waits for the next event for which `is` returns a value, and skips others.
    pub(crate) async fn event_that<T>(&mut self, is: impl Fn(Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = is(self.event().await) {
                return found;
            }
        }
    }

    /// Takes all events that have arrived.
    pub(crate) fn take_events(&mut self) -> impl Iterator<Item = Event> {
        std::mem::take(&mut self.events).into_iter()
    }

    /// Whether a request is unanswered.
    pub(crate) fn waits(&self) -> bool {
        !self.asked.is_empty() || !self.odd.is_empty()
    }

    /// The unanswered requests, for messages.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        let asked = self.asked.iter();
        let asked = asked.map(|(id, (method, _))| format!("{id} {method}"));
        let odd = self.odd.keys().map(|id| format!("{id} out of order"));
        asked.chain(odd).collect()
    }

    /// Takes the responses that have arrived. Returns their errors; `None` for a result.
    pub(crate) fn take_responses(&mut self) -> Vec<Option<Error>> {
        let responses = std::mem::take(&mut self.responses);
        responses.into_values().map(Result::err).collect()
    }

    /// Waits for the next frame or the close.
    pub(crate) async fn read(&mut self) -> Incoming {
        let reading = tokio::time::timeout(PATIENCE, self.next()).await;
        reading.unwrap_or_else(|_| {
            let waiting = self.unanswered();
            panic!("nothing came for {PATIENCE:?}; not answered: {waiting:?}")
        })
    }

    /// Reads all that has arrived, without waiting. Returns how the socket was closed, if it was.
    pub(crate) fn read_ready(&mut self) -> Option<Incoming> {
        while self.is_connected()
            && let Some(incoming) = self.next().now_or_never()
        {
            if incoming != Incoming::Frame {
                return Some(incoming);
            }
        }
        None
    }

    async fn next(&mut self) -> Incoming {
        loop {
            let Some(socket) = &mut self.socket else {
                return Incoming::Closed(None);
            };
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    self.take(&text);
                    return Incoming::Frame;
                }
                Some(Ok(Message::Close(frame))) => {
                    // The flush sends the answer to the close.
                    socket.flush().await.ok();
                    self.socket = None;
                    return Incoming::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(Message::Binary(_))) => panic!("the server sends text"),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    self.socket = None;
                    return Incoming::Closed(None);
                }
            }
        }
    }

    /// Checks and records a frame.
    fn take(&mut self, text: &str) {
        let frame: Frame<'_> = serde_json::from_str(text).expect("a frame of the protocol");
        assert_eq!(self.ended, None, "a frame after the last: {text}");
        if let Some(n) = frame.n {
            assert_eq!(n, self.seen + 1, "numbers have no gaps: {text}");
            self.seen = n;
        } else {
            assert!(self.session.is_none(), "no number: {text}");
        }
        if let Some(events) = frame.events {
            assert!(!events.is_empty(), "an event at least: {text}");
            if let Some(Event::Ended { reason, .. }) = events.last() {
                self.ended = Some(*reason);
            }
            self.events.extend(events);
            return;
        }
        let id = frame.id.expect("a response or events");
        let response = match (frame.result, frame.error) {
            (Some(result), None) => Ok(result.to_owned()),
            (None, Some(error)) => Err(error),
            _ => panic!("neither a result nor an error, or both: {text}"),
        };
        if self.asked.remove(&id).is_none() {
            let error = response.expect_err("a result for who did not ask");
            let lost = &mut self.odd_lost;
            let found = take_one(&mut self.odd, id) || take_one(lost, id);
            assert!(found, "the second response to {id}: {error:?}");
            return;
        }
        self.responses.insert(id, response);
    }

    /// Drops the socket without a close, as when the network fails. Unread frames are lost.
    pub(crate) fn drop_socket(&mut self) {
        self.socket = None;
    }

    /// Closes the socket in order. Returns whether the server answered with a close.
    pub(crate) async fn close_socket(&mut self) -> bool {
        let Some(socket) = &mut self.socket else {
            return true;
        };
        // The server returns the code.
        let bye = CloseFrame {
            code: CloseCode::Normal,
            reason: "".into(),
        };
        if socket.close(Some(bye)).await.is_err() {
            self.socket = None;
            return false;
        }
        loop {
            match self.read().await {
                Incoming::Frame => {}
                Incoming::Closed(code) => return code.is_some(),
            }
        }
    }

    /// Resumes the session over a new socket, and repeats the requests that the server has not
    /// received. The old socket, if there is one, stays open meanwhile and is returned.
    pub(crate) async fn resume(&mut self) -> Result<Option<Socket>, Lost> {
        let old = self.socket.take();
        let mut socket = self.ask_to_resume().await;
        let received = self.resumed(&mut socket).await?;
        self.socket = Some(socket);
        let again = self.asked.iter().filter(|(id, _)| **id > received);
        let again: Vec<_> = again
            .map(|(id, (method, params))| request(*id, method, params, self.seen))
            .collect();
        for text in again {
            self.send(Message::Text(text.into())).await;
        }
        Ok(old)
    }

    /// Sends `resume` and drops the new socket before it has received anything.
    pub(crate) async fn vanish_while_resuming(&mut self) {
        self.socket = None;
        self.haunted = true;
        self.ask_to_resume().await;
    }

    /// Opens a new socket and sends `resume` over it.
    async fn ask_to_resume(&mut self) -> Socket {
        let mut socket = open(&self.url).await;
        let session = self.session.as_deref().expect("a session");
        self.id = self.id.saturating_add(1);
        let params = to_raw_value(&json!({"session": session, "seen": self.seen})).expect("JSON");
        let text = request(self.id, "resume", &params, self.seen);
        socket.send(Message::Text(text.into())).await.ok();
        self.lose_odd();
        socket
    }

    /// Waits for the response to `resume`, which comes first and has no frame number. Returns the
    /// highest id that the server has received.
    async fn resumed(&mut self, socket: &mut Socket) -> Result<u64, Lost> {
        loop {
            let next = tokio::time::timeout(PATIENCE, socket.next()).await;
            match next.expect("an answer to resume") {
                Some(Ok(Message::Text(text))) => {
                    let frame: Frame<'_> = serde_json::from_str(&text).expect("a frame");
                    assert_eq!((frame.n, frame.id), (None, Some(self.id)), "{text}");
                    if let Some(error) = frame.error {
                        return Err(Lost::Refused(error));
                    }
                    let result = frame.result.expect("a result").get();
                    let resumed: Resumed = serde_json::from_str(result).expect("of resume");
                    return Ok(resumed.received);
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(Lost::Closed(frame.map(|frame| frame.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Lost::Closed(None)),
            }
        }
    }

    fn lose_odd(&mut self) {
        for (id, count) in std::mem::take(&mut self.odd) {
            *self.odd_lost.entry(id).or_default() += count;
        }
    }

    /// Sends a chat message to all. Returns its number.
    pub(crate) async fn say(&mut self, body: &str) -> u64 {
        let params = json!({"kind": MessageKind::Chat, "body": body});
        let result = self.request("send", params).await.expect("may write");
        let sent: signaling::dialect::headwater::Sent =
            serde_json::from_str(result.get()).expect("the result of send");
        sent.number
    }

    /// Leaves. Returns when the server has ended the participation and closed the socket.
    pub(crate) async fn leave(mut self) {
        let id = self.ask("leave", json!({})).await;
        self.response(id).await.expect("may leave");
        while self.ended.is_none() {
            assert_eq!(self.read().await, Incoming::Frame, "before the end");
        }
        assert_eq!(self.ended, Some(EndReason::Left));
        assert_eq!(self.read().await, Incoming::Closed(Some(OVER)));
    }
}

/// Writes a request.
fn request(id: u64, method: &str, params: &RawValue, seen: u64) -> String {
    let method = Value::from(method);
    format!("{{\"id\":{id},\"method\":{method},\"params\":{params},\"seen\":{seen}}}")
}

fn take_one(counts: &mut BTreeMap<u64, usize>, id: u64) -> bool {
    let Some(count) = counts.get_mut(&id) else {
        return false;
    };
    *count -= 1;
    if *count == 0 {
        counts.remove(&id);
    }
    true
}
