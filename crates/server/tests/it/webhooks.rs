use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::running::Running;
use crate::socket::Socket;
use crate::wire::Wire;

/// Longer than any pause that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

const SECRET: &str = "s3cret";

/// What a receiver does with a delivery.
enum Reply {
    Status(u16),
    /// Sends no response and keeps the connection open.
    Nothing,
}

/// A webhook receiver on loopback.
struct Receiver {
    address: String,
    deliveries: mpsc::Receiver<Delivery>,
}

struct Delivery {
    head: Vec<(String, String)>,
    text: String,
}

impl Receiver {
    /// Starts a receiver. `reply` answers each delivery by its number, counted from 0.
    fn start(reply: impl FnMut(usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        Self::on(listener, reply)
    }

    fn on(listener: TcpListener, mut reply: impl FnMut(usize) -> Reply + Send + 'static) -> Self {
        let address = listener.local_addr().expect("its address").to_string();
        let (sender, deliveries) = mpsc::channel();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.expect("a connection");
                let delivery = Delivery::read(&stream);
                match reply(number) {
                    Reply::Status(status) => {
                        let head = "Connection: close\r\nContent-Length: 0\r\n\r\n";
                        write!(stream, "HTTP/1.1 {status} X\r\n{head}").expect("sent");
                    }
                    Reply::Nothing => open.push(stream),
                }
                if sender.send(delivery).is_err() {
                    return;
                }
            }
        });
        Self {
            address,
            deliveries,
        }
    }

    fn server(&self, events: &[&str]) -> Running {
        serving(&self.address, events)
    }

    fn next(&self) -> Delivery {
        self.deliveries.recv_timeout(PATIENCE).expect("a delivery")
    }

    fn event(&self) -> Value {
        self.next().json()
    }
}

impl Delivery {
    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).expect("a request");
        assert!(line.starts_with("POST /hook "), "{line}");
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim().split_once(": ") else {
                break;
            };
            head.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut delivery = Self {
            head,
            text: String::new(),
        };
        let length = delivery.header("content-length").parse().expect("a length");
        let body = reader.take(length);
        { body }.read_to_string(&mut delivery.text).expect("a body");
        delivery
    }

    fn header(&self, name: &str) -> &str {
        let mut head = self.head.iter();
        let found = head.find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("{name}")).1
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }
}

