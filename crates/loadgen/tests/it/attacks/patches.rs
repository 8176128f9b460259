//! Many and large PATCHes of sessions: candidates and ICE restarts.

use std::collections::BTreeMap;
use std::time::Instant;

use super::arena::{Arena, is_long};
use super::hostile::{Hostile, value};
use super::raw_http::{FRAGMENT, RawHttp, SDP};

/// Number of PATCHes in a long attack, as many as an earlier attack used.
const PATCHES: usize = 1_230;

/// Sessions that PATCH in turn. The server limits the rate of each one separately.
const SESSIONS: usize = 8;

/// Limit for the growth of memory: bodies that are being read, and eight sessions.
const GROWTH_KB_MAX: u64 = 16_384;

type Statuses = BTreeMap<u16, usize>;

#[test]
fn candidates_in_a_thousand_patches_delay_nobody() {
    let arena = Arena::enter();
    let statuses = arena.withstands("candidates, 64 in a PATCH", GROWTH_KB_MAX, |until| {
        patch(&arena, until, FRAGMENT, |session, _| {
            let candidates = (0..64).map(|n| {
                format!(
                    "a=candidate:{n} 1 UDP {} 10.0.0.1 {} typ host\r\n",
                    9_999 - n,
                    10_000 + n
                )
            });
            format!(
                "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n{}",
                value(&session.offer, "ice-ufrag"),
                value(&session.offer, "ice-pwd"),
                candidates.collect::<String>()
            )
        })
    });
    assert_paced(&statuses, &[204]);
}

#[test]
fn ice_restarts_of_full_length_delay_nobody() {
    let arena = Arena::enter();
    let statuses = arena.withstands("ICE restarts of 16 kB", GROWTH_KB_MAX, |until| {
        patch(&arena, until, FRAGMENT, |_, number| {
            let head = restart(number);
            let lines = (16_384 - head.len()) / 20;
            head + &"a=x-nothing:0123456\r\n"[..20].repeat(lines)
        })
    });
    assert_paced(&statuses, &[200, 400]);
    let statuses = arena.withstands("ICE restarts with 65 kB of SDP", GROWTH_KB_MAX, |until| {
        patch(&arena, until, SDP, |session, number| {
            let offer = session.offer.replace(
                value(&session.offer, "ice-ufrag"),
                &format!("again{number:06}"),
            );
            let lines = (65_536 - offer.len()) / 20;
            offer + &"a=x-nothing:01234\r\n".repeat(lines)
        })
    });
    assert_paced(&statuses, &[200, 204, 400, 415, 422]);
}

fn restart(number: usize) -> String {
    format!("a=ice-ufrag:again{number:06}\r\na=ice-pwd:0123456789012345678901\r\n")
}

/// PATCHes sessions in turn until the given time, and in a long attack at least [`PATCHES`] times.
/// Returns the count of each status.
fn patch(
    arena: &Arena,
    until: Instant,
    kind: &str,
    body: impl Fn(&Hostile<'_>, usize) -> String,
) -> Statuses {
    let viewers = (0..SESSIONS).map(|_| Hostile::viewer(&arena.server));
    let mut viewers: Vec<_> = viewers.collect();
    viewers.iter_mut().for_each(Hostile::connect);
    let mut http = RawHttp::connect(&arena.server);
    let mut statuses = Statuses::new();
    for number in 0.. {
        let enough = number >= PATCHES || !is_long();
        if Instant::now() >= until && enough {
            break;
        }
        let viewer = &mut viewers[number % SESSIONS];
        let answer = http.send("PATCH", &viewer.session, kind, &body(viewer, number));
        *statuses.entry(answer.status).or_default() += 1;
        viewer.turn();
    }
    eprintln!("{statuses:?}");
    statuses
}

/// Checks that some PATCHes were refused with 429, and that all others got one of these statuses.
fn assert_paced(statuses: &Statuses, others: &[u16]) {
    assert!(statuses.contains_key(&429), "{statuses:?}");
    let is_known = |status: &u16| *status == 429 || others.contains(status);
    assert!(statuses.keys().all(is_known), "{statuses:?}");
}
