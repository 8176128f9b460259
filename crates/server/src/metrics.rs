//! The metrics that `/metrics` serves, in the OpenMetrics format.

use std::fmt;
use std::time::Duration;

use contract::ClosedReason;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use shard::Delays;

use crate::causes::{Causes, Seldom};
use crate::control::Control;

/// Labels of an answered HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    dialect: &'static str,
    method: &'static str,
    status: u16,
}

/// The label of a refused request of a participant: its error code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    code: &'static str,
}

/// Labels of a frame from a client of an earlier system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FrameLabels {
    dialect: &'static str,
    outcome: &'static str,
}

/// Labels of an ended session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClosedLabels {
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(
    non_camel_case_types,
    reason = "label values are lower case in Prometheus"
)]
enum Reason {
    remote,
    silent,
    never_connected,
    ordered,
}

/// Counters of HTTP requests and WebSocket frames. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct HttpMetrics {
    requests: Family<HttpLabels, Counter>,
    refused_calls: Family<RefusedLabels, Counter>,
    frames: Family<FrameLabels, Counter>,
    /// HTTP connections that failed.
    pub(crate) failed_connections: Causes,
}

impl HttpMetrics {
    /// Counts a refused request of a participant, by the code that it was refused with.
    pub(crate) fn refused_call(&self, code: &'static str) {
        self.refused_calls
            .get_or_create(&RefusedLabels { code })
            .inc();
    }

    /// Counts a frame from a dialect's socket; `taken` when it was understood and carried out.
    pub(crate) fn frame(&self, dialect: &'static str, taken: bool) {
        let outcome = if taken { "taken" } else { "refused" };
        let labels = FrameLabels { dialect, outcome };
        self.frames.get_or_create(&labels).inc();
    }

    pub(crate) fn answered(&self, dialect: &'static str, method: &http::Method, status: u16) {
        // The client chooses the method: only known ones become labels, which keeps their number
        // bounded.
        let method = ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"]
            .into_iter()
            .find(|known| *known == method.as_str())
            .unwrap_or("other");
        self.requests
            .get_or_create(&HttpLabels {
                dialect,
                method,
                status,
            })
            .inc();
    }
}

/// Counters and waiting times of sessions. Cheap to clone; clones count together.
#[derive(Debug, Clone)]
pub(crate) struct MediaMetrics {
    closed: Family<ClosedLabels, Counter>,
    /// Session descriptions of clients that were refused.
    pub(crate) refused_offers: Causes,
    /// Sessions that ended before they connected.
    pub(crate) unconnected: Causes,
    /// Limits the log lines about datagrams that are dropped in sessions that are not connected.
    /// The media threads count them.
    pub(crate) not_taken: Seldom,
    first_picture: Histogram,
    keyframe_wait: Histogram,
}

impl Default for MediaMetrics {
    fn default() -> Self {
        // Buckets from 10 ms to 20 s.
        let waits = || Histogram::new(exponential_buckets(0.01, 2.0, 12));
        Self {
            closed: Family::default(),
            refused_offers: Causes::default(),
            unconnected: Causes::default(),
            not_taken: Seldom::default(),
            first_picture: waits(),
            keyframe_wait: waits(),
        }
    }
}

impl MediaMetrics {
    pub(crate) fn closed(&self, reason: ClosedReason) {
        let reason = match reason {
            ClosedReason::Remote => Reason::remote,
            ClosedReason::Silent => Reason::silent,
            ClosedReason::NeverConnected => Reason::never_connected,
            ClosedReason::Ordered => Reason::ordered,
        };
        self.closed.get_or_create(&ClosedLabels { reason }).inc();
    }

    pub(crate) fn first_picture(&self, wait: Duration) {
        self.first_picture.observe(wait.as_secs_f64());
    }

    pub(crate) fn keyframe(&self, wait: Duration) {
        self.keyframe_wait.observe(wait.as_secs_f64());
    }
}

/// Registers all metrics, with the prefix `headwater`.
pub(crate) fn registry(http: &HttpMetrics, media: &MediaMetrics, control: Control) -> Registry {
    let mut registry = Registry::with_prefix("headwater");
    registry.register(
        "http_requests",
        "Answered HTTP requests, by dialect, method and status",
        http.requests.clone(),
    );
    registry.register(
        "participant_requests_refused",
        "Refused requests of participants, by error code",
        http.refused_calls.clone(),
    );
    registry.register(
        "dialect_frames",
        "Frames from clients of earlier systems, by dialect and outcome",
        http.frames.clone(),
    );
    registry.register(
        "sessions_closed",
        "Sessions that ended, by reason",
        media.closed.clone(),
    );
    registry.register(
        "sessions_unconnected",
        "Sessions that ended before they connected, by cause",
        media.unconnected.metric(),
    );
    registry.register(
        "offers_refused",
        "Refused session descriptions of clients, by cause",
        media.refused_offers.metric(),
    );
    registry.register(
        "http_connections_failed",
        "HTTP connections that failed, by cause",
        http.failed_connections.metric(),
    );
    registry.register(
        "first_picture_seconds",
        "Time from a viewer's subscription, or a change of publisher, to its first video packet",
        media.first_picture.clone(),
    );
    registry.register(
        "keyframe_wait_seconds",
        "Time from the first key-frame request to a publisher until its key frame",
        media.keyframe_wait.clone(),
    );
    registry.register_collector(Box::new(Shards(control)));
    registry
}

/// Reads rooms, streams and the shards' counters at each scrape.
struct Shards(Control);

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shards")
    }
}

