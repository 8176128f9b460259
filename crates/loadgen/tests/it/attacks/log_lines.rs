//! Attacks that would fill the log if each event were a line.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::arena::Arena;
use super::raw_http::{RawHttp, SDP};
use crate::server::Server;

/// The most log lines that one attack may cause: one for each cause and minute. An attack may fall
/// into two minutes.
const LINES_MAX: usize = 4;

const GROWTH_KB_MAX: u64 = 16_384;

#[test]
fn bad_offers_leave_one_line_a_minute_and_are_counted() {
    let arena = Arena::enter();
    let server = &arena.server;
    let refused = || server.metric("offers_refused_total{cause=\"unreadable\"}");
    let before = refused();
    let (sent, written) = arena.withstands("bad offers", GROWTH_KB_MAX, |until| {
        let lines = server.log().len();
        let mut http = RawHttp::connect(server);
        let mut sent = 0;
        while Instant::now() < until {
            let answer = http.send("POST", "/whip/bad", SDP, "v=0\r\nwhat is this\r\n");
            sent += u64::from(answer.status == 400);
        }
        (sent, server.log().split_off(lines))
    });
    eprintln!("{sent} offers; {written:#?}");
    assert_told_seldom(server, &written, "an offer was refused");
    assert!(sent > 20 && refused() - before == sent, "{sent}");
}

#[test]
fn stream_resets_leave_one_line_a_minute_and_are_counted() {
    let arena = Arena::enter();
    let server = &arena.server;
    let failed = || server.metric("http_connections_failed_total{cause=\"protocol\"}");
    let before = failed();
    let (sent, written) = arena.withstands("stream resets", GROWTH_KB_MAX, |until| {
        let (lines, mut sent) = (server.log().len(), 0);
        while Instant::now() < until {
            let mut stream = server.connect();
            stream
                .set_read_timeout(Some(Duration::from_millis(500)))
                .expect("a socket");
            // The server may close before it has read everything.
            stream.write_all(&resets()).ok();
            stream.read_to_end(&mut Vec::new()).ok();
            sent += 1;
        }
        (sent, server.log().split_off(lines))
    });
    eprintln!(
        "{sent} connections, {} failed; {written:#?}",
        failed() - before
    );
    assert_told_seldom(server, &written, "an HTTP connection broke off");
    assert!(failed() > before, "none was counted");
}

/// Checks that an attack has left few lines and that its cause was logged: by one of these lines,
/// or by one less than a minute earlier, when another event on this server had the same cause.
fn assert_told_seldom(server: &Server, written: &[String], line: &str) {
    assert!(written.len() <= LINES_MAX, "{written:#?}");
    let all = server.log();
    assert!(all.iter().any(|told| told.contains(line)), "{all:#?}");
}

/// HTTP/2 requests that are cancelled at once (RFC 9113).
fn resets() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let mut frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        bytes.extend(&(payload.len() as u32).to_be_bytes()[1..]);
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
    };
    frame(4, 0, 0, &[]);
    // :method GET, :scheme http, :path / and an authority (RFC 7541 §6.1, §6.2.2).
    let head = [0x82, 0x86, 0x84, 0x01, 1, b'h'];
    for stream in (1..2_000).step_by(2) {
        frame(1, 5, stream, &head);
        frame(3, 0, stream, &8_u32.to_be_bytes());
    }
    bytes
}
