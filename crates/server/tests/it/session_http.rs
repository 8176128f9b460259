//! Sessions of WHIP and WHEP over HTTP, nearly always without media.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::media::{Client, Line};
use crate::offer;
use crate::running::{Answer, Running};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session, with the values from its answer.
struct Session<'a> {
    server: &'a Running,
    path: String,
    tag: String,
    ice_options: String,
}

impl<'a> Session<'a> {
    fn publish(server: &'a Running) -> Self {
        Self::open(server, "/whip/live", &offer::publishing())
    }

    fn watch(server: &'a Running) -> Self {
        Self::open(server, "/whep/live", &offer::watching())
    }

    fn open(server: &'a Running, endpoint: &str, offer: &str) -> Self {
        let head = format!("POST {endpoint}\r\nContent-Type: application/sdp");
        let answer = server.ask(&head, offer);
        assert_eq!(answer.status, 201, "{answer:?}");
        let options = { answer.body.lines() }.find(|line| line.starts_with("a=ice-options:"));
        Self {
            server,
            path: answer.header("location").expect("a session").to_owned(),
            tag: answer.cased_header("etag").expect("a tag"),
            ice_options: options.expect("options").to_owned(),
        }
    }

    fn ask(&self, method: &str) -> Answer {
        self.server.ask(&format!("{method} {}", self.path), "")
    }

    fn patch(&self, if_match: Option<&str>, fragment: &str) -> Answer {
        let if_match = if_match.map(|tag| format!("\r\nIf-Match: {tag}"));
        let head = format!(
            "PATCH {}\r\nContent-Type: application/trickle-ice-sdpfrag{}",
            self.path,
            if_match.unwrap_or_default()
        );
        self.server.ask(&head, fragment)
    }

    fn restart(&self, number: usize) -> Answer {
        let fragment =
            format!("a=ice-ufrag:Next{number}\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n");
        self.patch(Some("*"), &fragment)
    }
}

const CANDIDATE: &str = "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n";

#[test]
fn malformed_fragment_is_refused_by_line() {
    let server = Running::start(&[]);
    for session in [Session::publish(&server), Session::watch(&server)] {
        for line in [
            "a=candidate:1 1 udp 1 192.0.2.1 typ host",
            "a=ice-pwd:short",
            "a=ice-ufrag:Es",
            "m=audio nine UDP/TLS/RTP/SAVPF 0",
        ] {
            let answer = session.patch(None, &format!("{CANDIDATE}{line}\r\n"));
            assert_eq!(answer.status, 400, "{line}: {answer:?}");
            assert!(answer.detail().starts_with("line 2 ("), "{answer:?}");
        }
        assert_eq!(session.patch(None, CANDIDATE).status, 204);
    }
}

#[test]
fn weak_or_wrong_tag_is_412_and_none_is_fine() {
    let server = Running::start(&[]);
    let session = Session::publish(&server);
    let strong = session.tag.clone();
    let weak = format!("W/{strong}");
    for (tag, status) in [
        (None, 204),
        (Some(strong.as_str()), 204),
        (Some("*"), 204),
        (Some(weak.as_str()), 412),
        (Some("\"other\""), 412),
        (Some(&strong[1..]), 412),
    ] {
        let answer = session.patch(tag, CANDIDATE);
        assert_eq!(answer.status, status, "{tag:?}: {answer:?}");
    }
    let strict = Running::start(&[("HEADWATER_STREAMS__STRICT", "true")]);
    let session = Session::publish(&strict);
    assert_eq!(session.patch(None, CANDIDATE).status, 428);
    assert_eq!(session.patch(Some(&session.tag), CANDIDATE).status, 204);
}

#[test]
fn session_url_answers_get_without_content() {
    let server = Running::start(&[]);
    for session in [Session::publish(&server), Session::watch(&server)] {
        for method in ["GET", "HEAD"] {
            let answer = session.ask(method);
            assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{method}");
            assert_eq!(answer.cased_header("etag").as_ref(), Some(&session.tag));
            let allow = answer.header("allow").unwrap_or_default();
            assert_eq!(allow, "options, get, head, patch, delete");
            assert!(answer.header("accept-patch").is_some(), "{answer:?}");
        }
        for method in ["POST", "PUT"] {
            assert_eq!(session.ask(method).status, 405, "{method}");
        }
        assert_eq!(session.restart(1).status, 200);
        assert_ne!(
            session.ask("GET").cased_header("etag").as_ref(),
            Some(&session.tag)
        );
        assert_eq!(session.ask("DELETE").status, 200);
        assert_eq!(session.ask("GET").status, 404);
    }
}

#[test]
fn restart_has_the_ice_options_of_the_answer() {
    let server = Running::start(&[]);
    for session in [Session::publish(&server), Session::watch(&server)] {
        let answer = session.restart(1);
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut lines = answer.body.lines();
        assert!(lines.any(|line| line == session.ice_options), "{answer:?}");
    }
}

