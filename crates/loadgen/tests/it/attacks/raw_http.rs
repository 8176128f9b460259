//! A minimal HTTP/1.1 client for attackers, on one connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::server::Server;

pub(super) const SDP: &str = "application/sdp";
pub(super) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

pub(super) struct RawHttp {
    stream: BufReader<TcpStream>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    /// The `Location` header: the path of the session that was opened.
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl RawHttp {
    pub(super) fn connect(server: &Server) -> Self {
        let stream = server.connect();
        stream.set_nodelay(true).expect("a socket");
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends a request and waits for its response. Its `If-Match: *` makes a PATCH with other
    /// credentials an ICE restart (RFC 9725 §4.3.3).
    pub(super) fn send(&mut self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: headwater\r\nContent-Type: {kind}\r\n\
             If-Match: *\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(request.as_bytes()).expect("taken");
        self.answer()
    }

    fn answer(&mut self) -> Answer {
        let head = self.line();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        let (mut length, mut location) = (0, None);
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").expect("a header");
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a length"),
                "location" => location = Some(value.to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        Answer {
            status: status.expect("a status"),
            location,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }
}
