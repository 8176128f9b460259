//! Many clients at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::people::{Person, chat, create, join, of};
use crate::running::Running;
use crate::storm::{Chance, storm};

const ROOMS: usize = 200;
const VIEWERS: usize = 10;

/// The longest time between two pushes of one kind.
const GAP_MAX: Duration = Duration::from_secs(1);

/// How long pushes are observed.
const WATCHED: Duration = Duration::from_secs(4);

/// How often pushes are observed until all come in time. Other programs on the machine may hold up
/// 2,200 sockets for a while; a server that is too slow fails each time.
const TRIES: usize = 5;

/// Longer than it takes until all clients have joined.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tests with many sockets do not run beside each other.
static ALONE: Mutex<()> = Mutex::new(());

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A client that observes when pushes come.
struct Watcher {
    socket: Socket,
}

impl Watcher {
    async fn comes(url: &str, first: Value) -> Result<Self, Error> {
        let (mut socket, _) = connect_async(url).await?;
        socket.send(Message::Text(first.to_string().into())).await?;
        Ok(Self { socket })
    }

    /// Waits until a count says that this many people are in its room, and a list has all rooms.
    async fn settles(mut self, people: usize) -> Result<Self, Error> {
        let (mut counted, mut listed) = (false, false);
        while let Some(message) = self.socket.next().await {
            let Message::Text(text) = message? else {
                continue;
            };
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            counted |= frame["count"] == people;
            listed |= frame["info"]
                .as_array()
                .is_some_and(|all| all.len() == ROOMS);
            if counted && listed {
                break;
            }
        }
        Ok(self)
    }

    /// Observes pushes for this time. Returns the longest time without a list or without a count.
    async fn watches(&mut self, time: Duration) -> Result<Duration, Error> {
        let start = Instant::now();
        let (mut list, mut count, mut longest) = (start, start, Duration::ZERO);
        let end = start + time;
        while let Ok(message) = tokio::time::timeout_at(end.into(), self.socket.next()).await {
            if let Message::Text(text) = message.expect("the socket stays open")? {
                let is_count = text.starts_with("{\"event\":\"count\"");
                let last = if is_count { &mut count } else { &mut list };
                longest = longest.max(last.elapsed());
                *last = Instant::now();
            }
        }
        Ok(longest.max(end - list.min(count)))
    }
}

/// Waits until every watcher settles in a room of this many people.
async fn settle(watchers: Vec<Watcher>, people: usize) -> Vec<Watcher> {
    let settling = watchers.into_iter().map(|watcher| watcher.settles(people));
    let settled = tokio::time::timeout(PATIENCE, try_join_all(settling)).await;
    settled.expect("in time").expect("sockets")
}

/// Opens all rooms, and joins all viewers.
async fn crowd(url: &str) -> Vec<Watcher> {
    let mut all = Vec::new();
    let room = |room| format!("room {room}");
    let hosts = (0..ROOMS).map(|host| Watcher::comes(url, create(&room(host))));
    // A room has to exist before its viewers join.
    all.extend(settle(try_join_all(hosts).await.expect("sockets"), 1).await);
    for viewer in 0..VIEWERS {
        let name = format!("viewer {viewer}");
        let viewers = (0..ROOMS).map(|host| Watcher::comes(url, join(&room(host), &name)));
        all.extend(try_join_all(viewers).await.expect("sockets"));
    }
    settle(all, VIEWERS + 1).await
}

/// The longest time that any watcher waits for a push.
async fn longest_wait(all: &mut [Watcher]) -> Duration {
    let watched = try_join_all(all.iter_mut().map(|watcher| watcher.watches(WATCHED)));
    let longest = watched.await.expect("sockets").into_iter().max();
    longest.expect("a crowd")
}

#[test]
fn pushes_to_200_rooms_of_10_viewers_come_within_1s() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Running::start(&[]);
    let url = format!("ws://{}/rtc", server.address);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let waits: Vec<_> = runtime.block_on(async {
        let mut all = crowd(&url).await;
        let mut waits = Vec::new();
        while waits.len() < TRIES && waits.last().is_none_or(|wait| *wait > GAP_MAX) {
            waits.push(longest_wait(&mut all).await);
        }
        waits
    });
    eprintln!("the longest time between two pushes was {waits:?}");
    assert!(waits.iter().any(|wait| *wait <= GAP_MAX), "{waits:?}");
}

