//! The life of a stream on a shard: publishers begin and end it, viewers subscribe and leave.

use std::collections::VecDeque;
use std::time::Instant;

use model::{Heard, Location, SessionId, StreamId};
use rtc::{Agreed, LineIndex, Peer, SectionIndex};
use rtp::{Kind, LayerIndex};

use super::Shard;
use super::viewing::choose_layers;
use crate::message::{Output, ShardMessage};
use crate::peer::{Incoming, Subscribed, View};
use crate::stream::Stream;
use crate::table::{PeerKey, StreamKey};
use contract::{ClosedReason, Event, LineSubscription, TrackMapping};

impl Shard {
    pub(super) fn stream(&mut self, id: StreamId) -> StreamKey {
        let (streams, limits) = (&mut self.streams, self.config.track);
        *self
            .streams_by_id
            .entry(id)
            .or_insert_with(|| streams.insert(Stream::new(id, limits)))
    }

    pub(super) fn publish(
        &mut self,
        now: Instant,
        session: SessionId,
        tracks: &[TrackMapping],
        peer: Box<Peer>,
    ) {
        let key = self.add_peer(now, session, peer);
        self.set_tracks(now, key, tracks);
    }

    pub(super) fn renegotiate(
        &mut self,
        now: Instant,
        session: SessionId,
        agreed: Option<Box<Agreed>>,
        tracks: &[TrackMapping],
    ) {
        let Some(key) = self.negotiated(session, agreed) else {
            return;
        };
        self.set_tracks(now, key, tracks);
        self.drain(now, key);
    }

    /// Gives a session's peer the outcome of a negotiation, if there was one. Returns its key.
    fn negotiated(&mut self, session: SessionId, agreed: Option<Box<Agreed>>) -> Option<PeerKey> {
        let key = self.key(session)?;
        if let Some(agreed) = agreed
            && let Some(entry) = self.peers.get_mut(key)
        {
            let begun = entry.peer.apply(*agreed);
            // A new source on a line begins a numbering of its own.
            for view in &mut entry.views {
                view.subscriptions.retain(|s| !begun.contains(&s.line));
            }
            self.learn_ufrag(key);
        }
        Some(key)
    }

    /// The publisher of a stream goes on with a layer under another SSRC.
    pub(super) fn restart_layer(&mut self, stream_key: StreamKey, kind: Kind, layer: LayerIndex) {
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        stream.track_mut(kind).restart_layer(layer);
        self.track_began = true;
        let message = ShardMessage::Restart {
            stream: stream.id,
            kind,
            layer,
        };
        tell_subscribed_shards(stream, &message, &mut self.outputs);
    }

    /// Replaces a publisher's track mapping. Streams that it no longer has end, new ones begin.
    fn set_tracks(&mut self, now: Instant, key: PeerKey, tracks: &[TrackMapping]) {
        let Some(entry) = self.peers.get(key) else {
            return;
        };
        let before = entry.incoming.clone();
        let incoming = |(section, media): (SectionIndex, &rtc::Media)| {
            let mid = media.mid();
            let track = tracks.iter().find(|track| track.mid == mid)?;
            Some((section, media.kind, track.stream))
        };
        let lines = SectionIndex::all().zip(entry.peer.received());
        let lines: Vec<_> = lines.filter_map(incoming).collect();
        let after: Vec<Incoming> = lines
            .into_iter()
            .map(|(section, kind, stream)| Incoming {
                section,
                stream: self.stream(stream),
                kind,
            })
            .collect();
        if let Some(entry) = self.peers.get_mut(key) {
            entry.incoming.clone_from(&after);
        }
        for stream in streams_of(&before) {
            if !after.iter().any(|s| s.stream == stream) {
                self.end_stream(key, stream);
            }
        }
        for stream in streams_of(&after) {
            let of = |all: &[Incoming]| -> Vec<Incoming> {
                all.iter().filter(|s| s.stream == stream).copied().collect()
            };
            if of(&before) != of(&after) {
                self.begin_stream(now, key, stream, &of(&after));
            }
        }
    }

    /// A peer begins to publish a stream, or changes its tracks.
    fn begin_stream(
        &mut self,
        now: Instant,
        key: PeerKey,
        stream_key: StreamKey,
        lines: &[Incoming],
    ) {
        let (Some(stream), Some(entry)) = (self.streams.get_mut(stream_key), self.peers.get(key))
        else {
            return;
        };
        let predecessor = stream.publisher.replace(key);
        if predecessor != Some(key) {
            stream.sessions += 1;
            stream.clear_oversized();
        }
        self.track_began = true;
        // What is pending is the predecessor's.
        stream.fan_out.clear();
        for line in lines {
            let Some(media) = entry.peer.received().get(line.section.index()) else {
                continue;
            };
            let (rids, sets) = (media.rids(), media.described_sets());
            stream.track_mut(line.kind).begin(&rids);
            stream.track_mut(line.kind).set_parameter_sets(now, &sets);
            let message = ShardMessage::Begin {
                stream: stream.id,
                kind: line.kind,
                rids,
                sets,
            };
            tell_subscribed_shards(stream, &message, &mut self.outputs);
        }
        if let Some(predecessor) = predecessor.filter(|predecessor| *predecessor != key) {
            self.take_over(now, predecessor, stream_key);
        }
    }

