//! The stages that a packet passes, each measured alone.

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use client::Offering;
use forward::{Limits, Subscription, Track};
use rtc::{Datagrams, Event, LineIndex, Path, Peer};
use rtp::{Kind, LayerIndex, Packet, PayloadInfo, Rewrite};

use crate::clock::cpu_time;
use crate::rig::{
    ESTIMATE, FORMAT, LOCALHOST, PAYLOAD_BYTES, Rig, Ways, server_config, turn, viewer_role,
};

const BURST: usize = 8;
const BURSTS: u64 = 200;
const EVERY: Duration = Duration::from_millis(30);

/// Subscriptions of one track, so that their states do not all stay in the nearest cache.
const VIEWERS: usize = 50;

/// Packets that are written before the buffer is used again.
const TRAIN: u64 = 8;

/// Rounds of datagrams that a client may take to connect, 5 ms each.
const CONNECT_TURNS: u32 = 200;

/// The time that a stage took, and its number of packets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) time: Duration,
    pub(crate) packets: u64,
}

impl Took {
    /// Nanoseconds per packet.
    pub(crate) fn each(self) -> f64 {
        self.time.as_nanos() as f64 / self.packets.max(1) as f64
    }
}

/// Measures what a received packet costs: its peer is found, and it is decrypted, inspected and
/// cached.
pub(crate) fn ingest() -> anyhow::Result<Took> {
    let mut rig = Rig::new(0, Ways::One)?;
    rig.run(BURST, EVERY, EVERY * BURSTS as u32);
    Ok(Took {
        time: rig.spent.forward,
        packets: rig.spent.received,
    })
}

/// Measures what a forwarded packet costs: the choice whether the viewer gets it, and under which
/// numbers.
pub(crate) fn choose() -> Took {
    let begin = Instant::now();
    let mut track = Track::new(Kind::Video, Limits::default());
    track.begin(&[]);
    let mut subscriptions: Vec<_> = (0..VIEWERS).map(|_| Subscription::new(1, begin)).collect();
    let mut took = Duration::ZERO;
    for seq in 0..BURSTS * BURST as u64 {
        let packet = packet(begin, seq);
        track.push(LayerIndex::FIRST, &packet);
        for subscription in &mut subscriptions {
            subscription.select(begin, &mut track, LayerIndex::FIRST);
            // Only the first packet comes from the cache.
            while subscription.poll(begin, &track, None).is_some() {}
        }
        let began = cpu_time();
        numbers(&track, &mut subscriptions, &packet, begin);
        took += cpu_time() - began;
    }
    Took {
        time: took,
        packets: BURSTS * (BURST * VIEWERS) as u64,
    }
}

/// The measured work. Not inlined: valgrind finds it by its name.
#[inline(never)]
fn numbers(track: &Track, viewers: &mut [Subscription], packet: &Packet, now: Instant) {
    for viewer in viewers {
        black_box(viewer.packet(now, track, LayerIndex::FIRST, packet));
    }
}

/// Measures what a forwarded packet costs: header and payload are written and encrypted, and what
/// retransmission and congestion control need is remembered.
pub(crate) fn write() -> anyhow::Result<Took> {
    let (mut peer, mut now) = viewer()?;
    // The same packets all the time, as for a viewer that is not the first to get them.
    let packets: Vec<_> = (0..TRAIN).map(|i| packet(now, i)).collect();
    let mut to = Datagrams::default();
    let mut took = Duration::ZERO;
    for burst in 0..BURSTS * VIEWERS as u64 {
        now += EVERY;
        let began = cpu_time();
        train(&mut peer, now, &packets, burst * TRAIN, &mut to);
        took += cpu_time() - began;
        while to.pop().is_some() {}
    }
    Ok(Took {
        time: took,
        packets: BURSTS * VIEWERS as u64 * TRAIN,
    })
}

/// The measured work. Not inlined: valgrind finds it by its name.
#[inline(never)]
fn train(peer: &mut Peer, now: Instant, packets: &[Arc<Packet>], seq: u64, to: &mut Datagrams) {
    for packet in packets {
        let rewrite = Rewrite::new(seq + packet.seq, packet.timestamp);
        let video = LineIndex(1);
        peer.write(now, video, packet, rewrite, to)
            .expect("the viewer takes VP8");
    }
}

fn packet(now: Instant, seq: u64) -> Arc<Packet> {
    Arc::new(Packet {
        seq,
        timestamp: (seq / BURST as u64) as u32 * 3_000,
        marker: seq % BURST as u64 == BURST as u64 - 1,
        frame: PayloadInfo {
            keyframe: seq == 0,
            start: seq.is_multiple_of(BURST as u64),
            ..PayloadInfo::default()
        },
        ..Packet::new(now, FORMAT, vec![0x5a; PAYLOAD_BYTES])
    })
}

/// Connects a viewer. Returns the server's peer of it, and the present virtual time.
fn viewer() -> anyhow::Result<(Peer, Instant)> {
    let mut now = Instant::now();
    let [here, there] = [1, 2].map(|port| SocketAddr::new(LOCALHOST, port));
    let config = client::Config::new(&client::Certificate::generate(), there);
    let offering = Offering::new(&config, client::Direction::Receive, &[], now);
    let (config, sdp) = (server_config(here, now), offering.sdp().to_owned());
    let (mut peer, answer) = Peer::answer(&config, viewer_role(), &sdp, Some(ESTIMATE), now)?;
    let mut viewer = offering.accept(&answer)?;
    let (mut to, mut ends) = (Datagrams::default(), [false; 2]);
    for _ in 0..CONNECT_TURNS {
        let (datagrams, connected) = turn(&mut viewer, now);
        ends[0] |= connected;
        for mut datagram in datagrams {
            peer.handle_datagram(now, Path::udp(here, there), &mut datagram, &mut to)
                .expect("its viewer sent it");
        }
        peer.handle_timeout(now, &mut to);
        peer.drain(|event| {
            ends[1] |= matches!(event, Event::Connected(_));
        });
        while let Some(transmit) = to.pop() {
            for datagram in transmit.datagrams() {
                viewer.handle_datagram(now, here, there, datagram);
            }
        }
        if ends == [true; 2] {
            return Ok((peer, now));
        }
        now += Duration::from_millis(5);
    }
    bail!("the viewer did not connect")
}
