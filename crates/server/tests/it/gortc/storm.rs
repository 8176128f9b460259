//! Many users that send valid and invalid requests at random.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::user::User;
use crate::offer;
use crate::running::Running;
use crate::storm::Chance;

const USERS: usize = 20;
const REQUESTS: usize = 1_000;

/// Longer than a storm takes.
const PATIENCE: Duration = Duration::from_secs(180);

/// The longest time that users outside the storm may wait for an answer.
const DISTURBED_MAX: Duration = Duration::from_secs(5);

const METHODS: [&str; 11] = [
    "join",
    "leave",
    "keepalive",
    "publish",
    "unpublish",
    "subscribe",
    "unsubscribe",
    "broadcast",
    "getusers",
    "getpubs",
    "fly",
];

/// A request with this id. Each of its fields is nonsense in one case of eight.
fn request(id: usize, offer: &str, chance: &mut Chance) -> String {
    let some = |chance: &mut Chance, all: &[&str]| chance.one_of(all).to_owned();
    let quoted = |text: String| json!(text).to_string();
    let field = |chance: &mut Chance, good: String| match chance.below(8) {
        0 => chance.nonsense().to_owned(),
        _ => good,
    };
    let method = quoted(some(chance, &METHODS));
    let rid = quoted(some(chance, &["one", "two", "a/b", "*"]));
    let mid = quoted(some(
        chance,
        &["u1#000000", "u2#/one/x", "whip~a#/one/a", "", "#"],
    ));
    // Offers are slow to answer: one in thirty is a real one.
    let sdp = quoted(match chance.below(30) {
        0 => offer.to_owned(),
        _ => "v=0".to_owned(),
    });
    let jsep = format!("{{\"type\":\"offer\",\"sdp\":{}}}", field(chance, sdp));
    let sfuid = quoted(some(chance, &["local_sfu_1", "another", ""]));
    let method = field(chance, method);
    let data = format!(
        "{{\"rid\":{},\"mid\":{},\"sid\":\"x\",\"jsep\":{},\"minfo\":{},\"sfuid\":{},\"data\":{}}}",
        field(chance, rid),
        field(chance, mid),
        field(chance, jsep),
        field(chance, "{}".to_owned()),
        field(chance, sfuid),
        chance.nonsense(),
    );
    let data = field(chance, data);
    format!("{{\"request\":true,\"id\":{id},\"method\":{method},\"data\":{data}}}")
}

/// Sends all requests. Returns the number of responses to each id.
async fn answers(url: String, requests: Vec<String>) -> BTreeMap<u64, usize> {
    let (stream, _) = connect_async(&url).await.expect("a socket");
    let (mut sending, mut coming) = stream.split();
    let reading = tokio::spawn(async move {
        let mut answers: BTreeMap<u64, usize> = BTreeMap::new();
        while answers.len() < REQUESTS {
            let message = coming.next().await.expect("open").expect("a whole frame");
            let Message::Text(text) = message else {
                continue;
            };
            // Broadcasts of others may hold numbers that are out of range for serde_json, such as
            // 1e999.
            if text.starts_with("{\"response\":true") {
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                let id = frame["id"].as_u64().expect("an id");
                *answers.entry(id).or_default() += 1;
            }
        }
        answers
    });
    for (index, request) in requests.into_iter().enumerate() {
        // A malformed frame gets no response, and must do no harm either.
        if index % 10 == 0 {
            let nonsense = Message::Text("{\"request\":1,\"id\":".into());
            sending.send(nonsense).await.expect("open");
        }
        sending
            .send(Message::Text(request.into()))
            .await
            .expect("open");
    }
    reading.await.expect("reading does not fail")
}

#[test]
fn each_storm_request_gets_one_answer_and_disturbs_nobody() {
    let server = Running::start(&[]);
    let mut chance = Chance::printed();
    let offer = offer::publishing();
    let plans: Vec<(String, Vec<String>)> = (0..USERS)
        .map(|user| {
            let requests = (0..REQUESTS).map(|id| request(id, &offer, &mut chance));
            let url = format!("ws://{}/ws?peer=u{user}", server.address);
            (url, requests.collect())
        })
        .collect();
    let storm = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().expect("a runtime");
        let all = plans.into_iter();
        let all = all.map(|(url, requests)| answers(url, requests));
        let all = async { tokio::time::timeout(PATIENCE, join_all(all)).await };
        runtime.block_on(all).expect("a storm passes")
    });

    let mut kai = User::join(&server, "kai", "quiet");
    let mut rio = User::join(&server, "rio", "quiet");
    assert_eq!(kai.told().0, "peer-join");
    let mut rounds = 0_u32;
    while !storm.is_finished() {
        let start = Instant::now();
        rio.done("keepalive", &json!({ "rid": "quiet" }));
        let said = json!({ "rid": "quiet", "data": rounds });
        rio.done("broadcast", &said);
        assert_eq!(kai.told().1["data"], rounds);
        assert!(
            start.elapsed() < DISTURBED_MAX,
            "round {rounds}: {:?}",
            start.elapsed()
        );
        rounds += 1;
        // As often as a user may send a message.
        std::thread::sleep(Duration::from_millis(150));
    }
    assert!(rounds > 5, "only {rounds} rounds");
    assert_eq!((kai.all_told(), rio.all_told()), (vec![], vec![]));
    for answers in storm.join().expect("the storm itself does not fail") {
        assert_eq!(answers.len(), REQUESTS);
        assert!(answers.values().all(|count| *count == 1), "{answers:?}");
    }
}
