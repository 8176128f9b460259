//! A running `headwater`, and just enough HTTP to talk to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::offer;

/// Longer than any limit that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server process, killed when this value is dropped.
pub(crate) struct Running {
    pub(crate) process: Child,
    pub(crate) address: String,
}

/// A response of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    /// `head` in lower case.
    lower_head: String,
    pub(crate) body: String,
}

impl Running {
    /// Starts a server on free ports.
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_with(environment, Stdio::null())
    }

    /// Starts a server on free ports that logs to `log`.
    pub(crate) fn start_with(environment: &[(&str, &str)], log: Stdio) -> Self {
        let media = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let media_port = media.local_addr().expect("its address").port().to_string();
        drop(media);
        let arguments = [
            "--http",
            "127.0.0.1:0",
            "--shards",
            "1",
            "--media-port",
            &media_port,
        ];
        let mut process = Command::new(env!("CARGO_BIN_EXE_headwater"))
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("headwater starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("its first line");
        let (_, url) = line.split_once("http://").expect("an address to open");
        let (address, _) = url.split_once('/').expect("a path behind the address");
        Self {
            process,
            address: address.to_owned(),
        }
    }

    /// Sends a request with its `Content-Length`. `head` is the method and the path, then further
    /// headers, one per line.
    pub(crate) fn ask(&self, head: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(&format!("{head}\r\nContent-Length: {length}"), body)
    }

    /// Sends a request with exactly these headers, which may be wrong about the body.
    pub(crate) fn send(&self, head: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the port is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, "X-Nothing: 0"));
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n\r\n{body}",
            self.address
        );
        // The server may answer and close before it has read the whole request.
        stream.write_all(request.as_bytes()).ok();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        Answer {
            status: status.expect("a status"),
            lower_head: head.to_ascii_lowercase(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    /// Sends one request with a body of JSON.
    pub(crate) fn ask_json(&self, head: &str, body: &Value) -> Answer {
        let head = format!("{head}\r\nContent-Type: application/json");
        self.ask(&head, &body.to_string())
    }

    /// Publishes by WHIP without ever connecting. Returns the `Location` of the session.
    pub(crate) fn publish(&self, stream: &str) -> String {
        let head = format!("POST /whip/{stream}\r\nContent-Type: application/sdp");
        let answer = self.ask(&head, &offer::publishing());
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.header("location").expect("a session").to_owned()
    }

    /// Returns the value of a counter in `/metrics`; 0 when it is not there.
    pub(crate) fn counted(&self, name: &str) -> u64 {
        let metrics = self.ask("GET /metrics", "").body;
        let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .next()
            .map_or(0, |value| value.trim().parse().expect("a whole number"))
    }

    /// Polls the server until a condition holds.
    pub(crate) fn until(&self, mut is_so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < PATIENCE, "the condition never held");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args([name, &pid]).status();
        assert!(status.expect("kill runs").success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Answer {
    /// A header's value, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.lower_head, name)
    }

    /// A header's value as the server wrote it.
    pub(crate) fn cased_header(&self, name: &str) -> Option<String> {
        header(&self.head, name).map(str::to_owned)
    }

    /// The body, parsed as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON: {self:?}"))
    }

    /// The `detail` of a refusal, after checks of its content type and status.
    pub(crate) fn detail(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["detail"].as_str().expect("a sentence").to_owned()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let line = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
    line.map(|(_, value)| value)
}
