//! Hostile RTCP of viewers on what they watch.

use std::time::{Duration, Instant};

use rtp::rtcp;

use super::arena::{Arena, VIEWERS, paced};
use super::hostile::Hostile;

/// The sender SSRC of forged reports, different from the client's own.
const REPORTER: u32 = 0x7777_0001;

/// Bytes that the server retransmits at once, at most: `RESENT_BYTES_MAX` of `rtc::sender`.
const RESENT_AT_ONCE: u64 = 200_000;

const GROWTH_KB_MAX: u64 = 8_192;

/// Time between key frames that the publisher makes without requests.
const KEYFRAMES_EVERY: Duration = Duration::from_secs(2);

/// Key-frame requests of one viewer that the server passes on: after 0, 0.5, 1.5, 3.5, 7.5 s and
/// then every 4 s, by `GRANT_INTERVAL_MIN` and `GRANT_INTERVAL_MAX` of `forward::keyframes`.
fn requests_granted(time: Duration) -> u64 {
    5 + time.as_secs() / 4
}

#[test]
fn key_frames_for_1000_plis_a_second_back_off() {
    let arena = Arena::enter();
    let (before, began) = (arena.stream.publishers.sent().keyframes, Instant::now());
    arena.withstands("1,000 PLI a second", GROWTH_KB_MAX, |until| {
        let mut viewer = Hostile::viewer(&arena.server);
        viewer.connect();
        viewer.watch();
        let mut outbound = viewer.outbound();
        paced(until, 1_000, |_| {
            let mut report = Vec::new();
            rtcp::write_receiver_report(&mut report, REPORTER, &[]);
            rtcp::write_pli(&mut report, REPORTER, viewer.source);
            outbound.seal_rtcp(&mut report);
            viewer.send(&report);
            viewer.turn();
        });
    });
    let made = arena.stream.publishers.sent().keyframes - before;
    // The time of the attack, and of waiting for losses after.
    let time = began.elapsed();
    let own = time.as_secs() / KEYFRAMES_EVERY.as_secs() + 1;
    eprintln!("{made} key frames, {own} of them the publisher's own");
    assert!(made <= own + requests_granted(time), "{made} key frames");
}

#[test]
fn nack_storm_brings_back_less_than_it_costs() {
    let arena = Arena::enter();
    let nacks = || arena.server.metric("nacks_in_total");
    let before = nacks();
    let stream = || arena.stream.viewers.report().bytes / VIEWERS as u64;
    let (sent, got, regular) = arena.withstands("a NACK storm", GROWTH_KB_MAX, |until| {
        let mut viewer = Hostile::viewer(&arena.server);
        viewer.connect();
        viewer.watch();
        let mut outbound = viewer.outbound();
        let mut missing: Vec<u16> = Vec::new();
        let (mut bytes, before, streamed) = (0, viewer.received_bytes, stream());
        paced(until, 2_000, |number| {
            missing.clear();
            missing.extend((0..200).map(|n| (number as u16).wrapping_mul(7).wrapping_add(n)));
            let mut report = Vec::new();
            rtcp::write_receiver_report(&mut report, REPORTER, &[]);
            rtcp::write_nack(&mut report, REPORTER, viewer.source, &missing);
            outbound.seal_rtcp(&mut report);
            bytes += report.len() as u64;
            viewer.send(&report);
            if number.is_multiple_of(20) {
                viewer.turn();
            }
        });
        let got = viewer.received_bytes - before;
        (bytes, got, stream() - streamed)
    });
    let counted = nacks() - before;
    eprintln!("{sent} bytes of {counted} NACKs: {got} bytes of media, others {regular}");
    assert!(counted > 0, "the server saw none");
    // Retransmissions may take half of all bytes sent, so at most twice the regular bytes come.
    assert!(got < 2 * regular + RESENT_AT_ONCE + sent, "{got} bytes");
}

#[test]
fn lying_transport_feedback_harms_nobody_else() {
    let arena = Arena::enter();
    arena.withstands("lying transport feedback", GROWTH_KB_MAX, |until| {
        let mut viewer = Hostile::viewer(&arena.server);
        viewer.connect();
        viewer.watch();
        let mut outbound = viewer.outbound();
        let mut rng = fastrand::Rng::with_seed(3);
        paced(until, 1_000, |number| {
            let count = rng.usize(1..500);
            let arrivals: Vec<Option<Duration>> = (0..count)
                .map(|n| {
                    rng.bool()
                        .then(|| Duration::from_micros(n as u64 * rng.u64(..2_000)))
                })
                .collect();
            let mut report = Vec::new();
            rtcp::write_receiver_report(&mut report, REPORTER, &[]);
            let (source, base) = (viewer.source, rng.u16(..));
            rtcp::write_transport_feedback(
                &mut report,
                REPORTER,
                source,
                number as u8,
                base,
                &arrivals,
            );
            outbound.seal_rtcp(&mut report);
            viewer.send(&report);
            if number.is_multiple_of(20) {
                viewer.turn();
            }
        });
    });
}