#[test]
fn message_storm_leaves_a_pair_undisturbed() {
    storm_beside_a_pair("direct");
}

#[test]
fn message_storm_leaves_a_pair_undisturbed_in_server_mode() {
    storm_beside_a_pair("server");
}

/// The server lets a host of such a room in while it already handles the end of the room.
#[test]
fn rooms_that_end_before_their_host_is_in_hold_up_nobody() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Running::start(&[("HEADWATER_DIALECTS__LIVE_ROOM__MEDIA", "server")]);
    let begin_or_end = |socket, chance: &mut Chance| match chance.below(2) {
        0 => create(&format!("room {socket}")).to_string(),
        _ => of("closeRoom").to_string(),
    };
    let mut chance = Chance::printed();
    let path = |_| "/rtc".to_owned();
    storm(&server.address, &mut chance, path, begin_or_end);
    let (mut host, _) = Person::hosts_for(&server, "after the storm");
    server.until(|_| host.list() == ["after the storm"]);
}

fn storm_beside_a_pair(media: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let server = Running::start(&[("HEADWATER_DIALECTS__LIVE_ROOM__MEDIA", media)]);
    let mut chance = Chance::printed();
    let hosts = |room| match media {
        "server" => Person::hosts_for(&server, room).0,
        _ => Person::hosts(&server, room),
    };
    let mut host = hosts("calm");
    let mut viewer = Person::views(&server, "calm", "lin");
    host.told();
    let over = Arc::new(AtomicBool::new(false));
    let seen = over.clone();
    let pair = std::thread::spawn(move || {
        let mut exchanges = 0;
        while !seen.load(Ordering::Relaxed) {
            let text = format!("still here {exchanges}");
            let read = [json!({ "event": "chat", "msg": text, "name": "lin" })];
            assert_eq!(viewer.says(&chat("calm", &text)), read);
            assert_eq!(host.told(), read);
            assert_eq!(host.count(), 2);
            exchanges += 1;
        }
        exchanges
    });
    storm(
        &server.address,
        &mut chance,
        |_| "/rtc".to_owned(),
        |_, chance| frame(chance),
    );
    over.store(true, Ordering::Relaxed);
    let exchanges = pair.join().expect("the pair was undisturbed");
    assert!(exchanges > 0);
    // After the storm the server still works for new clients.
    let mut host = hosts("after the storm");
    let _lin = Person::views(&server, "after the storm", "lin");
    assert_eq!(host.count(), 2);
    server.until(|_| host.list() == ["after the storm"]);
}

/// A frame that a client might send, or one that is damaged.
fn frame(chance: &mut Chance) -> String {
    let event = chance.one_of(&[
        "createRoom",
        "closeRoom",
        "joinRoom",
        "chatSend",
        "_offer",
        "_answer",
        "_ice_candidate",
        "roomsInfo",
    ]);
    let (room, own, other) = (name(chance), name(chance), name(chance));
    // A client of the storm that joined the calm room could rightly disturb the pair in it.
    let room = match event {
        "joinRoom" => room.replace("calm", "a"),
        _ => room,
    };
    let data =
        format!(r#"{{"sdp":{own},"nameA":{room},"nameB":{other},"to":{other},"from":{own}}}"#);
    let text = format!(
        r#"{{"event":"{event}","roomName":{room},"name":{own},"msg":{other},"data":{data}}}"#
    );
    match chance.below(20) {
        0 => chance.nonsense().to_owned(),
        1 => text.chars().take(chance.below(text.len())).collect(),
        _ => text,
    }
}

fn name(chance: &mut Chance) -> String {
    let names = [
        "a",
        "b",
        "c",
        "d",
        "calm",
        "lin",
        "server-0",
        "server-1",
        "__proto__",
        " ",
        "<b>",
    ];
    match chance.below(8) {
        0 => chance.nonsense().to_owned(),
        _ => json!(chance.one_of(&names)).to_string(),
    }
}
