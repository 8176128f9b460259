//! The cost of one received packet of 1,200 bytes: opened, assigned to its layer, numbered, and
//! ready to be forwarded. `floor` measures what no receiver can do without: reading the header,
//! AES-128-GCM, and an allocation for the payload.

use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::Bencher;
use divan::counter::ItemsCount;
use headwater_rtc::ExtensionIds;
use headwater_rtc::receiver::{ReceivedSection, ReceivedType, Receiver};
use headwater_rtc::srtp::{Inbound, Keys, Protection};
use rtp::{Codec, Format, Header, Kind, Profile};

const PACKETS: u64 = 1_000;
const PAYLOAD: usize = 1_200;
const SSRC: u32 = 0x5000_0001;
const VP8: u8 = 96;
const TRANSPORT_SEQ: u8 = 3;

/// The interval between packets of a 10 Mbit/s stream.
const STEP: Duration = Duration::from_millis(1);

/// One packet in this many is lost in `lossy`.
const LOST: u64 = 50;

fn main() {
    divan::main();
}

fn keys(client: bool) -> Keys {
    let material: Vec<u8> = (0..100).collect();
    Keys::new(Protection::Aes128Gcm, &material, client).expect("the material is long enough")
}

/// Sealed packets with transport-wide sequence numbers, as browsers send them.
fn datagrams() -> Vec<Vec<u8>> {
    let outbound = keys(true).outbound();
    let datagram = |index: u64| {
        let seq = (index as u16).to_be_bytes();
        let mut bytes = vec![0x90, VP8, seq[0], seq[1]];
        bytes.extend((3_000 * (index / 10) as u32).to_be_bytes());
        bytes.extend(SSRC.to_be_bytes());
        bytes.extend([0xbe, 0xde, 0, 1, TRANSPORT_SEQ << 4 | 1, seq[0], seq[1], 0]);
        let header = bytes.len();
        // A descriptor of VP8, then a frame that is no key frame.
        bytes.extend([0x10, 0x01]);
        bytes.resize(header + PAYLOAD, 0x77);
        outbound.seal_rtp(&mut bytes, 0, header, index);
        bytes
    };
    (1..=PACKETS).map(datagram).collect()
}

fn receiver(now: Instant) -> Receiver {
    let vp8 = ReceivedType {
        number: VP8,
        rtx: Some(97),
        format: Format {
            codec: Codec::Vp8,
            clock_rate: 90_000,
            profile: Profile::Any,
            red: false,
        },
        nack: true,
    };
    let mut receiver = Receiver::new(now, 1);
    receiver.set_sections(vec![ReceivedSection {
        mid: "0".into(),
        kind: Kind::Video,
        rids: Vec::new(),
        types: vec![vp8],
        sets: Vec::new(),
        ids: ExtensionIds {
            transport_seq: TRANSPORT_SEQ,
            mid: 4,
            dependency_descriptor: 12,
            ..ExtensionIds::default()
        },
        ssrcs: Vec::new(),
        transport_cc: true,
        reduced_size: true,
    }]);
    receiver
}

/// Receives all packets but every `lost`th (0: all), and sends the feedback that falls due.
fn receive(inbound: &Inbound, datagrams: Vec<Vec<u8>>, lost: u64) -> usize {
    let mut now = Instant::now();
    let mut receiver = receiver(now);
    let mut bytes = 0;
    for (place, mut datagram) in (0..).zip(datagrams) {
        now += STEP;
        if lost > 0 && place % lost == lost - 1 {
            continue;
        }
        if let Ok(Some(arrived)) = receiver.handle_rtp(now, inbound, &mut datagram) {
            bytes += divan::black_box(arrived.packet).payload.len();
        }
        receiver.handle_timeout(now, &mut |compound| drop(divan::black_box(compound)));
    }
    bytes
}

#[divan::bench]
fn whole(bencher: Bencher<'_, '_>) {
    let inbound = keys(false).inbound();
    bencher
        .counter(ItemsCount::new(PACKETS))
        .with_inputs(datagrams)
        .bench_values(|datagrams| receive(&inbound, datagrams, 0));
}

#[divan::bench]
fn lossy(bencher: Bencher<'_, '_>) {
    let inbound = keys(false).inbound();
    bencher
        .counter(ItemsCount::new(PACKETS))
        .with_inputs(datagrams)
        .bench_values(|datagrams| receive(&inbound, datagrams, LOST));
}

#[divan::bench]
fn floor(bencher: Bencher<'_, '_>) {
    let inbound = keys(false).inbound();
    bencher
        .counter(ItemsCount::new(PACKETS))
        .with_inputs(datagrams)
        .bench_values(|datagrams| {
            let mut arrivals = Vec::with_capacity(datagrams.len());
            let now = Instant::now();
            for mut datagram in datagrams {
                let header = Header::read(&datagram).expect("it is a packet");
                let index = header.seq.into();
                let payload = inbound.open_rtp(&mut datagram, header.length, index);
                let payload: Arc<[u8]> = payload.expect("it is authentic").into();
                arrivals.push((header.seq, now));
                divan::black_box(payload);
            }
            arrivals.len()
        });
}
