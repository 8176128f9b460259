//! The way of a packet through the shard, from its publisher to the viewers of its stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::Heard;
use rtp::{Kind, LayerIndex, Packet, Rewrite};

use super::Shard;
use super::viewing::{choose_layers, count};
use crate::fan_out::Pending;
use crate::message::{Output, ShardMessage};
use crate::peer::{Incoming, PeerEntry, Subscribed};
use crate::table::{PeerKey, StreamKey};
use contract::Event;

/// A connection is alive when something authentic came within this time: browsers check for consent
/// every four to six seconds (RFC 7675 §5.1), and one check may be a little late.
const LIVES_FOR: Duration = Duration::from_secs(8);

impl Shard {
    /// Takes a packet of a stream: caches it, passes it to the subscribed shards, and queues it for
    /// the viewers on this shard.
    pub(super) fn forward(
        &mut self,
        now: Instant,
        stream_key: StreamKey,
        kind: Kind,
        layer: LayerIndex,
        packet: Arc<Packet>,
    ) {
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        let wait = stream.track_mut(kind).push(layer, &packet);
        if let Some((level, _)) = packet.extensions.audio_level
            && stream.publisher.is_some()
        {
            stream.audio_level.push(level);
        }
        // Each shard asks its own origin; only the origin asks the publisher.
        if let Some(wait) = wait.filter(|_| stream.publisher.is_some()) {
            self.outputs
                .push_back(Output::Event(Event::Keyframe { wait }));
        }
        for subscribed in &mut stream.subscribed_shards {
            subscribed.skipping &= !(kind == Kind::Video && packet.frame.keyframe);
            // Parameter sets change seldom, and what comes after the gap may need them.
            if kind == Kind::Audio || !subscribed.skipping || packet.frame.parameter_sets {
                let message = ShardMessage::Packet {
                    stream: stream.id,
                    kind,
                    layer,
                    packet: packet.clone(),
                };
                self.outputs.push_back(Output::Message {
                    shard: subscribed.shard,
                    message,
                });
            }
        }
        if !std::mem::replace(&mut stream.has_pending, true) {
            self.pending_streams.push_back(stream_key);
        }
        stream.fan_out.push(now, kind, layer, packet);
    }

