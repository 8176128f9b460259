//! The life of a session on its shard: its peer is added, connects, changes paths and is closed.

use std::net::SocketAddr;
use std::time::Instant;

use model::SessionId;
use rtc::{ChannelNumber, Connection, Credentials, Ended, Media, Peer};

use super::viewing::choose_layers;
use super::{Shard, TICK};
use crate::message::Output;
use crate::peer::PeerEntry;
use crate::table::{PeerKey, StreamKey};
use contract::{ClosedReason, Event};

/// Addresses of one session: as many as its ICE agent has paths. A further one replaces the one
/// that was used the longest ago.
const ADDRESSES_MAX: usize = 16;

/// Local ufrags that a session answers to: the present one and those before its last two restarts.
const UFRAGS_MAX: usize = 3;

impl Shard {
    /// Adds the peer of a session. Returns its key.
    pub(super) fn add_peer(
        &mut self,
        now: Instant,
        session: SessionId,
        peer: Box<Peer>,
    ) -> PeerKey {
        let ufrag = peer.local_credentials().ufrag().to_owned();
        let mut entry = PeerEntry::new(session, peer, now);
        entry.ufrags.push(ufrag.clone());
        let key = self.peers.insert(entry);
        self.sessions.insert(session, key);
        self.demux.add_ufrag(ufrag, key);
        self.next_tick.get_or_insert(now + TICK);
        self.drain(now, key);
        key
    }

    /// The key of a session's peer.
    pub(super) fn key(&self, session: SessionId) -> Option<PeerKey> {
        self.sessions.get(&session).copied()
    }

    pub(super) fn write(
        &mut self,
        now: Instant,
        session: SessionId,
        channel: ChannelNumber,
        text: &str,
    ) {
        let Some(key) = self.key(session) else {
            return;
        };
        if let Some(entry) = self.peers.get_mut(key)
            && !entry.peer.write_channel(channel, text)
        {
            tracing::debug!(?session, "a text over a data channel is lost");
        }
        self.drain(now, key);
    }

    pub(super) fn restart_ice(&mut self, now: Instant, session: SessionId, remote: Credentials) {
        let Some(key) = self.sessions.get(&session).copied() else {
            return;
        };
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let local = entry.peer.restart_ice(remote).clone();
        self.learn_ufrag(key);
        self.outputs
            .push_back(Output::Event(Event::IceRestarted { session, local }));
        self.drain(now, key);
    }

