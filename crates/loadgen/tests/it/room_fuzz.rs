//! Participants that send random valid, invalid and hostile frames, and others who must not notice.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use signaling::dialect::headwater::{Code, EndReason, Event, Message, Role};
use tokio_tungstenite::tungstenite::{Bytes, Message as Frame};

use crate::room_client::{Incoming, Lost, OVER, POLICY, REPLACED, RoomClient, ends, runtime, url};
use crate::server::Server;
use crate::stream::offer;

const SOCKETS: usize = 50;
const STEPS: usize = 300;

/// Few rooms, so that the participants meet.
const ROOMS: [&str; 5] = ["aria", "bolero", "canon", "duet", "etude"];

/// Maximum size of a frame in bytes (`limits.frame_bytes_max`).
const FRAME_MAX: usize = 262_144;

/// Time limit for all rooms to end. An empty room ends after 30 seconds; this test closes its
/// rooms.
const END_MAX: Duration = Duration::from_secs(45);

#[test]
fn hostile_participants_harm_neither_server_nor_others() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("HEADWATER_FUZZ_SEED").unwrap_or_else(|| fastrand::u64(..));
    let steps = number("HEADWATER_FUZZ_STEPS").map_or(STEPS, |steps| steps as usize);
    eprintln!("HEADWATER_FUZZ_SEED={seed}, {steps} steps of {SOCKETS} participants");
    let mut server = Server::start(&[
        ("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "10000"),
        ("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "3"),
    ]);
    runtime().block_on(all(&url(&server), seed, steps));
    server.assert_unharmed();
    let start = Instant::now();
    loop {
        let left = ["rooms", "participants", "sessions"].map(|name| server.metric(name));
        if left == [0; 3] {
            break;
        }
        assert!(
            start.elapsed() < END_MAX,
            "rooms, participants, sessions left: {left:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    server.assert_unharmed();
}

async fn all(url: &str, seed: u64, steps: usize) {
    let tasks = tokio::task::LocalSet::new();
    let over = Rc::new(Cell::new(false));
    let quiet = tasks.spawn_local(talk(url.to_owned(), over.clone()));
    let offers: Rc<[String]> = [offer(&[]), offer(&["l", "m", "h"])].into();
    let fuzzers: Vec<_> = (0..SOCKETS)
        .map(|index| {
            let seed = seed.wrapping_add(index as u64);
            let fuzzer = Fuzzer::new(url, index, seed, offers.clone());
            tasks.spawn_local(fuzzer.run(steps))
        })
        .collect();
    let ending = async {
        let mut tally = Tally::default();
        for fuzzer in fuzzers {
            tally.add(fuzzer.await.expect("no rule was broken"));
        }
        over.set(true);
        eprintln!("{tally}");
        let said = quiet.await.expect("nobody was disturbed");
        assert!(said > 10, "only {said} messages");
        for room in ROOMS {
            close(url, room).await;
        }
    };
    tasks.run_until(ending).await;
}

/// Two participants talk until the fuzzers are done, and check what they receive. Returns the
/// number of their messages.
async fn talk(url: String, over: Rc<Cell<bool>>) -> usize {
    let (mut ada, _) = RoomClient::enter(&url, "quiet", "ada", Role::Publisher).await;
    let (mut bob, _) = RoomClient::enter(&url, "quiet", "bob", Role::Viewer).await;
    let (mut rounds, mut slowest) = (0, Duration::ZERO);
    while !over.get() {
        for client in [&mut ada, &mut bob] {
            let start = Instant::now();
            client.say(&rounds.to_string()).await;
            slowest = slowest.max(start.elapsed());
        }
        rounds += 1;
        // The server accepts ten messages per second.
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    eprintln!("{rounds} messages of each of two others, answered within {slowest:?}");
    for client in [&mut ada, &mut bob] {
        let mut heard = Vec::new();
        while heard.len() < 2 * rounds {
            heard.push(client.event_that(message).await);
        }
        for (index, message) in heard.iter().enumerate() {
            let from = ["ada", "bob"][index % 2];
            let expected = (1 + index as u64, from, (index / 2).to_string());
            let message = (message.number, message.from.as_str(), message.body.clone());
            assert_eq!(message, expected);
        }
        client.request("ping", json!({})).await.expect("is there");
        assert!(!client.take_events().any(|event| message(event).is_some()));
    }
    ada.leave().await;
    let reason = EndReason::Left;
    let left = bob.event_that(|event| match event {
        Event::ParticipantLeft { id, reason } => Some((id, reason)),
        Event::ParticipantChanged { participant } => panic!("disturbed: {participant:?}"),
        _ => None,
    });
    assert_eq!(left.await, ("ada".to_owned(), reason));
    let closing = bob.request("host", json!({"action": "close"})).await;
    let refused = closing.expect_err("viewers close nothing");
    assert_eq!(refused.code, Code::Forbidden);
    bob.leave().await;
    close(&url, "quiet").await;
    2 * rounds
}

fn message(event: Event) -> Option<Message> {
    match event {
        Event::Message { message } => Some(message),
        _ => None,
    }
}

/// Closes a room as its host.
async fn close(url: &str, room: &str) {
    let (mut host, _) = RoomClient::enter(url, room, "closer", Role::Host).await;
    host.ask("host", json!({"action": "close"})).await;
    while host.read().await == Incoming::Frame {}
    assert_eq!(host.ended(), Some(EndReason::Closed));
}

/// Counts of the steps taken and of the responses by error code.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<&'static str, usize>,
    codes: BTreeMap<Option<Code>, usize>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:?}", self.counts)?;
        for (code, count) in &self.codes {
            write!(f, "{} {count}, ", code.map_or("results", Code::as_str))?;
        }
        Ok(())
    }
}

/// A participant that obeys no rule, except that it reads what the server sends.
struct Fuzzer {
    url: String,
    room: &'static str,
    /// The participant's id. One or two other fuzzers have the same.
    id: String,
    rng: Rng,
    client: RoomClient,
    offers: Rc<[String]>,
    /// Number and SDP of the server's last offer.
    offered: Option<(u32, String)>,
    tally: Tally,
}

impl Fuzzer {
    fn new(url: &str, index: usize, seed: u64, offers: Rc<[String]>) -> Self {
        Self {
            url: url.to_owned(),
            room: ROOMS[index % ROOMS.len()],
            id: format!("p{}", index % 33),
            rng: Rng::with_seed(seed),
            client: RoomClient::absent(url),
            offers,
            offered: None,
            tally: Tally::default(),
        }
    }

    async fn run(mut self, steps: usize) -> Tally {
        for _ in 0..steps {
            self.present().await;
            self.step().await;
            self.notice();
            if self.rng.bool() {
                self.settle().await;
            }
        }
        self.settle().await;
        self.tally
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.counts.entry(what).or_default() += 1;
    }

    /// Joins or resumes until the participant has a socket and a session.
    async fn present(&mut self) {
        loop {
            if self.client.session().is_none() || self.client.ended().is_some() {
                self.enter().await;
            } else if self.client.is_connected() {
                return;
            } else {
                self.resume().await;
            }
        }
    }

    async fn enter(&mut self) {
        self.count("join");
        self.note_responses();
        self.client = RoomClient::connect(&self.url).await;
        let role = self.rng.choice(["host", "publisher", "viewer", "hidden"]);
        let mut params = json!({"room": self.room, "id": self.id, "role": role});
        if let Err(error) = self.client.join(params.clone()).await {
            assert_eq!(error.code, Code::Locked, "{error:?}");
            params["role"] = "host".into();
            let joined = self.client.join(params).await;
            joined.expect("hosts may enter what is locked");
        }
    }

    async fn resume(&mut self) {
        self.count("resume");
        match self.client.resume().await {
            Ok(None) => {}
            Ok(Some(mut old)) => {
                let code = ends(&mut old).await;
                assert!(
                    [Some(REPLACED), Some(OVER)].contains(&code),
                    "an old socket ends with {code:?}"
                );
            }
            // Nothing has ended the session, so the server must know it.
            Err(Lost::Refused(error)) => panic!("no way back into a session: {error:?}"),
            Err(Lost::Closed(code)) => panic!("no answer to resume: {code:?}"),
        }
    }

    /// Takes the frames that have arrived, without waiting.
    fn notice(&mut self) {
        if let Some(Incoming::Closed(code)) = self.client.read_ready() {
            self.closed(code);
        }
        for event in self.client.take_events() {
            if let Event::Offer { number, sdp, .. } = event {
                self.offered = Some((number, sdp));
            }
        }
        self.note_responses();
    }

    fn note_responses(&mut self) {
        for error in self.client.take_responses() {
            let code = error.map(|error| error.code);
            *self.tally.codes.entry(code).or_default() += 1;
        }
    }

    /// Checks that the server had a reason to close the socket.
    fn closed(&mut self, code: Option<u16>) {
        match self.client.ended() {
            Some(_) => assert_eq!(code, Some(OVER)),
            None if self.client.is_haunted() => assert_eq!(code, Some(REPLACED)),
            None => panic!("closed with {code:?}"),
        }
    }

    /// Waits until every request is answered or the participation has ended.
    async fn settle(&mut self) {
        self.present_again().await;
        while self.client.waits() && self.client.ended().is_none() {
            if let Incoming::Closed(code) = self.client.read().await {
                self.closed(code);
            }
            self.present_again().await;
        }
        self.notice();
    }

    /// Resumes if the socket is gone and the participation has not ended.
    async fn present_again(&mut self) {
        while !self.client.is_connected()
            && self.client.session().is_some()
            && self.client.ended().is_none()
        {
            self.resume().await;
        }
    }

    /// Waits for the server to close the socket with one of these codes. The participation may also
    /// end meanwhile.
    async fn is_sent_away(&mut self, wanted: &[Option<u16>]) {
        loop {
            if let Incoming::Closed(code) = self.client.read().await {
                let over = match self.client.ended() {
                    Some(_) => code == Some(OVER),
                    None => code == Some(REPLACED) && self.client.is_haunted(),
                };
                assert!(over || wanted.contains(&code), "closed with {code:?}");
                return;
            }
        }
    }

    async fn step(&mut self) {
        match self.rng.u8(..24) {
            0..6 => self.good().await,
            6..9 => self.mutated().await,
            9..12 => self.media().await,
            12 => self.unreadable().await,
            13 => self.oversized().await,
            14 => self.out_of_order().await,
            15 => self.large_id().await,
            16 => self.drop_socket().await,
            17 => self.intrude().await,
            18 => self.take_over().await,
            19 => self.replace().await,
            20 => self.leave().await,
            21 => self.lie().await,
            22 => self.hurry().await,
            _ => self.host().await,
        }
    }

    /// Sends a valid request, which may not be allowed.
    async fn good(&mut self) {
        self.count("good request");
        let (method, params) = self.request();
        self.client.ask(method, params).await;
    }

    /// Sends a request with one to three random changes.
    async fn mutated(&mut self) {
        self.count("mutated request");
        let (method, mut params) = self.request();
        for _ in 0..self.rng.usize(1..4) {
            mutate(&mut self.rng, &mut params);
        }
        let unknown = ["", "Join", "sing", "\u{0}", "ping ", "publish\u{1f600}"];
        let method = if self.rng.u8(..8) == 0 {
            self.rng.choice(unknown).expect("some")
        } else {
            method
        };
        self.client.ask(method, params).await;
    }

    /// Sends a request for a peer connection, with a valid, broken or random description.
    async fn media(&mut self) {
        self.count("media request");
        let (method, params) = match self.rng.u8(..8) {
            0..3 => (
                "publish",
                json!({"tracks": self.tracks(), "sdp": self.sdp(), "label": self.label()}),
            ),
            3 => {
                let (number, offer) = self.offered.clone().unwrap_or((1, String::new()));
                let sdp = if self.rng.bool() { offer } else { self.sdp() };
                ("answer", json!({"offer": number, "sdp": sdp}))
            }
            4 => {
                let number = self.rng.u32(..5);
                ("answer", json!({"offer": number, "sdp": self.sdp()}))
            }
            5 => {
                let candidate = "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host";
                let count = self.rng.choice([0, 1, 3, 64, 65]).expect("some");
                let candidates: Vec<_> = (0..count)
                    .map(|_| {
                        if self.rng.bool() {
                            candidate.to_owned()
                        } else {
                            text(&mut self.rng, 60)
                        }
                    })
                    .collect();
                (
                    "trickle",
                    json!({"peer": self.peer(), "candidates": candidates}),
                )
            }
            6 => ("restart", json!({"peer": self.peer(), "sdp": self.sdp()})),
            _ => ("restart", json!({"peer": self.peer()})),
        };
        self.client.ask(method, params).await;
    }

    /// Sends a frame that is not a request. The server closes the socket, but not the session.
    async fn unreadable(&mut self) {
        self.count("unreadable frame");
        let deep = format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000));
        let frames = [
            String::new(),
            "hello".to_owned(),
            "{\"id\":1}".to_owned(),
            "{\"id\":-1,\"method\":\"ping\"}".to_owned(),
            "{\"id\":1e3,\"method\":\"ping\"}".to_owned(),
            "{\"id\":\"1\",\"method\":\"ping\"}".to_owned(),
            "{\"id\":18446744073709551616,\"method\":\"ping\"}".to_owned(),
            "{\"id\":1,\"method\":7}".to_owned(),
            "{\"id\":1,\"method\":\"ping\",\"seen\":-1}".to_owned(),
            "{\"id\":1,\"method\":\"ping\"}{".to_owned(),
            "[1,\"ping\",{},1]".to_owned(),
            format!("{{\"id\":1,\"method\":{deep}}}"),
            deep,
            text(&mut self.rng, 300),
        ];
        let frame = if self.rng.u8(..8) == 0 {
            Frame::Binary(Bytes::from_static(b"\x00\xffping"))
        } else {
            let frame = self.rng.choice(frames).expect("some");
            Frame::Text(frame.into())
        };
        self.client.send(frame).await;
        self.is_sent_away(&[Some(POLICY)]).await;
    }

    /// Sends a huge text. Up to the limit of a frame it is refused by a response; for a longer
    /// frame the server closes the socket.
    async fn oversized(&mut self) {
        self.count("huge text");
        let length = self.rng.choice([
            16_384,
            16_385,
            100_000,
            FRAME_MAX - 200,
            FRAME_MAX + 1,
            2 * FRAME_MAX,
        ]);
        let length = length.expect("some");
        let letter = self.rng.choice(["x", "\u{1}", "ü"]).expect("some");
        let field = self
            .rng
            .choice(["body", "topic", "name", "metadata", "sdp", "reason"]);
        let huge = if length > FRAME_MAX - 200 {
            "x".repeat(length)
        } else {
            // A JSON escape takes up to six bytes.
            letter.repeat(length / 6)
        };
        let (method, params) = match field {
            Some("body") => ("send", json!({"body": huge})),
            Some("topic") => ("send", json!({"body": "", "topic": huge})),
            Some("sdp") => ("publish", json!({"tracks": [{"mid": "0"}], "sdp": huge})),
            Some("reason") => (
                "host",
                json!({"action": "kick", "participant": "p1", "reason": huge}),
            ),
            field => ("metadata", json!({field.expect("some"): huge})),
        };
        if length <= FRAME_MAX - 200 {
            self.client.ask(method, params).await;
            return;
        }
        // Not by `ask`, which would repeat the request after `resume`.
        let frame = json!({"id": u64::MAX, "method": method, "params": params});
        self.client
            .send(Frame::Text(frame.to_string().into()))
            .await;
        // The close frame may be lost, as the server resets a connection with unread data.
        self.is_sent_away(&[Some(POLICY), None]).await;
    }

    async fn out_of_order(&mut self) {
        self.count("id out of order");
        let last = self.client.last_id();
        let id = if self.rng.bool() {
            last
        } else {
            self.rng.u64(..=last)
        };
        let (method, params) = self.request();
        self.client.ask_as(id, method, raw(&params)).await;
    }

    async fn large_id(&mut self) {
        self.count("large id");
        let last = self.client.last_id();
        let id = match self.rng.u8(..40) {
            0 => u64::MAX,
            1..20 => last.saturating_add(self.rng.u64(1..1_000)),
            _ => last.saturating_add(self.rng.u64(1..1 << 40)),
        };
        let (method, params) = self.request();
        self.client.ask_as(id, method, raw(&params)).await;
    }

    async fn drop_socket(&mut self) {
        self.count("lost socket");
        for _ in 0..self.rng.usize(..4) {
            let (method, params) = self.request();
            self.client.ask(method, params).await;
        }
        match self.rng.u8(..3) {
            0 => self.client.drop_socket(),
            1 => {
                let polite = self.client.close_socket().await;
                assert!(polite, "a close is answered");
            }
            _ => {
                // The new socket is lost too, before it has received anything.
                self.client.vanish_while_resuming().await;
            }
        }
    }

    /// A stranger without the session's secret tries to resume it and to join invalid rooms. It
    /// must not succeed or disturb others.
    async fn intrude(&mut self) {
        self.count("intruder");
        let mut intruder = RoomClient::connect(&self.url).await;
        let own = self.client.session().expect("has joined").to_owned();
        let seen = self.client.seen();
        let mut almost = own.clone();
        almost.truncate(own.len() - 1);
        let attempts = [
            json!({"session": "", "seen": 0}),
            json!({"session": "+1", "seen": 0}),
            json!({"session": almost, "seen": 0}),
            json!({"session": format!("{own}0"), "seen": 0}),
            json!({"session": text(&mut self.rng, 40), "seen": 0}),
            json!({"session": own, "seen": seen + 1_000_000}),
            json!({"session": own, "seen": u64::MAX}),
            json!({"session": format!("{:032x}", self.rng.u128(..)), "seen": seen}),
        ];
        for params in attempts {
            let refused = intruder.request("resume", params).await;
            assert_eq!(refused.expect_err("wrong").code, Code::SessionGone);
        }
        let refused = intruder.request("ping", json!({})).await;
        assert_eq!(refused.expect_err("not joined").code, Code::NotJoined);
        for room in ["", ".", "a/b", "ä", &"x".repeat(200)] {
            let refused = intruder.request("join", json!({"room": room})).await;
            assert_eq!(refused.expect_err("no room").code, Code::BadRequest);
        }
        intruder.drop_socket();
    }

    /// Resumes over a second socket. The server tells the first one that it was replaced.
    async fn take_over(&mut self) {
        self.count("takeover");
        for _ in 0..self.rng.usize(..3) {
            let (method, params) = self.request();
            self.client.ask(method, params).await;
        }
        self.resume().await;
    }

    /// Joins again with the same id, which replaces the old participation.
    async fn replace(&mut self) {
        self.count("replacement");
        let mut old = std::mem::replace(&mut self.client, RoomClient::absent(&self.url));
        self.enter().await;
        while let Incoming::Frame = old.read().await {}
        let Some(ended) = old.ended() else {
            assert!(old.is_haunted(), "who is replaced is told so");
            return;
        };
        let reasons = [EndReason::Replaced, EndReason::Kicked, EndReason::Closed];
        assert!(reasons.contains(&ended), "{ended:?}");
    }

    async fn leave(&mut self) {
        self.count("leave");
        if self.client.last_id() == u64::MAX {
            // No higher id is left, so the server refuses every request.
            return;
        }
        let id = self.client.ask("leave", json!({})).await;
        // After a successful `leave` the server ignores this request; else it refuses both.
        if self.rng.bool() {
            self.client.ask("ping", json!({})).await;
        }
        loop {
            let incoming = self.client.read().await;
            let response = self.client.take_response(id);
            if let Some(Err(refused)) = response {
                assert_eq!(refused.code, Code::TooFast);
                return;
            }
            if incoming != Incoming::Frame {
                break;
            }
        }
        let ended = self.client.ended().is_some();
        assert!(ended || self.client.is_haunted(), "who has left is told so");
    }

    /// Claims to have seen frames that were never sent. This may harm only its own session, which
    /// is given up.
    async fn lie(&mut self) {
        self.count("lie");
        let seen = self.client.seen() + self.rng.u64(1..1 << 50);
        let frame =
            json!({"id": self.client.last_id().saturating_add(1), "method": "ping", "seen": seen});
        self.client
            .send(Frame::Text(frame.to_string().into()))
            .await;
        self.client = RoomClient::absent(&self.url);
    }

    /// Sends many requests at once.
    async fn hurry(&mut self) {
        self.count("burst");
        for _ in 0..self.rng.usize(..120) {
            self.client.ask("ping", json!({})).await;
        }
    }

    async fn host(&mut self) {
        self.count("host action");
        let somebody = format!("p{}", self.rng.u8(..35));
        let params = match self.rng.u8(..20) {
            0 => json!({"action": "close", "reason": "enough"}),
            1..6 => json!({"action": "kick", "participant": somebody, "reason": "you know why"}),
            6..8 => json!({"action": "lock"}),
            8..16 => json!({"action": "unlock"}),
            16 => json!({"action": "kick"}),
            _ => json!({"action": "mute", "stream": self.stream(), "kind": self.kind()}),
        };
        self.client.ask("host", params).await;
    }

    fn request(&mut self) -> (&'static str, Value) {
        let rng = &mut self.rng;
        match rng.u8(..14) {
            0..4 => {
                let length = rng.usize(..200);
                ("send", json!({"body": text(rng, length)}))
            }
            4 => {
                let to = format!("p{}", rng.u8(..35));
                (
                    "send",
                    json!({"kind": "data", "to": to, "topic": "t", "body": "psst"}),
                )
            }
            5 => ("ping", json!({})),
            6 => ("stats", json!({})),
            7 => (
                "metadata",
                json!({"name": text(rng, 20), "metadata": text(rng, 100)}),
            ),
            8 => ("unpublish", json!({"stream": self.stream()})),
            9 => (
                "mute",
                json!({"stream": self.stream(), "kind": self.kind(), "muted": self.rng.bool()}),
            ),
            10 => ("subscribe", json!({"stream": self.stream()})),
            11 => (
                "unsubscribe",
                json!({"stream": self.stream(), "kinds": [self.kind()]}),
            ),
            12 => ("join", json!({"room": self.room})),
            _ => {
                let (width, height) = (self.rng.u32(..), self.rng.u32(..));
                let paused = self.rng.bool();
                (
                    "layers",
                    json!({"stream": self.stream(), "paused": paused, "width": width, "height": height}),
                )
            }
        }
    }

    fn stream(&mut self) -> String {
        let label = self
            .rng
            .choice(["", "", "~screen", "~", "/x"])
            .expect("some");
        format!("{}/p{}{label}", self.room, self.rng.u8(..35))
    }

    fn label(&mut self) -> Value {
        let labels = [
            Value::Null,
            Value::Null,
            "screen".into(),
            "b".into(),
            "a/b".into(),
            "".into(),
            "~~".into(),
        ];
        self.rng.choice(labels).expect("some")
    }

    fn kind(&mut self) -> &'static str {
        self.rng.choice(["audio", "video"]).expect("some")
    }

    fn peer(&mut self) -> &'static str {
        self.rng.choice(["publish", "view"]).expect("some")
    }

    fn tracks(&mut self) -> Value {
        let tracks = [
            json!([{"mid": "0", "source": "microphone"}, {"mid": "1", "source": "camera"}]),
            json!([{"mid": "0"}]),
            json!([{"mid": "1", "layers": [{"rid": "l", "width": 0, "height": 4_294_967_295_u32}]}]),
            json!([]),
            json!([{"mid": "0"}, {"mid": "0"}]),
            json!([{"mid": "nowhere"}]),
            Value::Array(vec![json!({"mid": "0"}); 1_000]),
        ];
        let first = self.rng.bool();
        let [usual, ..] = &tracks;
        if first {
            usual.clone()
        } else {
            self.rng.choice(tracks).expect("some")
        }
    }

    /// A session description: valid, broken, or random text.
    fn sdp(&mut self) -> String {
        let rng = &mut self.rng;
        let offer = rng.choice(self.offers.iter()).expect("some").clone();
        match rng.u8(..8) {
            0..4 => offer,
            4..7 => worse(rng, &offer),
            _ => text(rng, 500),
        }
    }
}