#[test]
fn flood_of_patches_gets_429_with_retry_after() {
    let server = Running::start(&[]);
    let (session, other) = (Session::publish(&server), Session::watch(&server));
    let fragment = CANDIDATE.repeat(64);
    let answers = (0..157).map(|_| session.patch(None, &fragment));
    let (taken, refused): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status == 204);
    assert!(taken.len() >= 40, "{}", taken.len());
    assert!(!refused.is_empty());
    for answer in refused {
        assert_eq!(answer.status, 429, "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    assert_eq!(other.patch(None, &fragment).status, 204, "each has its own");
}

#[test]
fn restarts_beyond_the_rate_get_429_with_retry_after() {
    let server = Running::start(&[]);
    let session = Session::publish(&server);
    let answers: Vec<_> = (0..12).map(|number| session.restart(number)).collect();
    let is_done = |answer: &&Answer| answer.status == 200;
    assert!(answers.iter().filter(is_done).count() >= 10, "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status == 429);
    let refused = refused.expect("more than ten in a minute");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
}

#[test]
fn unknown_event_is_refused_with_the_known_ones() {
    let server = Running::start(&[]);
    let session = Session::watch(&server);
    let head = format!(
        "POST {}/events\r\nContent-Type: application/json",
        session.path
    );
    let answer = server.ask(&head, r#"["active","restart"]"#);
    assert_eq!(answer.status, 400);
    let detail = answer.detail();
    assert!(
        detail.contains("restart") && detail.contains("viewercount"),
        "{detail}"
    );
}

#[test]
fn deleted_event_stream_ends_and_is_gone() {
    let server = Running::start(&[]);
    let session = Session::watch(&server);
    let subscribe = format!(
        "POST {}/events\r\nContent-Type: application/json",
        session.path
    );
    let subscribed = server.ask(&subscribe, r#"["viewercount"]"#);
    let events = subscribed.header("location").expect("a stream").to_owned();
    let mut deleted = Following::open(&server, &events);
    let mut kept = Following::open(&server, &format!("{}/events", session.path));

    assert_eq!(server.ask(&format!("DELETE {events}"), "").status, 200);
    deleted.ends();
    for method in ["GET", "DELETE"] {
        let answer = server.ask(&format!("{method} {events}"), "");
        assert_eq!(answer.status, 404, "{method}: {answer:?}");
    }
    let subscribed = server.ask(&subscribe, r#"["viewercount"]"#);
    assert_eq!(subscribed.status, 201);
    drop(Following::open(&server, &events));

    // The other event stream goes on until the session ends.
    assert_eq!(session.ask("DELETE").status, 200);
    kept.ends();
    assert_eq!(server.ask(&format!("DELETE {events}"), "").status, 404);
}

#[test]
fn refusals_of_json_name_no_rust_type() {
    let server = Running::start(&[]);
    let session = Session::watch(&server);
    let post = |path: &str| format!("POST {path}");
    let heads = [
        post(&format!("{}/layer", session.path)),
        post(&format!("{}/events", session.path)),
        post("/api/v1/rooms"),
        "PATCH /api/v1/rooms/live".to_owned(),
        post("/api/v1/rooms/live/messages"),
    ];
    for head in heads {
        for body in ["\"l\"", "7", "null", "[[7]]", "{\"kind\":7}", "{", ""] {
            let head = format!("{head}\r\nContent-Type: application/json");
            let answer = server.ask(&head, body);
            if answer.status < 300 {
                continue;
            }
            let detail = answer.detail();
            for word in ["struct ", "enum ", "::", "0x", "Some(", "Error("] {
                assert!(!detail.contains(word), "{head} {body}: {detail}");
            }
        }
    }
}

/// An event stream that has delivered its first event.
struct Following(TcpStream);

impl Following {
    fn open(server: &Running, path: &str) -> Self {
        let mut stream = TcpStream::connect(&server.address).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let address = &server.address;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut head = String::new();
        while !head.contains("event: viewercount") {
            let mut bytes = [0; 1_024];
            let length = stream.read(&mut bytes).expect("an event in time");
            assert_ne!(length, 0, "it ended: {head}");
            head.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        Self(stream)
    }

    /// Waits for the end of the response.
    fn ends(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("an end in time");
        assert!(rest.ends_with(b"0\r\n\r\n"), "cut off");
    }
}

#[test]
fn quiet_publisher_keeps_its_stream_until_it_is_gone() {
    let server = Running::start(&[]);
    let post = "POST /whip/live\r\nContent-Type: application/sdp";
    let mut quiet = Client::new();
    let answer = server.ask(post, &quiet.offer(&[Line::Sent]));
    quiet.accept(&answer.body);
    // Longer than the server waits for a new publisher, and than media may pause.
    let until = Instant::now() + Duration::from_secs(7);
    while Instant::now() < until {
        quiet.turn();
    }
    let stranger = || server.ask(post, &offer::publishing()).status;
    assert_eq!(stranger(), 409);
    let until = Instant::now() + PATIENCE;
    while stranger() != 201 {
        assert!(Instant::now() < until, "the stream is never free again");
        std::thread::sleep(Duration::from_millis(100));
    }
}