/// Starts a server with a webhook to this address.
fn serving(address: &str, events: &[&str]) -> Running {
    let hook = format!(
        "[{{ url = \"http://{address}/hook\", secret = \"{SECRET}\", events = {events:?} }}]"
    );
    Running::start(&[
        ("HEADWATER_WEBHOOKS", &hook),
        ("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "100000"),
    ])
}

fn create(server: &Running, room: &str) {
    let answer = server.ask_json("POST /api/v1/rooms", &json!({ "name": room }));
    assert_eq!(answer.status, 201, "{answer:?}");
}

fn counted(server: &Running, result: &str) -> u64 {
    server.counted(&format!("headwater_webhooks_total{{result=\"{result}\"}}"))
}

#[test]
fn room_events_are_delivered_in_order_and_signed() {
    let receiver = Receiver::start(|_| Reply::Status(204));
    let server = receiver.server(&[]);
    let session = server.publish("demo/camera");
    let started: Vec<_> = (0..3).map(|_| receiver.next()).collect();
    let socket = Socket::join(&server, "demo", "ada");
    let joined = receiver.event();
    assert_eq!(server.ask(&format!("DELETE {session}"), "").status, 200);
    let ended: Vec<_> = (0..2).map(|_| receiver.event()).collect();
    assert_eq!(server.ask("DELETE /api/v1/rooms/demo", "").status, 204);
    let closed: Vec<_> = (0..2).map(|_| receiver.event()).collect();
    drop(socket);

    let mut told: Vec<Value> = started.iter().map(Delivery::json).collect();
    told.push(joined);
    told.extend(ended);
    told.extend(closed);
    let names: Vec<_> = told
        .iter()
        .map(|event| event["event"].as_str().expect("a name"))
        .collect();
    let expected = [
        "roomStarted",
        "participantJoined",
        "streamStarted",
        "participantJoined",
        "streamEnded",
        "participantLeft",
        "participantLeft",
        "roomEnded",
    ];
    assert_eq!(names, expected);
    assert!(told.iter().all(|event| event["room"] == "demo"), "{told:?}");
    assert_eq!(told[1]["participant"]["role"], "publisher");
    assert_eq!(told[2]["stream"]["participant"], "whip~camera");
    assert_eq!(told[3]["participant"]["id"], "ada");
    assert_eq!(told[4]["stream"], json!({ "name": "demo/camera" }));
    assert_eq!(told[6]["participant"], json!({ "id": "ada" }));
    assert_eq!(told[6]["reason"], "closed");
    let mut ids: Vec<_> = told.iter().map(|event| event["id"].to_string()).collect();
    ids.dedup();
    assert_eq!(ids.len(), told.len());
    for delivery in &started {
        assert_genuine(delivery);
    }
}

fn assert_genuine(delivery: &Delivery) {
    assert_eq!(delivery.header("content-type"), "application/json");
    assert!(delivery.header("user-agent").starts_with("Headwater/"));
    assert_eq!(delivery.header("headwater-event"), delivery.json()["event"]);
    let signature = delivery.header("headwater-signature");
    let (time, signature) = signature.split_once(",v1=").expect("two parts");
    let time = time.strip_prefix("t=").expect("a time");
    let digits = signature.as_bytes().chunks(2).map(|digits| {
        let digits = std::str::from_utf8(digits).expect("ASCII");
        u8::from_str_radix(digits, 16).expect("hexadecimal digits")
    });
    let tag: Vec<u8> = digits.collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let signed = format!("{time}.{}", delivery.text);
    hmac::verify(&key, signed.as_bytes(), &tag).expect("genuine");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.expect("after 1970").as_secs() - time.parse::<u64>().expect("seconds");
    assert!(age < 60, "{age}");
}

#[test]
fn only_configured_events_are_delivered() {
    let receiver = Receiver::start(|_| Reply::Status(200));
    let server = receiver.server(&["roomEnded"]);
    create(&server, "demo");
    server.ask("DELETE /api/v1/rooms/demo", "");
    assert_eq!(receiver.event()["event"], "roomEnded");
}

#[test]
fn failed_delivery_is_retried_before_the_next_event() {
    let receiver = Receiver::start(|number| Reply::Status(if number == 0 { 500 } else { 200 }));
    let server = receiver.server(&[]);
    create(&server, "first");
    create(&server, "second");
    let told: Vec<_> = (0..3).map(|_| receiver.event()).collect();
    assert_eq!(told[0], told[1]);
    assert_eq!(
        (&told[1]["room"], &told[2]["room"]),
        (&json!("first"), &json!("second"))
    );
    server.until(|server| counted(server, "delivered") == 2);
    assert_eq!(counted(&server, "retried"), 1);
}

#[test]
fn unreachable_receiver_gets_the_event_once_it_is_back() {
    let away = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = away.local_addr().expect("its address");
    drop(away);
    let server = serving(&address.to_string(), &[]);
    create(&server, "demo");
    server.until(|server| counted(server, "retried") > 0);
    let back = TcpListener::bind(address).expect("the port is still free");
    let receiver = Receiver::on(back, |_| Reply::Status(200));
    assert_eq!(receiver.event()["room"], "demo");
}

#[test]
fn receiver_that_answers_410_gets_nothing_more() {
    let receiver = Receiver::start(|_| Reply::Status(410));
    let server = receiver.server(&[]);
    create(&server, "first");
    server.until(|server| counted(server, "dropped") == 1);
    create(&server, "second");
    server.until(|server| counted(server, "dropped") == 2);
    assert_eq!(receiver.event()["room"], "first");
    assert!(receiver.deliveries.try_recv().is_err());
}

#[test]
fn hanging_receiver_delays_no_request() {
    let receiver = Receiver::start(|_| Reply::Nothing);
    let server = receiver.server(&[]);
    create(&server, "first");
    receiver.next();
    let start = Instant::now();
    server.publish("demo/camera");
    Socket::join(&server, "demo", "ada");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn events_beyond_the_queue_are_dropped_and_counted() {
    let receiver = Receiver::start(|_| Reply::Nothing);
    let server = receiver.server(&[]);
    create(&server, "on-its-way");
    receiver.next();
    for number in 0..1_003 {
        create(&server, &format!("room-{number}"));
    }
    assert_eq!(counted(&server, "dropped"), 3);
}

#[test]
fn last_events_are_delivered_before_the_server_exits() {
    let receiver = Receiver::start(|_| Reply::Status(200));
    let mut server = receiver.server(&["participantLeft", "roomEnded"]);
    let _socket = Socket::join(&server, "demo", "ada");
    server.signal("-TERM");
    assert_eq!(receiver.event()["reason"], "stopping");
    assert_eq!(receiver.event()["event"], "roomEnded");
    assert!(server.process.wait().expect("it ends").success());
}

#[test]
fn hanging_receiver_does_not_delay_the_shutdown() {
    let receiver = Receiver::start(|_| Reply::Nothing);
    let mut server = receiver.server(&[]);
    create(&server, "demo");
    receiver.next();
    let start = Instant::now();
    server.signal("-TERM");
    assert!(server.process.wait().expect("it ends").success());
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn events_of_rooms_between_browsers_have_their_topology() {
    let receiver = Receiver::start(|_| Reply::Status(204));
    let server = receiver.server(&[]);
    let told = |count: usize| -> Vec<Value> {
        let events = (0..count).map(|_| receiver.event());
        events
            .map(|event| json!([event["topology"], event["event"], event["room"]]))
            .collect()
    };
    let mut host = Wire::open(&server.address, "/rtc");
    host.send(&json!({ "event": "createRoom", "roomName": "cooking" }));
    let started = [
        json!(["direct", "roomStarted", "cooking"]),
        json!(["direct", "participantJoined", "cooking"]),
    ];
    assert_eq!(told(2), started);
    drop(host);
    let ended = [
        json!(["direct", "participantLeft", "cooking"]),
        json!(["direct", "roomEnded", "cooking"]),
    ];
    assert_eq!(told(2), ended);

    let mut owner = Wire::open(&server.address, "/api/ws");
    owner.send(&json!({ "command": "START_BROADCAST", "name": "derby", "peerName": "mona" }));
    let started = [
        json!(["tree", "roomStarted", "derby"]),
        json!(["tree", "participantJoined", "derby"]),
    ];
    assert_eq!(told(2), started);
    drop(owner);
    let ended = [
        json!(["tree", "participantLeft", "derby"]),
        json!(["tree", "roomEnded", "derby"]),
    ];
    assert_eq!(told(2), ended);
}
