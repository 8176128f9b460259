//! Rooms, streams and the shards' counters, read at each scrape.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use room::Topology;
use shard::{Counters, Delays};

use super::encoding::{counter, forwarding, gauge, labelled_gauge, per_shard};
use crate::control::Control;
use crate::media::Load;

/// Reads rooms, streams and the shards' counters at each scrape.
pub(super) struct Shards(pub(super) Control);

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shards")
    }
}

impl Collector for Shards {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.encode_rooms(&mut encoder)?;
        self.encode_streams(&mut encoder)?;
        let load = self.0.load();
        encode_counters(&mut encoder, &load)?;
        encode_dropped(&mut encoder, &load)?;
        let delays = load
            .iter()
            .fold(Delays::default(), |sum, l| sum.merge(&l.delays));
        forwarding(&mut encoder, &delays)?;
        encode_load(&mut encoder, &load)
    }
}

impl Shards {
    fn encode_rooms(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (rooms, participants) = self.0.rooms_count(Topology::Sfu);
        gauge(
            encoder,
            "rooms",
            "Rooms whose media is forwarded, including empty ones that have not ended yet",
            rooms as u64,
        )?;
        gauge(
            encoder,
            "participants",
            "Participants in all rooms whose media is forwarded",
            participants as u64,
        )?;
        let direct = self.0.rooms_count(Topology::Direct);
        let tree = self.0.rooms_count(Topology::Tree);
        labelled_gauge(
            encoder,
            "peer_to_peer_rooms",
            "Rooms whose media goes from browser to browser",
            "topology",
            &[("direct", direct.0 as u64), ("tree", tree.0 as u64)],
        )?;
        labelled_gauge(
            encoder,
            "peer_to_peer_participants",
            "Participants in rooms whose media goes from browser to browser",
            "topology",
            &[("direct", direct.1 as u64), ("tree", tree.1 as u64)],
        )
    }

    fn encode_streams(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let streams = self.0.streams();
        let active = streams.values().filter(|s| s.active).count() as u64;
        let viewers = streams.values().map(|s| s.viewers as u64).sum::<u64>();
        gauge(
            encoder,
            "streams",
            "Streams that receive media from a publisher",
            active,
        )?;
        gauge(encoder, "viewers", "Sessions of viewers", viewers)
    }
}

/// Adds up one counter of all shards.
fn sum(load: &[Load], of: fn(&Counters) -> u64) -> u64 {
    load.iter().map(|l| of(&l.counters)).sum()
}

/// Encodes the sessions, and what shards have received, sent and asked for.
fn encode_counters(encoder: &mut DescriptorEncoder<'_>, load: &[Load]) -> fmt::Result {
    gauge(
        encoder,
        "sessions",
        "Sessions on all media threads",
        sum(load, |c| c.sessions),
    )?;
    for (name, help, of) in COUNTERS {
        counter(encoder, name, help, &[("", sum(load, of))])?;
    }
    Ok(())
}

/// A counter of the shards: the metric's name, its help, and the field.
type ShardCounter = (&'static str, &'static str, fn(&Counters) -> u64);

const COUNTERS: [ShardCounter; 12] = [
    ("datagrams_in", "Datagrams received", |c| c.datagrams_in),
    ("bytes_in", "UDP payload bytes received", |c| c.bytes_in),
    ("datagrams_out", "Datagrams sent", |c| c.datagrams_out),
    (
        "trains_out",
        "Sends that carried these datagrams, each with one or more of one size",
        |c| c.trains_out,
    ),
    (
        "trains_cut",
        "Sends that ended only because the next datagram to the viewer was longer",
        |c| c.trains_cut,
    ),
    ("bytes_out", "UDP payload bytes sent", |c| c.bytes_out),
    ("packets_in", "Media packets from publishers", |c| {
        c.packets_in
    }),
    ("packets_out", "Media packets to viewers", |c| c.packets_out),
    ("nacks_in", "NACKs from viewers", |c| c.nacks_in),
    ("nacks_out", "NACKs to publishers", |c| c.nacks_out),
    (
        "keyframe_requests_in",
        "Key-frame requests from viewers",
        |c| c.keyframe_requests_in,
    ),
    (
        "keyframe_requests_out",
        "Key-frame requests to publishers",
        |c| c.keyframe_requests_out,
    ),
];

/// Encodes the datagrams and packets that were dropped, by reason.
fn encode_dropped(encoder: &mut DescriptorEncoder<'_>, load: &[Load]) -> fmt::Result {
    let send_full = load.iter().map(|l| l.send_dropped).sum();
    let mut drops = vec![
        ("unknown_source", sum(load, |c| c.dropped_unknown_source)),
        ("codec", sum(load, |c| c.dropped_codec)),
        ("too_large", sum(load, |c| c.dropped_too_large)),
        ("late", sum(load, |c| c.dropped_late)),
        ("unproved_path", sum(load, |c| c.dropped_unproved_path)),
        ("ring_full", sum(load, |c| c.dropped_ring_full)),
        ("send_buffer", send_full),
    ];
    drops.extend(rtc::Refused::all().map(|refused| {
        let of = |load: &Load| load.counters.refused.get(refused.number()).copied();
        (refused.label(), load.iter().filter_map(of).sum())
    }));
    counter(
        encoder,
        "dropped",
        "Datagrams and packets dropped, by reason",
        &drops,
    )
}

/// Encodes how busy each media thread is, and how much waits for it.
fn encode_load(encoder: &mut DescriptorEncoder<'_>, load: &[Load]) -> fmt::Result {
    per_shard(
        encoder,
        "shard_busy_ratio",
        "Share of the time that a media thread works, 0 to 1",
        load,
        |l| l.busy,
    )?;
    per_shard(
        encoder,
        "shard_ring_queued",
        "Packets that wait in rings to other shards",
        load,
        |l| l.ring_queued as f64,
    )?;
    per_shard(
        encoder,
        "shard_commands_queued",
        "Commands that a media thread has not taken yet",
        load,
        |l| l.commands_queued as f64,
    )?;
    per_shard(
        encoder,
        "shard_events_queued",
        "Events that wait on a media thread because the control plane's queue is full",
        load,
        |l| l.events_queued as f64,
    )
}