/// Returns a description with lines dropped, repeated, swapped, cut or extended.
fn worse(rng: &mut Rng, sdp: &str) -> String {
    let mut lines: Vec<String> = sdp.lines().map(str::to_owned).collect();
    for _ in 0..rng.usize(1..6) {
        let (at, other) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..5) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => lines[at] = lines[at].chars().take(rng.usize(..8)).collect(),
            _ => lines[at] += " 4294967296 -1 99999999999999999999",
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\r\n")
}

/// Makes one random change somewhere in a value.
fn mutate(rng: &mut Rng, value: &mut Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() && rng.u8(..4) > 0 => {
            let at = rng.usize(..fields.len());
            let name = fields.keys().nth(at).expect("in range").clone();
            match rng.u8(..4) {
                0 => drop(fields.remove(&name)),
                1 => {
                    let value = fields.remove(&name).expect("is there");
                    fields.insert(name + "x", value);
                }
                _ => mutate(rng, &mut fields[&name]),
            }
        }
        Value::Array(items) if !items.is_empty() && rng.u8(..4) > 0 => {
            let at = rng.usize(..items.len());
            mutate(rng, &mut items[at]);
        }
        value => *value = anything(rng),
    }
}

fn anything(rng: &mut Rng) -> Value {
    match rng.u8(..11) {
        0 => Value::Null,
        1 => true.into(),
        2 => rng.i64(..).into(),
        3 => u64::MAX.into(),
        4 => (-1.5e300).into(),
        5 => Value::Array(Vec::new()),
        6 => json!({"a": {"b": []}}),
        7 => text(rng, 30).into(),
        8 => "x".repeat(rng.usize(..40_000)).into(),
        9 => Value::Array(vec![Value::Null; 500]),
        // Deeper than most parsers accept.
        _ => (0..rng.usize(1..400)).fold(Value::Null, |inner, _| Value::Array(vec![inner])),
    }
}

fn text(rng: &mut Rng, length: usize) -> String {
    let mut text = String::new();
    for _ in 0..length {
        let c = match rng.u8(..10) {
            0 => char::from(rng.u8(..32)),
            1 => rng.char('\u{80}'..),
            _ => char::from(rng.u8(b' '..=b'~')),
        };
        write!(text, "{c}").expect("a String takes everything");
    }
    text
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("JSON")
}
