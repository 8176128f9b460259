//! Participants that send random valid, invalid and hostile frames, and others who must not notice.

mod actions;
mod mutation;

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
}