impl Collector for Shards {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let (rooms, participants) = self.0.rooms_count();
        gauge(
            &mut encoder,
            "rooms",
            "Rooms, including empty ones that have not ended yet",
            rooms as u64,
        )?;
        gauge(
            &mut encoder,
            "participants",
            "Participants in all rooms",
            participants as u64,
        )?;
        let streams = self.0.streams();
        let active = streams.values().filter(|s| s.active).count() as u64;
        let viewers = streams.values().map(|s| s.viewers as u64).sum::<u64>();
        gauge(
            &mut encoder,
            "streams",
            "Streams that receive media from a publisher",
            active,
        )?;
        gauge(&mut encoder, "viewers", "Sessions of viewers", viewers)?;
        let load = self.0.load();
        let sum =
            |of: fn(&shard::Counters) -> u64| load.iter().map(|l| of(&l.counters)).sum::<u64>();
        gauge(
            &mut encoder,
            "sessions",
            "Sessions on all media threads",
            sum(|c| c.sessions),
        )?;
        for (name, help, value) in [
            (
                "datagrams_in",
                "Datagrams received",
                sum(|c| c.datagrams_in),
            ),
            (
                "bytes_in",
                "UDP payload bytes received",
                sum(|c| c.bytes_in),
            ),
            ("datagrams_out", "Datagrams sent", sum(|c| c.datagrams_out)),
            (
                "trains_out",
                "Sends that carried these datagrams, each with one or more of one size",
                sum(|c| c.trains_out),
            ),
            (
                "trains_cut",
                "Sends that ended only because the next datagram to the viewer was longer",
                sum(|c| c.trains_cut),
            ),
            ("bytes_out", "UDP payload bytes sent", sum(|c| c.bytes_out)),
            (
                "packets_in",
                "Media packets from publishers",
                sum(|c| c.packets_in),
            ),
            (
                "packets_out",
                "Media packets to viewers",
                sum(|c| c.packets_out),
            ),
            ("nacks_in", "NACKs from viewers", sum(|c| c.nacks_in)),
            ("nacks_out", "NACKs to publishers", sum(|c| c.nacks_out)),
            (
                "keyframe_requests_in",
                "Key-frame requests from viewers",
                sum(|c| c.keyframe_requests_in),
            ),
            (
                "keyframe_requests_out",
                "Key-frame requests to publishers",
                sum(|c| c.keyframe_requests_out),
            ),
        ] {
            counter(&mut encoder, name, help, &[("", value)])?;
        }
        let send_full = load.iter().map(|l| l.send_dropped).sum();
        let mut drops = vec![
            ("unknown_source", sum(|c| c.dropped_unknown_source)),
            ("codec", sum(|c| c.dropped_codec)),
            ("too_large", sum(|c| c.dropped_too_large)),
            ("late", sum(|c| c.dropped_late)),
            ("unproved_path", sum(|c| c.dropped_unproved_path)),
            ("ring_full", sum(|c| c.dropped_ring_full)),
            ("send_buffer", send_full),
        ];
        drops.extend(rtc::Refused::all().map(|refused| {
            let of =
                |load: &crate::media::Load| load.counters.refused.get(refused.number()).copied();
            (refused.label(), load.iter().filter_map(of).sum())
        }));
        counter(
            &mut encoder,
            "dropped",
            "Datagrams and packets dropped, by reason",
            &drops,
        )?;
        let delays = load
            .iter()
            .fold(Delays::default(), |sum, l| sum.merge(&l.delays));
        forwarding(&mut encoder, &delays)?;
        per_shard(
            &mut encoder,
            "shard_busy_ratio",
            "Share of the time that a media thread works, 0 to 1",
            &load,
            |l| l.busy,
        )?;
        per_shard(
            &mut encoder,
            "shard_ring_queued",
            "Packets that wait in rings to other shards",
            &load,
            |l| l.ring_queued as f64,
        )?;
        per_shard(
            &mut encoder,
            "shard_commands_queued",
            "Commands that a media thread has not taken yet",
            &load,
            |l| l.commands_queued as f64,
        )?;
        per_shard(
            &mut encoder,
            "shard_events_queued",
            "Events that wait on a media thread because the control plane's queue is full",
            &load,
            |l| l.events_queued as f64,
        )
    }
}

fn forwarding(encoder: &mut DescriptorEncoder<'_>, delays: &Delays) -> fmt::Result {
    let buckets: Vec<_> = delays.buckets().collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    let mut metric = encoder.encode_descriptor(
        "forwarding_seconds",
        "Time from receiving a packet until the last viewer of the shard was sent it, counted once \
         per viewer",
        None,
        MetricType::Histogram,
    )?;
    metric.encode_histogram::<NoLabelSet>(delays.sum(), count, &buckets, None)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

/// Encodes one counter per reason; an empty reason stands for a counter without labels.
fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: &[(&str, u64)],
) -> fmt::Result {
    let kind = ConstCounter::new(0_u64).metric_type();
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for (reason, value) in values {
        let counter = ConstCounter::new(*value);
        if reason.is_empty() {
            return counter.encode(metric);
        }
        counter.encode(metric.encode_family(&[("reason", *reason)])?)?;
    }
    Ok(())
}

fn per_shard(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    load: &[crate::media::Load],
    value: fn(&crate::media::Load) -> f64,
) -> fmt::Result {
    let kind = ConstGauge::new(0.0).metric_type();
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for (shard, load) in load.iter().enumerate() {
        ConstGauge::new(value(load)).encode(metric.encode_family(&[("shard", shard as u64)])?)?;
    }
    Ok(())
}
