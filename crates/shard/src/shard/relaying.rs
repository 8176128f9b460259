//! What shards tell each other.

use std::sync::Arc;
use std::time::Instant;

use rtp::Kind;

use super::Shard;
use crate::message::{Output, Relayed, StreamId};
use crate::stream::Relay;

impl Shard {
    pub(super) fn relayed(&mut self, now: Instant, relayed: Relayed) {
        let id = match &relayed {
            Relayed::Subscribe { stream, shard } => return self.subscribe(*stream, *shard),
            Relayed::Unsubscribe { stream, shard } => return self.unsubscribe(*stream, *shard),
            Relayed::Begin { stream, .. }
            | Relayed::Packet { stream, .. }
            | Relayed::Restart { stream, .. }
            | Relayed::End { stream }
            | Relayed::WantKeyframe { stream, .. } => *stream,
        };
        // Its last viewer may have left while this was on its way.
        let Some(key) = self.streams_by_id.get(&id).copied() else {
            return;
        };
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        match relayed {
            Relayed::Subscribe { .. } | Relayed::Unsubscribe { .. } => {}
            Relayed::Begin {
                kind, rids, sets, ..
            } => {
                self.track_began = true;
                stream.sweep.clear();
                stream.track_mut(kind).begin(&rids);
                stream.track_mut(kind).set_parameter_sets(now, &sets);
            }
            Relayed::Restart { kind, layer, .. } => {
                self.track_began = true;
                stream.track_mut(kind).restart_layer(layer);
            }
            Relayed::Packet {
                kind,
                layer,
                packet,
                ..
            } => self.forward(now, key, kind, layer, packet),
            Relayed::End { .. } => {
                stream.sweep.clear();
                stream.audio.end();
                stream.video.end();
            }
            Relayed::WantKeyframe { layer, .. } => {
                stream.video.want_keyframe(layer);
                self.request_keyframes(now, key);
            }
        }
    }

    pub(super) fn relay_full(&mut self, shard: usize) {
        self.counters.dropped_relay_full += 1;
        for (_, stream) in &mut self.streams {
            stream
                .relays
                .iter_mut()
                .filter(|relay| relay.shard == shard)
                .for_each(|relay| relay.skipping = true);
        }
    }

    /// Another shard has viewers of the stream: it gets the present state, then what comes.
    fn subscribe(&mut self, id: StreamId, shard: usize) {
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
                let message = Relayed::Begin {
                    stream: id,
                    kind,
                    rids,
                    // They are among what follows.
                    sets: Arc::from([]),
                };
                self.outputs.push_back(Output::Relay { shard, message });
            }
        }
        stream.video.replay(|layer, packet| {
            let message = Relayed::Packet {
                stream: id,
                kind: Kind::Video,
                layer,
                packet: packet.clone(),
            };
            self.outputs.push_back(Output::Relay { shard, message });
        });
        stream.relays.push(Relay {
            shard,
            skipping: false,
        });
    }

    fn unsubscribe(&mut self, id: StreamId, shard: usize) {
        let Some(key) = self.streams_by_id.get(&id).copied() else {
            return;
        };
        if let Some(stream) = self.streams.get_mut(key) {
            stream.relays.retain(|relay| relay.shard != shard);
        }
        self.free_if_idle(key);
    }
}
