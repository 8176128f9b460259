//! RTCP from a viewer: only authentic and new packets count, whatever their address.

use std::time::Duration;

use headwater_rtc::Event;
use headwater_rtc::srtp::Outbound;
use pair::{World, path, strange_path};
use rtp::rtcp;

use crate::rng::Rng;

/// The SSRC of the viewer's reports, other than the client library's own.
const REPORTER: u32 = 0x7777_0001;

/// No packet is retransmitted twice within this time.
const RESEND_PAUSE: Duration = Duration::from_millis(600);

/// Returns a connected viewer that was sent a packet, the packet's SSRC, and the viewer's outbound
/// keys.
fn viewer() -> (World, u32, Outbound) {
    let mut world = World::viewer().connected();
    let ssrc = world.write_one(1).0.ssrc;
    let seal = world.client_seal();
    world.sent.clear();
    world.events.clear();
    (world, ssrc, seal)
}

fn nack(ssrc: u32, seal: &mut Outbound) -> Vec<u8> {
    let mut report = Vec::new();
    rtcp::write_nack(&mut report, REPORTER, ssrc, &[1]);
    seal.seal_rtcp(&mut report);
    report
}

/// Returns the NACKs reported and the packets retransmitted since the last call.
fn told(world: &mut World) -> (u64, usize) {
    world.collect();
    let counts = world.events.iter().map(|event| match event {
        Event::Nacks { sent: false, count } => *count,
        _ => 0,
    });
    let told = (counts.sum(), world.media_sent().len());
    world.events.clear();
    world.sent.clear();
    told
}

#[test]
fn replayed_report_counts_once() {
    let (mut world, ssrc, mut seal) = viewer();
    let report = nack(ssrc, &mut seal);
    world.tell(path(), &mut report.clone());
    assert_eq!(told(&mut world), (1, 1));
    world.now += RESEND_PAUSE;
    world.tell(path(), &mut report.clone());
    assert_eq!(told(&mut world), (0, 0));
    world.tell(path(), &mut nack(ssrc, &mut seal));
    assert_eq!(told(&mut world), (1, 1));
}

#[test]
fn forged_report_is_ignored_and_blocks_no_real_one() {
    let (mut world, ssrc, mut seal) = viewer();
    let report = nack(ssrc, &mut seal);
    for place in 0..report.len() {
        let mut forged = report.clone();
        forged[place] ^= 1;
        world.tell(path(), &mut forged);
        let mut cut = report[..place].to_vec();
        world.tell(path(), &mut cut);
    }
    assert_eq!(told(&mut world), (0, 0));
    world.tell(path(), &mut report.clone());
    assert_eq!(told(&mut world), (1, 1));
}

#[test]
fn authentic_garbage_rtcp_is_ignored() {
    let (mut world, ssrc, mut seal) = viewer();
    let mut rng = Rng(7);
    for length in (0..4_000).map(|round| 4 * (round % 50)) {
        // The header of an RTCP packet other than a report or a request, then random bytes.
        let kind = [192, 195, 203, 204, 207, 223][rng.below(6)];
        let mut bytes = vec![0x80 | rng.below(32) as u8, kind];
        bytes.extend(rng.bytes(2));
        bytes.extend(REPORTER.to_be_bytes());
        bytes.extend(rng.bytes(length));
        seal.seal_rtcp(&mut bytes);
        world.tell(path(), &mut bytes);
    }
    assert_eq!(told(&mut world), (0, 0));
    assert!(world.server.is_alive());
    world.tell(path(), &mut nack(ssrc, &mut seal));
    assert_eq!(told(&mut world), (1, 1));
}

#[test]
fn report_from_another_address_moves_no_media() {
    let (mut world, ssrc, mut seal) = viewer();
    for _ in 0..1_000 {
        world.tell(strange_path(), &mut nack(ssrc, &mut seal));
        world.pass_alone(Duration::from_millis(5));
    }
    assert_eq!(world.moves(), 0);
    let strange = |(to, _): &(headwater_rtc::Path, Vec<u8>)| *to == strange_path();
    assert!(!world.sent.iter().any(strange));
    assert_eq!(world.write_one(2).1.0, path());
}
