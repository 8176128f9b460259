//! Messages between shards.

use std::sync::Arc;
use std::time::Instant;

use model::{ShardId, StreamId};
use rtp::Kind;

use super::Shard;
use crate::message::{Output, ShardMessage};
use crate::stream::SubscribedShard;

impl Shard {
    pub(super) fn message(&mut self, now: Instant, message: ShardMessage) {
        let id = match &message {
            ShardMessage::Subscribe { stream, shard } => return self.subscribe(*stream, *shard),
            ShardMessage::Unsubscribe { stream, shard } => {
                return self.unsubscribe(*stream, *shard);
            }
            ShardMessage::Begin { stream, .. }
            | ShardMessage::Packet { stream, .. }
            | ShardMessage::Restart { stream, .. }
            | ShardMessage::End { stream }
            | ShardMessage::WantKeyframe { stream, .. } => *stream,
        };
        // The last viewer here may have left while the message was on its way.
        let Some(key) = self.streams_by_id.get(&id).copied() else {
            return;
        };
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        match message {
            ShardMessage::Subscribe { .. } | ShardMessage::Unsubscribe { .. } => {}
            ShardMessage::Begin {
                kind, rids, sets, ..
            } => {
                self.track_began = true;
                stream.fan_out.clear();
                stream.track_mut(kind).begin(&rids);
                stream.track_mut(kind).set_parameter_sets(now, &sets);
            }
            ShardMessage::Restart { kind, layer, .. } => {
                self.track_began = true;
                stream.track_mut(kind).restart_layer(layer);
            }
            ShardMessage::Packet {
                kind,
                layer,
                packet,
                ..
            } => self.forward(now, key, kind, layer, packet),
            ShardMessage::End { .. } => {
                stream.fan_out.clear();
                stream.audio.end();
                stream.video.end();
            }
            ShardMessage::WantKeyframe { layer, .. } => {
                stream.video.want_keyframe(layer);
                self.request_keyframes(now, key);
            }
        }
    }

    pub(super) fn ring_full(&mut self, shard: ShardId) {
        self.counters.dropped_ring_full += 1;
        for (_, stream) in self.streams.iter_mut() {
            stream
                .subscribed_shards
                .iter_mut()
                .filter(|s| s.shard == shard)
                .for_each(|s| s.skipping = true);
        }
    }

    /// Another shard subscribes to a stream: it gets the present state and the cached packets, then
    /// every packet that comes.
    fn subscribe(&mut self, id: StreamId, shard: ShardId) {
        let key = self.stream(id);
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        for kind in [Kind::Audio, Kind::Video] {
            let layers = stream.track(kind).layers();
            if !layers.is_empty() {
                let rids = layers
                    .iter()
                    .filter_map(|layer| layer.rid().map(str::to_owned))
                    .collect();
                let message = ShardMessage::Begin {
                    stream: id,
                    kind,
                    rids,
                    // They are among what follows.
                    sets: Arc::from([]),
                };
                self.outputs.push_back(Output::Message { shard, message });
            }
        }
        stream.video.replay(|layer, packet| {
            let message = ShardMessage::Packet {
                stream: id,
                kind: Kind::Video,
                layer,
                packet: packet.clone(),
            };
            self.outputs.push_back(Output::Message { shard, message });
        });
        stream.subscribed_shards.push(SubscribedShard {
            shard,
            skipping: false,
        });
    }

    fn unsubscribe(&mut self, id: StreamId, shard: ShardId) {
        let Some(key) = self.streams_by_id.get(&id).copied() else {
            return;
        };
        if let Some(stream) = self.streams.get_mut(key) {
            stream.subscribed_shards.retain(|s| s.shard != shard);
        }
        self.free_if_idle(key);
    }
}
