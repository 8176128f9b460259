//! Metrics that are computed at each scrape, written with one call each.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use shard::Delays;

use crate::media::Load;

/// Encodes one gauge without labels.
pub(super) fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

/// Encodes one counter per reason; an empty reason stands for a counter without labels.
pub(super) fn counter(
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

/// Encodes one gauge per value of a label.
pub(super) fn labelled_gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    values: &[(&str, u64)],
) -> fmt::Result {
    let kind = ConstGauge::new(0_u64).metric_type();
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for (text, value) in values {
        let gauge = ConstGauge::new(*value);
        gauge.encode(metric.encode_family(&[(label, *text)])?)?;
    }
    Ok(())
}

/// Encodes one gauge per media thread, labelled with its number.
pub(super) fn per_shard(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    load: &[Load],
    value: fn(&Load) -> f64,
) -> fmt::Result {
    let kind = ConstGauge::new(0.0).metric_type();
    let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
    for (shard, load) in load.iter().enumerate() {
        ConstGauge::new(value(load)).encode(metric.encode_family(&[("shard", shard as u64)])?)?;
    }
    Ok(())
}

/// Encodes the forwarding delays of all shards as a histogram.
pub(super) fn forwarding(encoder: &mut DescriptorEncoder<'_>, delays: &Delays) -> fmt::Result {
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
