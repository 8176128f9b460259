//! The log lines of sessions: one when a session connects, one when it ends, and one for each cause
//! of a problem.

use std::fs::File;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::NamedTempFile;

use crate::media::{Client, Line, Publisher};
use crate::offer;
use crate::running::Running;

const PATIENCE: Duration = Duration::from_secs(20);

const POST: &str = "POST /whip/live\r\nContent-Type: application/sdp\r\nUser-Agent: Lavf/62.3.100";

/// A server, and the file that it logs to.
struct Logged {
    server: Running,
    log: NamedTempFile,
}

impl Logged {
    fn start(environment: &[(&str, &str)]) -> Self {
        let log = NamedTempFile::new().expect("a file");
        let json = [("HEADWATER_LOG__FORMAT", "json")];
        let environment: Vec<_> = environment.iter().copied().chain(json).collect();
        let writer = File::options().append(true).open(log.path());
        let server = Running::start_with(&environment, writer.expect("it opens").into());
        Self { server, log }
    }

    /// The fields of all lines with this message so far.
    fn lines(&self, message: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.log.path()).expect("text");
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let said = lines.map(|line: Value| line["fields"].clone());
        said.filter(|fields| fields["message"] == message).collect()
    }

    /// Waits for the first line with this message. Returns its fields.
    fn line(&self, message: &str) -> Value {
        let start = Instant::now();
        loop {
            if let Some(line) = self.lines(message).into_iter().next() {
                return line;
            }
            assert!(start.elapsed() < PATIENCE, "no line says {message:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn session_is_logged_when_it_connects_and_when_it_ends() {
    let logged = Logged::start(&[]);
    let mut client = Client::new();
    let answer = logged.server.ask(POST, &client.offer(&[Line::Sent]));
    client.accept(&answer.body);
    let publisher = Publisher::begin(client);
    let line = logged.line("session connected");
    for (field, expected) in [
        ("of", "live"),
        ("role", "publisher"),
        ("client", "Lavf/62.3.100"),
        ("dtls", "DTLS 1.2"),
        ("srtp", "AEAD_AES_256_GCM"),
        ("receives", "video VP8"),
        ("sends", ""),
    ] {
        assert_eq!(line[field], expected, "{line}");
    }
    assert!(
        line["path"].as_str().expect("a path").starts_with("udp "),
        "{line}"
    );
    logged
        .server
        .until(|server| server.counted("headwater_packets_in_total") > 9);
    let session = answer.header("location").expect("a session");
    logged.server.ask(&format!("DELETE {session}"), "");
    let line = logged.line("session ended");
    for (field, expected) in [
        ("of", "live"),
        ("client", "Lavf/62.3.100"),
        ("why", "ended by a request, or by the server"),
        ("sent", "0 packets, 0.0 MB, 0.0 % lost"),
    ] {
        assert_eq!(line[field], expected, "{line}");
    }
    assert!(line["seconds"].as_f64().expect("a number") > 0.0, "{line}");
    assert!(
        !line["received"].as_str().expect("words").starts_with("0 "),
        "{line}"
    );
    drop(publisher);
    assert_eq!(logged.lines("session connected").len(), 1);
    assert_eq!(logged.lines("session ended").len(), 1);
}

#[test]
fn unconnected_session_is_logged_with_how_far_it_came() {
    let logged = Logged::start(&[("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "1")]);
    logged.server.ask(POST, &offer::publishing());
    let line = logged.line("session ended");
    let why = line["why"].as_str().expect("words");
    assert!(
        why.starts_with("no STUN check of the client arrived"),
        "{line}"
    );
    let name = "headwater_sessions_unconnected_total{cause=\"not_reached\"}";
    assert_eq!(logged.server.counted(name), 1);
}

#[test]
fn refused_packets_are_logged_once_and_counted() {
    let logged = Logged::start(&[]);
    let mut client = Client::new();
    // Each side is told a payload type of VP8 that the other does not use.
    let offer = renumbered(&client.offer(&[Line::Sent]), "96", "50");
    let answer = logged.server.ask(POST, &offer);
    client.accept(&renumbered(&answer.body, "50", "96"));
    let publisher = Publisher::begin(client);
    let name = "headwater_dropped_total{reason=\"unknown_payload_type\"}";
    logged.server.until(|server| server.counted(name) > 9);
    let said = logged.lines("a datagram is not taken; more for this reason are only counted");
    assert_eq!(said.len(), 1, "{said:?}");
    for (field, expected) in [("of", "live".into()), ("payload_type", Value::from(96))] {
        assert_eq!(said[0][field], expected, "{said:?}");
    }
    let why = said[0]["why"].as_str().expect("words");
    assert_eq!(why, "its payload type was not negotiated for its m-line");
    drop(publisher);
}

/// The description with one payload type replaced by another.
fn renumbered(sdp: &str, from: &str, to: &str) -> String {
    let line = |line: &str| match line.split_once([':', ' ']) {
        Some(("m=video" | "a=rtpmap" | "a=fmtp" | "a=rtcp-fb", _)) => line
            .replace(&format!(":{from}"), &format!(":{to}"))
            .replace(&format!("={from}"), &format!("={to}"))
            .replace(&format!(" {from}"), &format!(" {to}")),
        _ => line.to_owned(),
    };
    sdp.lines().map(|text| line(text) + "\r\n").collect()
}