    /// Another peer takes the stream over. The predecessor loses it, and is closed if it has no
    /// other.
    fn take_over(&mut self, now: Instant, predecessor: PeerKey, stream_key: StreamKey) {
        let Some(entry) = self.peers.get_mut(predecessor) else {
            return;
        };
        entry.incoming.retain(|line| line.stream != stream_key);
        let ends = entry.incoming.is_empty() && !entry.peer.is_unified();
        if let Some(stream) = self.streams.get_mut(stream_key) {
            stream.sessions -= 1;
        }
        if ends {
            self.close(now, predecessor, ClosedReason::Ordered);
        }
    }

    /// A peer stops publishing a stream.
    pub(super) fn end_stream(&mut self, key: PeerKey, stream_key: StreamKey) {
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        if stream.publisher != Some(key) {
            return;
        }
        stream.sessions -= 1;
        stream.publisher = None;
        stream.fan_out.clear();
        stream.reported_active = false;
        stream.clear_oversized();
        stream.audio.end();
        stream.video.end();
        if stream.audio_level.end() {
            let event = Event::AudioLevel {
                stream: stream.id,
                level: None,
            };
            self.outputs.push_back(Output::Event(event));
        }
        let message = ShardMessage::End { stream: stream.id };
        tell_subscribed_shards(stream, &message, &mut self.outputs);
        let status = Event::Status {
            stream: stream.id,
            heard: Heard::Nothing,
            tracks: Vec::new(),
        };
        self.outputs.push_back(Output::Event(status));
        self.free_if_idle(stream_key);
    }

    pub(super) fn watch(
        &mut self,
        now: Instant,
        session: SessionId,
        stream: StreamId,
        origin: Location,
        peer: Box<Peer>,
        first_seq: u16,
    ) {
        let key = self.add_peer(now, session, peer);
        let Some(entry) = self.peers.get(key) else {
            return;
        };
        let lines = LineIndex::all().zip(entry.peer.sent());
        let lines: Vec<LineSubscription> = lines
            .map(|(line, media)| LineSubscription {
                line,
                stream,
                origin,
                kind: media.kind,
                // Distinct beginnings, or the m-lines of one viewer would count in step.
                first_seq: first_seq.wrapping_add(line.0.wrapping_mul(7_919)),
            })
            .collect();
        self.subscribe_lines(now, key, &lines);
    }

    pub(super) fn set_subscriptions(
        &mut self,
        now: Instant,
        session: SessionId,
        agreed: Option<Box<Agreed>>,
        lines: &[LineSubscription],
    ) {
        let Some(key) = self.negotiated(session, agreed) else {
            return;
        };
        self.subscribe_lines(now, key, lines);
        self.drain(now, key);
    }

    /// Replaces what a viewer's m-lines carry: lines that are not listed fall silent, new ones
    /// begin with a key frame from the cache, and those that go on are left alone.
    fn subscribe_lines(&mut self, now: Instant, key: PeerKey, lines: &[LineSubscription]) {
        let lines: Vec<(StreamKey, &LineSubscription)> = lines
            .iter()
            .map(|wanted| (self.viewed(wanted.stream, wanted.origin), wanted))
            .collect();
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        for view in &mut entry.views {
            let stays = |s: &Subscribed| {
                let is_it = |(stream, wanted): &(StreamKey, &LineSubscription)| {
                    *stream == view.stream && wanted.line == s.line && wanted.kind == s.kind
                };
                lines.iter().any(is_it)
            };
            view.subscriptions.retain(stays);
        }
        let mut begun = Vec::new();
        for (stream, wanted) in &lines {
            if entry.view(*stream).is_none() {
                entry.views.push(View::new(*stream));
                begun.push(*stream);
            }
            if let Some(view) = entry.view(*stream)
                && !view.subscriptions.iter().any(|s| s.line == wanted.line)
            {
                let subscribed = Subscribed::new(wanted.line, wanted.kind, wanted.first_seq, now);
                view.subscriptions.push(subscribed);
            }
        }
        let is_over = |view: &View| view.subscriptions.is_empty();
        let over = entry.views.iter().filter(|view| is_over(view));
        let over: Vec<StreamKey> = over.map(|view| view.stream).collect();
        entry.views.retain(|view| !is_over(view));
        let connected = entry.connected;
        for stream_key in begun {
            if let (Some(stream), Some(view)) =
                (self.streams.get_mut(stream_key), entry.view(stream_key))
            {
                stream.sessions += 1;
                // One that has not connected joins the queue when it does.
                if connected {
                    view.given = stream.fan_out.add(key);
                }
            }
        }
        for stream in over {
            self.unview(key, stream);
        }
        // A stream that was subscribed to for a line that is in use already may have no viewer.
        for (stream, _) in lines {
            self.free_if_idle(stream);
        }
        if connected && let Some(entry) = self.peers.get_mut(key) {
            choose_layers(now, entry, &mut self.streams);
            self.mark_dirty(key);
            self.request_viewed(now, key);
        }
    }

