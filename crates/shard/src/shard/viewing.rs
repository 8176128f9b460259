//! The choice of layers for one viewer, and its catching up from the cache.

use std::time::Instant;

use forward::{BandwidthAllocator, Choice, Estimate};
use rtc::{Datagrams, Peer, WriteError};
use rtp::Bitrate;

use crate::counters::Counters;
use crate::peer::{PeerEntry, View};
use crate::stream::Stream;
use crate::table::{StreamKey, Table};

/// While a viewer catches up, its bandwidth estimation probes up to this rate: more than most
/// caches can use, so that the estimate is the limit.
const CATCH_UP_WANTED: Bitrate = Bitrate::mbps(20);

/// The bandwidth estimation hears of a new target when it differs by more than this share.
const WANTED_CHANGE: f64 = 0.1;

/// Chooses the layers of a viewer anew, and tells its bandwidth estimation which rate to probe for.
/// Returns whether that rate has changed: then its peer wants its time.
pub(super) fn choose_layers(
    now: Instant,
    entry: &mut PeerEntry,
    streams: &mut Table<StreamKey, Stream>,
) -> bool {
    let (mut padding, mut wanted, mut any) = (Bitrate::ZERO, Bitrate::ZERO, false);
    let mut shares = allocate(now, &mut entry.views, streams, entry.estimate);
    let mut present = Bitrate::ZERO;
    let mut settled = entry.views.len() == 1;
    for view in &mut entry.views {
        let Some(stream) = streams.get_mut(view.stream) else {
            continue;
        };
        if view.video().is_none() {
            continue;
        }
        let share = shares
            .as_mut()
            .map_or(entry.estimate, |(shares, congested)| {
                let bandwidth = shares.next()?;
                let congested = *congested;
                Some(Estimate {
                    bandwidth,
                    congested,
                })
            });
        let chosen = choose_layer(now, view, &mut entry.peer, stream, share);
        let Some((choice, wants)) = chosen else {
            continue;
        };
        any = true;
        settled &= is_settled(&choice, view, stream);
        let rate = stream.video.bitrate(choice.layer);
        present = present + rate;
        wanted = wanted + wants;
        // One video at a time pads for a better layer: two would spoil the measurement.
        if padding == Bitrate::ZERO {
            padding = choice.padded - rate;
        }
    }
    entry.settled = any && settled;
    if !any {
        return false;
    }
    let padded = if padding == Bitrate::ZERO {
        padding
    } else {
        present + padding
    };
    let differs = |a: Bitrate, b: Bitrate| {
        let (a, b) = (a.as_bps() as f64, b.as_bps() as f64);
        (a - b).abs() > a.max(b) * WANTED_CHANGE
    };
    let changes = differs(entry.wanted.0, padded) || differs(entry.wanted.1, wanted);
    if changes {
        entry.wanted = (padded, wanted);
        entry.peer.set_wanted_bitrate(now, padded, wanted);
    }
    changes
}

/// Whether a viewer gets the only layer of a stream in full and at the live edge.
fn is_settled(choice: &Choice, view: &mut View, stream: &Stream) -> bool {
    let waits = view.video().is_none_or(|s| s.subscription.is_catching_up());
    let waits = waits || view.selector.is_in_doubt();
    let has_all = !choice.pause && choice.temporal_max == u8::MAX;
    has_all && !waits && stream.video.layers().len() == 1
}

/// Allocates the bandwidth of the path to the videos of a viewer. Returns the shares, in the order
/// of `views`, and whether the path is congested; `None` for a viewer of one video, which has it
/// all.
fn allocate(
    now: Instant,
    views: &mut [View],
    streams: &Table<StreamKey, Stream>,
    estimate: Option<Estimate>,
) -> Option<(impl Iterator<Item = Bitrate> + use<>, bool)> {
    let estimate = estimate.filter(|_| views.len() > 1)?;
    let mut allocator = BandwidthAllocator::default();
    for view in views {
        if view.video().is_some()
            && let Some(stream) = streams.get(view.stream)
        {
            let max = view.selector.layer_max(&stream.video);
            allocator.add(now, &stream.video, max);
        }
    }
    Some((allocator.divide(estimate.bandwidth), estimate.congested))
}

/// Chooses the layer of one video. Returns the choice, and the rate to probe the path for.
fn choose_layer(
    now: Instant,
    view: &mut View,
    peer: &mut Peer,
    stream: &mut Stream,
    estimate: Option<Estimate>,
) -> Option<(Choice, Bitrate)> {
    let choice = view.selector.choose(now, &stream.video, estimate)?;
    let subscribed = view.video()?;
    let subscription = &mut subscribed.subscription;
    if subscription.target() != Some(choice.layer) {
        tracing::trace!(
            stream = stream.id.0,
            layer = choice.layer.0,
            pause = choice.pause,
            ?estimate,
            "layer chosen"
        );
    }
    subscription.limit_temporal(choice.temporal_max);
    if !choice.pause {
        subscription.select(now, &mut stream.video, choice.layer);
    } else if subscription.pause() {
        peer.forget_sent(subscribed.line);
    }
    let wanted = if subscription.is_catching_up() {
        CATCH_UP_WANTED
    } else {
        choice.wanted
    };
    Some((choice, wanted))
}

/// Writes the cached packets of one of the viewer's streams that are due. Returns the rid of the
/// layer that begins with them, if one does.
pub(super) fn catch_up(
    now: Instant,
    entry: &mut PeerEntry,
    view: usize,
    stream: &Stream,
    sending: &mut Datagrams,
    counters: &mut Counters,
) -> Option<String> {
    let mut begins = None;
    // A viewer that catches up in several streams divides its rate among them.
    let videos = entry.views.iter_mut().filter_map(View::video);
    let streams = videos.filter(|s| s.subscription.is_catching_up()).count();
    let streams = streams.max(1);
    let bandwidth = entry.estimate.map(|e| e.bandwidth * (1.0 / streams as f64));
    let subscribed = entry.views.get_mut(view)?.video()?;
    while let Some(forward) = subscribed.subscription.poll(now, &stream.video, bandwidth) {
        if forward.begins {
            entry.peer.forget_sent(subscribed.line);
            begins = subscribed.subscription.current();
        }
        let (line, packet) = (subscribed.line, &forward.packet);
        let peer = &mut entry.peer;
        let written = peer.write(now, line, packet, forward.rewrite, sending);
        count(counters, written);
    }
    let layer = stream.video.layers().get(begins?.index())?;
    layer.rid().map(str::to_owned)
}

/// Counts a packet by what came of writing it.
pub(super) fn count(counters: &mut Counters, written: Result<(), WriteError>) {
    let counter = match written {
        Ok(()) => &mut counters.packets_out,
        Err(WriteError::TooLarge) => &mut counters.dropped_too_large,
        Err(WriteError::Late) => &mut counters.dropped_late,
        Err(WriteError::Codec | WriteError::NotSending) => &mut counters.dropped_codec,
    };
    *counter += 1;
}