    /// Visits one viewer of the next stream with pending packets. Streams take turns, so that a
    /// stream with thousands of viewers does not hold up the others. Returns false when no stream
    /// has any.
    pub(super) fn serve(&mut self, now: Instant) -> bool {
        let Some(stream_key) = self.pending_streams.pop_front() else {
            return false;
        };
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return true;
        };
        match stream.fan_out.visit(now, &mut self.delays) {
            Some(key) => {
                self.pending_streams.push_back(stream_key);
                if self.give_pending(now, stream_key, key) {
                    self.flush(now, key);
                }
            }
            None => {
                stream.has_pending = false;
                self.request_keyframes(now, stream_key);
            }
        }
        true
    }

    /// Pending packets of all streams. An owner that stops reading its socket above some bound
    /// leaves the excess in the kernel's buffer.
    pub fn backlog(&self) -> usize {
        let waiting = self
            .pending_streams
            .iter()
            .filter_map(|key| self.streams.get(*key));
        waiting.map(|stream| stream.fan_out.len()).sum()
    }

    /// Writes the pending packets of a stream to one viewer's peer. Returns whether the viewer is
    /// catching up, so that the cache has more for it.
    pub(super) fn give_pending(
        &mut self,
        now: Instant,
        stream_key: StreamKey,
        key: PeerKey,
    ) -> bool {
        let (Some(stream), Some(entry)) =
            (self.streams.get_mut(stream_key), self.peers.get_mut(key))
        else {
            return false;
        };
        let place = entry.views.iter().position(|v| v.stream == stream_key);
        let Some((place, view)) = place.and_then(|i| Some((i, entry.views.get(i)?))) else {
            return false;
        };
        // The queue is taken out for the time of the loop, since choosing a layer borrows the
        // stream.
        let (pending, had) = stream.fan_out.take(view.given);
        let mut catches_up = false;
        for Pending {
            kind,
            layer,
            packet,
            padding,
            ..
        } in pending.iter().skip(had)
        {
            // A subscription without a layer can take nothing. A layer is chosen with the packet and
            // not at the next tick, or a viewer would miss the first key frame of a new track.
            let undecided = |s: &Subscribed| !s.paused && s.subscription.target().is_none();
            if *kind == Kind::Video
                && let Some(view) = entry.views.get(place)
                && view
                    .subscriptions
                    .iter()
                    .any(|s| s.kind == *kind && undecided(s))
            {
                choose_layers(now, entry, &mut self.streams);
            }
            let (Some(stream), Some(view)) =
                (self.streams.get(stream_key), entry.views.get_mut(place))
            else {
                break;
            };
            let track = stream.track(*kind);
            let wanted = |s: &&mut Subscribed| s.kind == *kind && !s.paused;
            for subscribed in view.subscriptions.iter_mut().filter(wanted) {
                let subscription = &mut subscribed.subscription;
                if let Some(rewrite) = subscription.packet(now, track, *layer, packet) {
                    let padding = *padding;
                    let rewrite = Rewrite { padding, ..rewrite };
                    let to = &mut self.sending;
                    let line = subscribed.line;
                    let written = entry.peer.write(now, line, packet, rewrite, to);
                    entry.health.packets += 1;
                    count(&mut self.counters, written);
                } else if !subscription.is_catching_up() {
                    // Of another layer, or from before the key frame that is waited for.
                    continue;
                }
                catches_up |= subscription.is_catching_up();
                if *kind == Kind::Video
                    && let Some(since) = subscription.take_first_picture()
                {
                    let event = Event::FirstPicture {
                        session: entry.session,
                        wait: now.saturating_duration_since(since),
                    };
                    self.outputs.push_back(Output::Event(event));
                }
            }
        }
        if let (Some(stream), Some(view)) =
            (self.streams.get_mut(stream_key), entry.views.get_mut(place))
        {
            view.given = stream.fan_out.put_back(pending);
        }
        catches_up
    }

    pub(super) fn tick_stream(&mut self, now: Instant, key: StreamKey, full: bool) {
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        if full {
            stream.video.reorder(now);
        }
        if stream.publisher.is_some()
            && let Some(level) = stream.audio_level.tick()
        {
            let stream = stream.id;
            let event = Event::AudioLevel { stream, level };
            self.outputs.push_back(Output::Event(event));
        }
        let active = stream.is_active(now);
        let publisher = stream.publisher.and_then(|key| self.peers.get(key));
        // Whether media flows is reported at once; bit rates can wait for the next second.
        if stream.publisher.is_some() && (full || active != stream.reported_active) {
            stream.reported_active = active;
            let status = Event::Status {
                stream: stream.id,
                heard: heard(now, active, publisher),
                tracks: stream.status(now),
            };
            self.outputs.push_back(Output::Event(status));
        }
    }

    /// Chooses layers for the viewers anew: for `all`, or for those that are not settled.
    pub(super) fn choose_all(&mut self, now: Instant, all: bool) {
        for (key, entry) in self.peers.iter_mut() {
            let is_viewer = entry.connected && !entry.views.is_empty();
            if !is_viewer || (entry.settled && !all) {
                continue;
            }
            let wishes = choose_layers(now, entry, &mut self.streams);
            if wishes || entry.catch_up_due().is_some() {
                entry.mark_dirty(key, &mut self.dirty);
            }
        }
    }

    /// Passes on the key-frame requests that a viewer's new choice may have caused.
    pub(super) fn request_viewed(&mut self, now: Instant, key: PeerKey) {
        let mut index = 0;
        while let Some(stream) = self.viewed_stream(key, index) {
            self.request_keyframes(now, stream);
            index += 1;
        }
    }

    /// The key of the viewer's stream with this index; `None` beyond its last.
    pub(super) fn viewed_stream(&self, key: PeerKey, index: usize) -> Option<StreamKey> {
        let view = self.peers.get(key)?.views.get(index)?;
        Some(view.stream)
    }

    /// Passes due key-frame requests to the publisher, or to the origin shard.
    pub(super) fn request_keyframes(&mut self, now: Instant, stream_key: StreamKey) {
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        while let Some(layer) = stream.video.poll_keyframe_request(now) {
            match (stream.publisher, stream.origin) {
                (Some(key), _) => {
                    let Some(entry) = self.peers.get_mut(key) else {
                        continue;
                    };
                    let is_it = |s: &&Incoming| s.stream == stream_key && s.kind == Kind::Video;
                    if let Some(section) = entry.incoming.iter().find(is_it).map(|s| s.section) {
                        self.counters.keyframe_requests_out += 1;
                        entry.peer.request_keyframe(section, layer);
                        entry.mark_dirty(key, &mut self.dirty);
                    }
                }
                (None, Some(shard)) => {
                    let message = ShardMessage::WantKeyframe {
                        stream: stream.id,
                        layer,
                    };
                    self.outputs.push_back(Output::Message { shard, message });
                }
                (None, None) => {}
            }
        }
    }
}

/// Whether a publisher's media arrives, or at least its connection is alive.
fn heard(now: Instant, media: bool, publisher: Option<&PeerEntry>) -> Heard {
    let lives = |entry: &PeerEntry| {
        let silence = now.saturating_duration_since(entry.peer.last_heard());
        entry.connected && silence < LIVES_FOR
    };
    match publisher {
        _ if media => Heard::Media,
        Some(entry) if lives(entry) => Heard::Connection,
        _ => Heard::Nothing,
    }
}
