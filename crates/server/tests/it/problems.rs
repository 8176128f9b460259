//! What the API reports for streams whose media does not reach viewers.

use serde_json::{Value, json};

use crate::media::{Client, Line, Publisher};
use crate::running::Running;

/// A payload too large to forward, which str0m can still send, in bytes.
const OVERSIZED: usize = 1_900;

const POST: &str = "POST /whip/live\r\nContent-Type: application/sdp";

fn publish(server: &Running, frame_bytes: usize) -> Publisher {
    let mut client = Client::new();
    let answer = server.ask(POST, &client.offer(&[Line::Sent]));
    client.accept(&answer.body);
    Publisher::begin_with(client, frame_bytes)
}

fn stream(server: &Running) -> Value {
    server.ask("GET /api/v1/streams/live", "").json()
}

#[test]
fn stream_with_packets_too_large_names_cause_and_remedy() {
    let server = Running::start(&[]);
    let _publisher = publish(&server, OVERSIZED);
    server.until(|server| stream(server)["problems"][0] != Value::Null);
    let problems = stream(&server)["problems"].clone();
    assert_eq!(problems.as_array().map(Vec::len), Some(1), "{problems}");
    let problem = &problems[0];
    assert_eq!(problem["code"], "packetsTooLarge");
    assert_eq!(problem["track"], "video");
    let message = problem["message"].as_str().expect("a sentence");
    for word in ["1900 bytes", "1472", "-pkt_size 1200", "mtu=1200"] {
        assert!(message.contains(word), "{message}");
    }
    let listed = server.ask("GET /api/v1/streams", "").json();
    assert_eq!(listed["streams"][0]["problems"], problems);
}

#[test]
fn stream_with_packets_that_fit_has_no_problems() {
    let server = Running::start(&[]);
    // The largest payload that is forwarded.
    let _publisher = publish(&server, 1_472);
    let layer = "/tracks/0/layers/0/bitrate";
    let is_measured = |stream: &Value| stream.pointer(layer).is_some_and(|rate| *rate != 0);
    server.until(|server| is_measured(&stream(server)));
    assert_eq!(stream(&server)["problems"], json!([]));
}
