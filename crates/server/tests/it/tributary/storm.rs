//! Twenty sockets that send random commands, to any peer whose id they know.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{Barrier, mpsc};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::storm::Chance;

const SOCKETS: usize = 20;
const FRAMES: usize = 1_000;
const MAX_LISTENERS: usize = 3;

/// Peer ids that the sockets remember, the latest ones only.
const KNOWN_MAX: usize = 40;

/// Longer than a storm takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn random_frames_of_20_sockets_leave_every_peer_reachable() {
    let server = server(3);
    let mut chance = Chance::printed();
    let runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    let mut bystander = Peer::comes(&server, "bystander");
    let url = format!("ws://{}/api/ws", server.address);
    let (known, barrier) = (Arc::default(), Arc::new(Barrier::new(SOCKETS)));
    let sockets: Vec<_> = (0..SOCKETS)
        .map(|number| {
            let chance = Chance::new(chance.below(1 << 30) as u64);
            let (known, barrier) = (Arc::clone(&known), Arc::clone(&barrier));
            runtime.spawn(rage(url.clone(), number, chance, known, barrier))
        })
        .collect();
    let all = futures_util::future::try_join_all(sockets);
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, all).await });
    ended.expect("a storm passes").expect("nobody panics");
    bystander.hears_nothing();
}

