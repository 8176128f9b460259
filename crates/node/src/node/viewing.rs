//! What one viewer gets, and when.

use std::time::Instant;

use rtc::{Datagrams, WriteError};
use rtp::{Bitrate, Kind};

use crate::counters::Counters;
use crate::peer::PeerEntry;
use crate::stream::Stream;

/// While a viewer catches up, its bandwidth estimation looks this far: more than most caches can
/// use, so that the estimate and not the wish is the limit.
const CATCH_UP_WANTED: Bitrate = Bitrate::mbps(20);

/// A changed wish is told to the bandwidth estimation when it changed by more than this share.
const WANTED_CHANGE: f64 = 0.1;

/// Decides anew what a viewer gets, and tells its bandwidth estimation what to look for. Returns
/// whether that is another thing than before, so that its peer may want its time.
pub(super) fn choose_layer(now: Instant, entry: &mut PeerEntry, stream: &mut Stream) -> bool {
    let Some(subscribed) = entry
        .subscriptions
        .iter_mut()
        .find(|s| s.kind == Kind::Video)
    else {
        return false;
    };
    let subscription = &mut subscribed.subscription;
    let Some(choice) = entry.selector.choose(now, &stream.video, entry.estimate) else {
        return false;
    };
    if subscription.target() != Some(choice.layer) {
        tracing::trace!(session = ?entry.session, layer = choice.layer, pause = choice.pause, estimate = ?entry.estimate, "layer chosen");
    }
    subscription.limit_temporal(choice.temporal_max);
    if !choice.pause {
        subscription.select(now, &mut stream.video, choice.layer);
    } else if subscription.pause() {
        entry.peer.forget_sent(subscribed.media);
    }
    let wanted = if subscription.is_catching_up() {
        CATCH_UP_WANTED
    } else {
        choice.wanted
    };
    let differs = |a: Bitrate, b: Bitrate| {
        let (a, b) = (a.as_bps() as f64, b.as_bps() as f64);
        (a - b).abs() > a.max(b) * WANTED_CHANGE
    };
    let changes = differs(entry.wanted.0, choice.padded) || differs(entry.wanted.1, wanted);
    if changes {
        entry.wanted = (choice.padded, wanted);
        entry.peer.set_wanted_bitrate(now, choice.padded, wanted);
    }
    changes
}

/// Writes the cached packets that may go out now. Returns the rid of the layer that begins with
/// them, if one does.
pub(super) fn catch_up(
    now: Instant,
    entry: &mut PeerEntry,
    stream: &Stream,
    sending: &mut Datagrams,
    counters: &mut Counters,
) -> Option<String> {
    let mut begins = None;
    for subscribed in entry
        .subscriptions
        .iter_mut()
        .filter(|s| s.kind == Kind::Video)
    {
        while let Some(forward) =
            subscribed
                .subscription
                .poll(now, &stream.video, entry.estimate.map(|e| e.bandwidth))
        {
            if forward.begins {
                entry.peer.forget_sent(subscribed.media);
                begins = subscribed.subscription.current();
            }
            let (media, packet) = (subscribed.media, &forward.packet);
            let peer = &mut entry.peer;
            let written = peer.write(now, media, 0, packet, forward.rewrite, sending);
            count(counters, written);
        }
    }
    let layer = stream.video.layers().get(begins?)?;
    layer.rid().map(str::to_owned)
}

/// Counts a packet that was to be sent.
pub(super) fn count(counters: &mut Counters, written: Result<(), WriteError>) {
    let counter = match written {
        Ok(()) => &mut counters.packets_out,
        Err(WriteError::TooLarge) => &mut counters.dropped_too_large,
        Err(WriteError::Late) => &mut counters.dropped_late,
        Err(WriteError::Codec | WriteError::NotSending) => &mut counters.dropped_codec,
    };
    *counter += 1;
}