    /// Notes the peer's present ufrag, which a restart may have changed.
    pub(super) fn learn_ufrag(&mut self, key: PeerKey) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let ufrag = entry.peer.local_credentials().ufrag().to_owned();
        if entry.ufrags.contains(&ufrag) {
            return;
        }
        // Both stay: checks of the old session may still be on their way.
        // Those of three restarts ago are not.
        if entry.ufrags.len() == UFRAGS_MAX {
            self.demux.remove_ufrag(&entry.ufrags.remove(0));
        }
        entry.ufrags.push(ufrag.clone());
        self.demux.add_ufrag(ufrag, key);
    }

    pub(super) fn connected(&mut self, now: Instant, key: PeerKey, connection: Connection) {
        self.proved(now, key, connection.path.remote);
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if entry.connected {
            return;
        }
        entry.connected = true;
        self.outputs.push_back(Output::Event(Event::Connected {
            session: entry.session,
            connection,
            received: in_words(entry.peer.received()),
            sent: in_words(entry.peer.sent()),
        }));
        for view in &mut entry.views {
            if let Some(stream) = self.streams.get_mut(view.stream) {
                view.given = stream.fan_out.add(key);
            }
        }
        if entry.views.is_empty() {
            return;
        }
        choose_layers(now, entry, &mut self.streams);
        self.mark_dirty(key);
        self.request_viewed(now, key);
    }

    /// An authentic check of the session came from this address.
    pub(super) fn reached(&mut self, now: Instant, key: PeerKey, address: SocketAddr) {
        self.demux.claim(now, address, key);
        self.note_address(key, address);
    }

    /// The session has proved that it is at this address.
    pub(super) fn proved(&mut self, now: Instant, key: PeerKey, address: SocketAddr) {
        self.demux.take(now, address, key);
        self.note_address(key, address);
    }

    fn note_address(&mut self, key: PeerKey, address: SocketAddr) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let addresses = &mut entry.addresses;
        if addresses.last() == Some(&address) {
            return;
        }
        addresses.retain(|known| *known != address);
        // Of a client that keeps roaming only the latest addresses stay.
        if addresses.len() == ADDRESSES_MAX {
            let oldest = addresses.remove(0);
            self.demux.remove_address(&oldest, key);
        }
        addresses.push(address);
    }

    pub(super) fn end_silent(&mut self, now: Instant) {
        let config = &self.config;
        let over = |entry: &PeerEntry| {
            if !entry.connected {
                let waited = now.saturating_duration_since(entry.created);
                (waited > config.connect_timeout).then_some(ClosedReason::NeverConnected)
            } else {
                let heard = entry.peer.last_heard();
                let silent = now.saturating_duration_since(heard);
                (silent > config.silence_timeout).then_some(ClosedReason::Silent)
            }
        };
        let ended: Vec<_> = self
            .peers
            .iter()
            .filter_map(|(key, entry)| Some((key, over(entry)?)))
            .collect();
        for (key, reason) in ended {
            if let Some(entry) = self.peers.get_mut(key)
                && reason == ClosedReason::NeverConnected
            {
                entry.ended = Some(Ended::Unfinished(entry.peer.stage()));
            }
            self.close(now, key, reason);
        }
    }

    /// Reports the quality of each connection whose quality has changed.
    pub(super) fn report_health(&mut self) {
        for (_, entry) in self.peers.iter_mut() {
            self.counters.dropped_unproved_path += entry.take_held_back();
            let round_trip = entry.peer.round_trip();
            let told = entry.health.look(round_trip, entry.estimate);
            if let Some((quality, bandwidth)) = told {
                let event = Event::Quality {
                    session: entry.session,
                    quality,
                    bandwidth,
                };
                self.outputs.push_back(Output::Event(event));
            }
        }
    }

    /// Closes a peer and forgets it.
    pub(super) fn close(&mut self, now: Instant, key: PeerKey, reason: ClosedReason) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        entry.peer.close(now, &mut self.sending);
        self.remove(now, key, reason);
    }

    fn remove(&mut self, now: Instant, key: PeerKey, reason: ClosedReason) {
        self.timers.remove(key);
        let Some(mut entry) = self.peers.try_remove(key) else {
            return;
        };
        self.counters.dropped_unproved_path += entry.take_held_back();
        self.sessions.remove(&entry.session);
        for ufrag in &entry.ufrags {
            self.demux.remove_ufrag(ufrag);
        }
        for address in &entry.addresses {
            self.demux.remove_address(address, key);
        }
        self.dirty.retain(|dirty| *dirty != key);
        self.outputs.push_back(Output::Event(Event::Closed {
            session: entry.session,
            reason,
            ended: entry.ended,
            lasted: now.saturating_duration_since(entry.created),
            traffic: entry.peer.traffic(),
        }));
        for view in entry.views {
            self.unview(key, view.stream);
        }
        let mut published: Vec<StreamKey> = entry.incoming.iter().map(|s| s.stream).collect();
        published.dedup();
        for stream in published {
            self.end_stream(key, stream);
        }
    }
}

/// The negotiated sections in words for a log, such as `audio opus, video VP8 H264`.
fn in_words(sections: &[Media]) -> String {
    let used = sections
        .iter()
        .filter(|media| media.formats().next().is_some());
    let words: Vec<String> = used.map(Media::to_string).collect();
    words.join(", ")
}