/// Sends a thousand frames over one socket. Then all sockets leave their broadcasts, the first
/// starts another one, and the rest join it.
async fn rage(
    url: String,
    number: usize,
    chance: Chance,
    known: Arc<Mutex<Vec<String>>>,
    barrier: Arc<Barrier>,
) {
    let mut socket = Socket::open(url, number, chance, known).await;
    for _ in 0..FRAMES {
        let frame = socket.random_frame();
        socket.send(&frame).await;
        while let Ok(frame) = socket.coming.try_recv() {
            socket.hear(frame).await;
        }
        if socket.coming.is_closed() && socket.coming.is_empty() {
            socket.reopen().await;
        }
    }
    socket.reopen_if_closed().await;
    socket.send(r#"{"command":"LEAVE_BROADCAST"}"#).await;
    socket.meet(&barrier).await;
    if number == 0 {
        socket
            .send(r#"{"command":"START_BROADCAST","name":"last","peerName":"0"}"#)
            .await;
        socket.told("START_BROADCAST_RECEIVED").await;
    }
    socket.meet(&barrier).await;
    if number > 0 {
        socket.join("last", true).await;
        socket.until(|frame| frame["answer"]["last"] == true).await;
    }
    socket.meet(&barrier).await;
    if number == 0 {
        socket
            .send(r#"{"command":"SUBSCRIBE_TO_TREE_STATE","name":"last"}"#)
            .await;
        socket.told("SUBSCRIBE_TO_TREE_STATE_RECEIVED").await;
        let tree = socket.told("TREE_STATE_CHANGED").await;
        let names = checked(&tree["tree"]);
        let all: BTreeSet<_> = (0..SOCKETS).map(|number| number.to_string()).collect();
        assert_eq!(names, all, "all are in the tree");
    }
}

type Sending = futures_util::stream::SplitSink<
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
    Message,
>;

struct Socket {
    url: String,
    number: usize,
    chance: Chance,
    known: Arc<Mutex<Vec<String>>>,
    sending: Sending,
    coming: mpsc::UnboundedReceiver<Value>,
}

impl Socket {
    async fn open(
        url: String,
        number: usize,
        chance: Chance,
        known: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let (sending, coming) = connect(&url).await;
        Self {
            url,
            number,
            chance,
            known,
            sending,
            coming,
        }
    }

    async fn reopen(&mut self) {
        (self.sending, self.coming) = connect(&self.url).await;
    }

    /// Checks that the last frames were read, and connects again when the server has closed the
    /// socket.
    async fn reopen_if_closed(&mut self) {
        self.send(r#"{"command":"DANCE"}"#).await;
        loop {
            match self.coming.recv().await {
                Some(frame) if frame["message"] == "Unknown command: DANCE" => return,
                Some(frame) => self.hear(frame).await,
                None => return self.reopen().await,
            }
        }
    }

    async fn send(&mut self, frame: &str) {
        // Reading notices a socket that the server has closed.
        let sent = self.sending.send(Message::Text(frame.into())).await;
        drop(sent);
    }

    async fn join(&mut self, name: &str, last: bool) {
        let frame = json!({
            "command": "JOIN_BROADCAST", "name": name,
            "peerName": self.number.to_string(), "offer": { "last": last },
        });
        self.send(&frame.to_string()).await;
    }

    /// Waits for all other sockets, and answers requests to relay meanwhile.
    async fn meet(&mut self, barrier: &Barrier) {
        // Once this is answered, all that was sent before is carried out.
        self.send(r#"{"command":"FETCH_CONFIG"}"#).await;
        self.told("FETCH_CONFIG_RECEIVED").await;
        let all = barrier.wait();
        tokio::pin!(all);
        loop {
            tokio::select! {
                _ = &mut all => return,
                frame = self.coming.recv() => {
                    let frame = frame.expect("the server lives");
                    self.hear(frame).await;
                }
            }
        }
    }

    async fn told(&mut self, command: &str) -> Value {
        self.until(|frame| frame["command"] == command).await
    }

    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.coming.recv().await.expect("the server lives");
            if holds(&frame) {
                return frame;
            }
            self.hear(frame).await;
        }
    }

    /// Remembers peer ids, answers most requests to relay, and checks trees.
    async fn hear(&mut self, frame: Value) {
        if let Some(peer) = frame["peer"].as_str() {
            let mut known = self.known.lock().expect("nobody panics");
            known.push(peer.to_owned());
            let surplus = known.len().saturating_sub(KNOWN_MAX);
            known.drain(..surplus);
        }
        match frame["command"].as_str().expect("a command") {
            "RELAY_BROADCAST" => {
                let last = frame["offer"]["last"].clone();
                if last == true || self.chance.below(4) > 0 {
                    let answer = json!({
                        "command": "RELAY_BROADCAST_RECEIVED",
                        "peer": frame["peer"], "answer": { "last": last },
                    });
                    self.send(&answer.to_string()).await;
                }
            }
            "RECONNECT_TO_BROADCAST" => {
                let name = frame["name"].as_str().expect("a name").to_owned();
                self.join(&name, false).await;
            }
            "TREE_STATE_CHANGED" => drop(checked(&frame["tree"])),
            _ => {}
        }
    }

    fn random_frame(&mut self) -> String {
        let known = self.known.lock().expect("nobody panics").clone();
        let chance = &mut self.chance;
        let name = chance.one_of(&["derby", "gala", "third", ""]).to_owned();
        let peer = match known.len() {
            0 => "nobody".to_owned(),
            count => known[chance.below(count)].clone(),
        };
        let frame = match chance.below(24) {
            0 => json!({ "command": "FETCH_CONFIG" }),
            1..4 => json!({ "command": "START_BROADCAST", "name": name }),
            4 => json!({ "command": "END_BROADCAST", "name": name }),
            5..12 => json!({ "command": "JOIN_BROADCAST", "name": name, "offer": {} }),
            12 => json!({ "command": "LEAVE_BROADCAST", "name": name }),
            13..16 => json!({ "command": "RELAY_BROADCAST_RECEIVED", "peer": peer, "answer": {} }),
            16..19 => json!({ "command": "ICE_CANDIDATES", "peer": peer, "candidates": [] }),
            19 => json!({ "command": "ICE_CANDIDATES_RECEIVED", "peer": peer }),
            20 => json!({ "command": "SUBSCRIBE_TO_TREE_STATE", "name": name }),
            21 => json!({ "command": "UNSUBSCRIBE_FROM_TREE_STATE", "name": name }),
            22 => return chance.nonsense().to_owned(),
            _ if chance.below(10) == 0 => return "no JSON: the socket is closed".to_owned(),
            _ => {
                let (field, nonsense) =
                    (chance.one_of(&["name", "offer", "peer"]), chance.nonsense());
                return format!("{{\"command\":\"JOIN_BROADCAST\",\"{field}\":{nonsense}}}");
            }
        };
        frame.to_string()
    }
}

/// Opens a socket that is read all the time: the server closes one that is not.
async fn connect(url: &str) -> (Sending, mpsc::UnboundedReceiver<Value>) {
    let (stream, _) = connect_async(url).await.expect("the server takes sockets");
    let (sending, mut coming) = stream.split();
    let (frames, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = coming.next().await {
            if let Message::Text(text) = message {
                let frame = serde_json::from_str(&text).expect("JSON");
                if frames.send(frame).is_err() {
                    return;
                }
            }
        }
    });
    (sending, received)
}

/// The names in a tree, after a check that each peer is in it once and relays to at most
/// [`MAX_LISTENERS`] others.
fn checked(tree: &Value) -> BTreeSet<String> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![tree];
    while let Some(node) = open.pop() {
        assert!(
            ids.insert(node["id"].as_str().expect("an id")),
            "twice: {tree}"
        );
        let children = node["children"].as_array().expect("children");
        assert!(children.len() <= MAX_LISTENERS, "too many: {tree}");
        names.insert(node["name"].as_str().expect("a name").to_owned());
        open.extend(children);
    }
    names
}
