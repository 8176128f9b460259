//! What peers report, passed on to streams, viewers and the control plane.

use std::sync::Arc;
use std::time::Instant;

use contract::Event;
use forward::Estimate;
use rtc::{LineIndex, Refused, SectionIndex};
use rtp::{LayerIndex, Packet};

use super::Shard;
use super::viewing::choose_layers;
use crate::message::Output;
use crate::peer::Incoming;
use crate::table::PeerKey;

/// A media packet of a publisher, and where it belongs.
struct Received {
    section: SectionIndex,
    layer: LayerIndex,
    /// See [`rtc::Event::Packet`].
    restarted: bool,
    packet: Arc<Packet>,
}

impl Shard {
    pub(super) fn peer_event(&mut self, now: Instant, key: PeerKey, event: rtc::Event) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        match event {
            rtc::Event::Connected(connection) => self.connected(now, key, *connection),
            rtc::Event::Reached(path) => self.reached(now, key, path.remote),
            rtc::Event::Selected(path) => self.proved(now, key, path.remote),
            rtc::Event::Closed(ended) => {
                let reason = entry.lost();
                entry.ended = Some(ended);
                self.close(now, key, reason);
            }
            rtc::Event::Packet {
                section,
                layer,
                restarted,
                packet,
            } => {
                let received = Received {
                    section,
                    layer,
                    restarted,
                    packet,
                };
                self.packet_received(now, key, received);
            }
            rtc::Event::KeyframeRequest { line } => self.keyframe_requested(now, key, line),
            rtc::Event::ChannelOpened { channel, label } => {
                let event = Event::ChannelOpened {
                    session: entry.session,
                    channel,
                    label,
                };
                self.outputs.push_back(Output::Event(event));
            }
            rtc::Event::ChannelText { channel, text } => {
                let event = Event::ChannelText {
                    session: entry.session,
                    channel,
                    text,
                };
                self.outputs.push_back(Output::Event(event));
            }
            rtc::Event::Nacks { sent, count } => {
                entry.health.lost += count;
                let counter = if sent {
                    &mut self.counters.nacks_out
                } else {
                    &mut self.counters.nacks_in
                };
                *counter += count;
            }
            rtc::Event::Estimate {
                bandwidth,
                congested,
            } => {
                let estimate = Estimate {
                    bandwidth,
                    congested,
                };
                self.path_estimated(now, key, estimate);
            }
        }
    }

    #[inline]
    fn packet_received(&mut self, now: Instant, key: PeerKey, received: Received) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        self.counters.packets_in += 1;
        entry.health.packets += 1;
        let Received {
            section,
            layer,
            restarted,
            packet,
        } = received;
        let bytes = packet.payload.len();
        let too_large = bytes > rtc::PAYLOAD_BYTES_MAX;
        let line = entry.incoming.iter().find(|s| s.section == section);
        // A publisher that was taken over has no line any more: its last packets must not mix with
        // those of its successor.
        if let Some(Incoming { stream, kind, .. }) = line.copied() {
            if too_large && let Some(stream) = self.streams.get_mut(stream) {
                stream.push_oversized(now, kind, bytes);
            }
            if restarted {
                self.restart_layer(stream, kind, layer);
            }
            self.forward(now, stream, kind, layer, packet);
        }
        if too_large {
            self.refuse_too_large(key);
        }
    }

    /// Reports a packet that was received and is too large to forward.
    fn refuse_too_large(&mut self, key: PeerKey) {
        let addresses = self.peers.get(key).map(|entry| &entry.addresses);
        if let Some(remote) = addresses.and_then(|all| all.last().copied()) {
            self.refuse(key, remote, Refused::TooLarge, &[]);
        }
    }

    fn keyframe_requested(&mut self, now: Instant, key: PeerKey, line: LineIndex) {
        self.counters.keyframe_requests_in += 1;
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        for view in &mut entry.views {
            let stream_key = view.stream;
            if let Some(asked) = view.video().filter(|s| s.line == line)
                && let Some(stream) = self.streams.get_mut(stream_key)
            {
                asked.subscription.want_keyframe(now, &mut stream.video);
                return self.request_keyframes(now, stream_key);
            }
        }
    }

    fn path_estimated(&mut self, now: Instant, key: PeerKey, estimate: Estimate) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let Estimate {
            bandwidth,
            congested,
        } = estimate;
        tracing::trace!(session = ?entry.session, %bandwidth, congested, "path estimated");
        entry.estimate = Some(estimate);
        // A path that shrinks is relieved at once, without waiting for the tick.
        if entry.connected {
            choose_layers(now, entry, &mut self.streams);
            self.request_viewed(now, key);
        }
    }
}