    /// Subscribes at the origin shard to a stream that gets a viewer here.
    fn viewed(&mut self, stream: StreamId, origin: Location) -> StreamKey {
        let (shard, origin) = (self.shard, origin.shard);
        let key = self.stream(stream);
        if let Some(entry) = self.streams.get_mut(key)
            && origin != shard
            && entry.origin.replace(origin).is_none()
        {
            self.outputs.push_back(Output::Message {
                shard: origin,
                message: ShardMessage::Subscribe { stream, shard },
            });
        }
        key
    }

    /// A peer stops viewing a stream.
    pub(super) fn unview(&mut self, key: PeerKey, stream_key: StreamKey) {
        if let Some(stream) = self.streams.get_mut(stream_key) {
            stream.sessions -= 1;
            stream.fan_out.remove(key);
        }
        self.free_if_idle(stream_key);
    }

    pub(super) fn set_track_settings(
        &mut self,
        now: Instant,
        session: SessionId,
        line: LineIndex,
        paused: bool,
        rid_max: Option<String>,
    ) {
        let Some(key) = self.key(session) else {
            return;
        };
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let has = |view: &&mut View| view.subscriptions.iter().any(|s| s.line == line);
        let Some(view) = entry.views.iter_mut().find(has) else {
            return;
        };
        view.selector.limit(rid_max);
        let Some(subscribed) = entry.subscribed(line) else {
            return;
        };
        if paused && !subscribed.paused && subscribed.subscription.pause() {
            entry.peer.forget_sent(line);
        }
        if let Some(subscribed) = entry.subscribed(line) {
            subscribed.paused = paused;
        }
        choose_layers(now, entry, &mut self.streams);
        self.mark_dirty(key);
        self.request_viewed(now, key);
    }

    /// The origin of a stream moves to another shard: subscribes there, and cancels at the old one.
    pub(super) fn move_origin(&mut self, id: StreamId, origin: Location) {
        let Some(key) = self.streams_by_id.get(&id).copied() else {
            return;
        };
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        let (shard, origin) = (self.shard, origin.shard);
        let next = (origin != shard && stream.sessions > 0).then_some(origin);
        let before = std::mem::replace(&mut stream.origin, next);
        if before == next {
            return;
        }
        let stream = id;
        if let Some(shard) = before {
            let message = ShardMessage::Unsubscribe {
                stream,
                shard: self.shard,
            };
            self.outputs.push_back(Output::Message { shard, message });
        }
        if let Some(origin) = next {
            let message = ShardMessage::Subscribe { stream, shard };
            let shard = origin;
            self.outputs.push_back(Output::Message { shard, message });
        }
    }

    pub(super) fn free_if_idle(&mut self, key: StreamKey) {
        if self.streams.get(key).is_some_and(Stream::is_idle) {
            let stream = self.streams.remove(key);
            self.streams_by_id.remove(&stream.id);
            if let Some(origin) = stream.origin {
                self.outputs.push_back(Output::Message {
                    shard: origin,
                    message: ShardMessage::Unsubscribe {
                        stream: stream.id,
                        shard: self.shard,
                    },
                });
            }
        }
    }
}

/// Sends a message to all shards that have subscribed to a stream.
fn tell_subscribed_shards(
    stream: &Stream,
    message: &ShardMessage,
    outputs: &mut VecDeque<Output<'static>>,
) {
    for subscribed in &stream.subscribed_shards {
        outputs.push_back(Output::Message {
            shard: subscribed.shard,
            message: message.clone(),
        });
    }
}

/// The keys of the streams that a publisher's lines carry, each once, in ascending order.
fn streams_of(lines: &[Incoming]) -> Vec<StreamKey> {
    let mut streams: Vec<StreamKey> = lines.iter().map(|line| line.stream).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}
