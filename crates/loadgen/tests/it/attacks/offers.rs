//! Offers that take long to read, that try to take much memory, or that are broken.

use std::collections::BTreeMap;
use std::time::Instant;

use fastrand::Rng;

use super::arena::Arena;
use super::raw_http::{Answer, RawHttp, SDP};
use crate::bodies::mutate;
use crate::stream::offer;

/// Limit for the memory of a half-open session, whatever its offer contains.
const SESSION_KB_MAX: u64 = 64;

/// Number of offers with SSRC lines, as many as an earlier attack used.
const SSRC_OFFERS: usize = 464;

const SSRC_LINES: usize = 2_300;
const RTPMAPS: usize = 2_700;

/// Connections that send offers at the same time: more than the server reads in parallel.
const ATTACKERS: usize = 64;

/// Memory that the threads that read offers may keep: for each of `READERS_MIN` of `serve`, what
/// the allocator holds for one.
const READERS_KB_MAX: u64 = 2 * 8_192;

/// Number of broken offers, as many as an earlier attack used.
const BROKEN: usize = 196;

/// Limit for the growth of memory: the allocator may keep what it took for bodies and answers.
const GROWTH_KB_MAX: u64 = 16_384;

#[test]
fn ssrc_lines_in_hundreds_of_offers_take_no_memory() {
    let arena = Arena::enter();
    let growth = GROWTH_KB_MAX + SSRC_OFFERS as u64 * SESSION_KB_MAX;
    let offer = offer(&[]);
    let lines: String = (1..=SSRC_LINES)
        .map(|ssrc| format!("a=ssrc:{ssrc} cname:x\r\n"))
        .collect();
    let offer = offer + &lines;
    assert!(offer.len() < 65_536, "{}", offer.len());
    arena.withstands("2,300 a=ssrc lines", growth, |until| {
        let mut http = RawHttp::connect(&arena.server);
        loop {
            let (mut sessions, mut statuses) = (Vec::new(), BTreeMap::<u16, usize>::new());
            for number in 0..SSRC_OFFERS {
                let path = format!("/whip/ssrcs-{number}");
                let answer = http.send("POST", &path, SDP, &offer);
                *statuses.entry(answer.status).or_default() += 1;
                sessions.extend(answer.location);
            }
            let memory = arena.server.memory_kb();
            for session in &sessions {
                http.send("DELETE", session, SDP, "");
            }
            eprintln!("{statuses:?}; {memory} kB");
            assert!(sessions.len() >= 60, "{statuses:?}");
            if Instant::now() >= until {
                return;
            }
        }
    });
}

#[test]
fn most_expensive_offers_delay_nobody() {
    let arena = Arena::enter();
    let formats: Vec<String> = (0..RTPMAPS).map(|n| (n % 128).to_string()).collect();
    let mut offer = String::from("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
    offer += &format!("m=video 9 UDP/TLS/RTP/SAVPF {}\r\n", formats.join(" "));
    for format in &formats {
        offer += &format!("a=rtpmap:{format} x/1\r\n");
    }
    assert!(offer.len() < 65_536, "{}", offer.len());
    let growth = GROWTH_KB_MAX + READERS_KB_MAX;
    let attacker = |until| {
        let mut http = RawHttp::connect(&arena.server);
        let mut statuses = Vec::new();
        while Instant::now() < until {
            statuses.push(http.send("POST", "/whip/dear", SDP, &offer).status);
        }
        statuses
    };
    let statuses = arena.withstands("2,700 rtpmaps, refused", growth, |until| {
        std::thread::scope(|scope| {
            let attackers = [(); ATTACKERS].map(|()| scope.spawn(|| attacker(until)));
            attackers.map(|attacker| attacker.join().expect("an attacker"))
        })
    });
    let statuses = statuses.concat();
    let refused = statuses.iter().filter(|status| **status == 406).count();
    eprintln!("{} offers, {refused} of them read", statuses.len());
    assert!(!statuses.contains(&201) && refused > 20, "{statuses:?}");
}

#[test]
fn broken_offers_are_refused_by_line_and_cause() {
    let arena = Arena::enter();
    let (mut rng, good) = (Rng::with_seed(13), offer(&["l", "m", "h"]));
    arena.withstands("broken offers", GROWTH_KB_MAX, |until| {
        let mut http = RawHttp::connect(&arena.server);
        let (mut spoilt, mut named, mut accepted) = (0, 0, 0);
        for number in 0.. {
            if number >= 2 * BROKEN && Instant::now() >= until {
                break;
            }
            let is_spoilt = number % 2 == 0;
            let offer = match is_spoilt {
                true => spoil(&mut rng, &good),
                false => mutate(&mut rng, &good),
            };
            // Each name keeps a room for a while, and the server allows 10,000 rooms.
            let path = format!("/whip/broken-{}", number % BROKEN);
            let answer = http.send("POST", &path, SDP, &offer);
            if let Some(session) = answer.location {
                http.send("DELETE", &session, SDP, "");
                accepted += 1;
                continue;
            }
            let detail = cause(&answer);
            spoilt += usize::from(is_spoilt);
            named += usize::from(is_spoilt && detail.contains("line "));
        }
        eprintln!("{spoilt} spoilt, {named} named by line; {accepted} others accepted");
        assert!(spoilt >= BROKEN && named == spoilt);
    });
}

/// The detail of a refusal (RFC 9457).
fn cause(answer: &Answer) -> String {
    assert!((400..500).contains(&answer.status), "{}", answer.body);
    assert!(!has_memory_address(&answer.body), "{}", answer.body);
    let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("a problem");
    let detail = problem["detail"].as_str().expect("the cause");
    assert!(detail.len() > 15, "{detail}");
    detail.to_owned()
}

/// Returns an offer with one significant line made invalid.
fn spoil(rng: &mut Rng, offer: &str) -> String {
    const SPOILT: [(&str, &str); 8] = [
        ("v=", "v=1"),
        ("m=", "m=video 99999 UDP/TLS/RTP/SAVPF 96"),
        ("m=", "m=audio"),
        ("a=fingerprint:", "a=fingerprint:sha-256 00:zz"),
        ("a=setup:", "a=setup:0x7f3a2b4c5d6e"),
        ("a=ice-ufrag:", "a=ice-ufrag:two words"),
        ("a=mid:", "a=mid:two words"),
        ("t=", "what is this"),
    ];
    let (begin, instead) = SPOILT[rng.usize(..SPOILT.len())];
    let lines: Vec<&str> = offer.lines().collect();
    let found: Vec<usize> = (0..lines.len())
        .filter(|line| lines[*line].starts_with(begin))
        .collect();
    let mut lines = lines;
    lines[found[rng.usize(..found.len())]] = instead;
    lines.join("\r\n") + "\r\n"
}

/// Whether a text contains `0x` with six or more hexadecimal digits, apart from those that the
/// client sent.
fn has_memory_address(text: &str) -> bool {
    let text = text.replace("0x7f3a2b4c5d6e", "");
    let mut rest = text.split("0x").skip(1);
    rest.any(|rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count() >= 6)
}

#[test]
fn memory_address_is_told_from_other_hexadecimal() {
    assert!(has_memory_address("Key(0x7f3a2b4c5d)"));
    assert!(!has_memory_address(
        "0xfefd, 0x12345 and a=setup:0x7f3a2b4c5d6e"
    ));
}
