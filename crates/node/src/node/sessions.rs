//! Sessions come, connect, move and end.

use std::net::SocketAddr;
use std::time::Instant;

use broadcast::{IceFragment, Role, SessionId};
use rtc::{IceCredentials, Peer};
use rtp::Kind;

use super::viewing::choose_layer;
use super::{Node, TICK};
use crate::message::{ClosedReason, Event, Output, Relayed, StreamId};
use crate::peer::PeerEntry;
use crate::stream::Stream;

/// Addresses that one session may be reached at, one for each path its ICE tries; a further one
/// takes the place of the oldest.
const ADDRESSES_MAX: usize = 16;

/// Local ufrags that a session answers to: the present one and those before its last restarts.
const UFRAGS_MAX: usize = 3;

impl Node {
    pub(super) fn publish(
        &mut self,
        now: Instant,
        session: SessionId,
        stream: StreamId,
        peer: Box<Peer>,
    ) {
        let stream_key = self.stream(stream);
        let tracks: Vec<(Kind, Vec<String>)> =
            peer.media().iter().map(|m| (m.kind, m.rids())).collect();
        let key = self.add_peer(now, session, Role::Publisher, stream_key, peer);
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        let predecessor = stream.publisher.replace(key);
        // Of the predecessor.
        stream.sweep.clear();
        for (kind, rids) in tracks {
            stream.track_mut(kind).begin(&rids);
            for relay in &stream.relays {
                let message = Relayed::Begin {
                    stream: stream.id,
                    kind,
                    rids: rids.clone(),
                };
                self.outputs.push_back(Output::Relay {
                    shard: relay.shard,
                    message,
                });
            }
        }
        if let Some(predecessor) = predecessor {
            self.close(now, predecessor, ClosedReason::Ordered);
        }
    }

    pub(super) fn watch(
        &mut self,
        now: Instant,
        session: SessionId,
        stream: StreamId,
        home: usize,
        peer: Box<Peer>,
        first_seq: u16,
    ) {
        let shard = self.shard;
        let stream_key = self.stream(stream);
        if let Some(entry) = self.streams.get_mut(stream_key)
            && home != shard
            && entry.home.replace(home).is_none()
        {
            self.outputs.push_back(Output::Relay {
                shard: home,
                message: Relayed::Subscribe { stream, shard },
            });
        }
        let key = self.add_peer(now, session, Role::Viewer, stream_key, peer);
        if let Some(entry) = self.peers.get_mut(key) {
            entry.subscribe(first_seq, now);
        }
    }

    pub(super) fn add_peer(
        &mut self,
        now: Instant,
        session: SessionId,
        role: Role,
        stream: usize,
        mut peer: Box<Peer>,
    ) -> usize {
        let ufrag = peer.local_credentials().ufrag;
        let mut entry = PeerEntry::new(session, role, peer, stream, now);
        entry.ufrags.push(ufrag.clone());
        let key = self.peers.insert(entry);
        self.sessions.insert(session, key);
        self.demux.add_ufrag(ufrag, key);
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.sessions += 1;
        }
        self.next_tick.get_or_insert(now + TICK);
        self.drain(now, key);
        key
    }

    pub(super) fn stream(&mut self, id: StreamId) -> usize {
        let (streams, limits) = (&mut self.streams, self.config.track);
        *self
            .streams_by_id
            .entry(id)
            .or_insert_with(|| streams.insert(Stream::new(id, limits)))
    }

    pub(super) fn trickle(&mut self, session: SessionId, fragment: &IceFragment) {
        let Some(key) = self.sessions.get(&session).copied() else {
            return;
        };
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if fragment
            .ufrag
            .as_deref()
            .is_some_and(|ufrag| entry.peer.remote_ufrag() != Some(ufrag))
        {
            return;
        }
        for candidate in &fragment.candidates {
            // A remote that cannot be reached at this one comes by another: the server only listens.
            if let Err(error) = entry.peer.add_remote_candidate(candidate) {
                tracing::debug!(session = ?session, %error, "remote candidate ignored");
            }
        }
        self.mark_dirty(key);
    }

    pub(super) fn restart_ice(
        &mut self,
        now: Instant,
        session: SessionId,
        remote: &IceCredentials,
    ) {
        let Some(key) = self.sessions.get(&session).copied() else {
            return;
        };
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let local = entry
            .peer
            .restart_ice(remote)
            .map_err(|error| error.to_string());
        if let Ok(local) = &local {
            // Both stay: checks of the old session may still be on their way.
            // Those of three restarts ago are not.
            if entry.ufrags.len() == UFRAGS_MAX {
                self.demux.remove_ufrag(&entry.ufrags.remove(0));
            }
            entry.ufrags.push(local.ufrag.clone());
            self.demux.add_ufrag(local.ufrag.clone(), key);
        }
        self.outputs
            .push_back(Output::Event(Event::IceRestarted { session, local }));
        self.drain(now, key);
    }

    pub(super) fn connected(&mut self, now: Instant, key: usize) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if entry.connected {
            return;
        }
        entry.connected = true;
        self.outputs.push_back(Output::Event(Event::Connected {
            session: entry.session,
        }));
        if entry.role != Role::Viewer {
            return;
        }
        let stream_key = entry.stream;
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        entry.given = stream.sweep.add(key);
        choose_layer(now, entry, stream);
        self.mark_dirty(key);
        self.request_keyframes(now, stream_key);
    }

    /// The session may be known by this address from now on.
    pub(super) fn reached(&mut self, now: Instant, key: usize, address: SocketAddr) {
        if self.demux.learn(now, address, key)
            && let Some(entry) = self.peers.get_mut(key)
        {
            // A client that roams without end keeps its latest addresses only.
            if entry.addresses.len() == ADDRESSES_MAX {
                let oldest = entry.addresses.remove(0);
                self.demux.remove_address(&oldest, key);
            }
            entry.addresses.push(address);
        }
    }

    pub(super) fn end_silent(&mut self, now: Instant) {
        let config = &self.config;
        let over = |entry: &PeerEntry| {
            if !entry.connected {
                let waited = now.saturating_duration_since(entry.created);
                (waited > config.connect_timeout).then_some(ClosedReason::NeverConnected)
            } else {
                let silent = now.saturating_duration_since(entry.heard);
                (silent > config.silence_timeout).then_some(ClosedReason::Silent)
            }
        };
        let ended: Vec<_> = self
            .peers
            .iter()
            .filter_map(|(key, entry)| Some((key, over(entry)?)))
            .collect();
        for (key, reason) in ended {
            self.close(now, key, reason);
        }
    }

    /// Says good-bye to a peer and forgets it.
    pub(super) fn close(&mut self, now: Instant, key: usize, reason: ClosedReason) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        entry.peer.close(&mut self.sending);
        entry.peer.handle_timeout(now, &mut self.sending);
        entry.peer.drain(&mut self.sending, |_| {});
        self.remove(key, reason);
    }

    pub(super) fn remove(&mut self, key: usize, reason: ClosedReason) {
        let Some(entry) = self.peers.try_remove(key) else {
            return;
        };
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
        }));
        let Some(stream) = self.streams.get_mut(entry.stream) else {
            return;
        };
        stream.sessions -= 1;
        stream.sweep.remove(key);
        if stream.publisher == Some(key) {
            stream.publisher = None;
            stream.sweep.clear();
            stream.reported_active = false;
            stream.audio.end();
            stream.video.end();
            for relay in &stream.relays {
                let message = Relayed::End { stream: stream.id };
                self.outputs.push_back(Output::Relay {
                    shard: relay.shard,
                    message,
                });
            }
            let status = Event::Status {
                stream: stream.id,
                active: false,
                tracks: Vec::new(),
            };
            self.outputs.push_back(Output::Event(status));
        }
        self.free_if_idle(entry.stream);
    }

    pub(super) fn free_if_idle(&mut self, key: usize) {
        if self.streams.get(key).is_some_and(Stream::is_idle) {
            let stream = self.streams.remove(key);
            self.streams_by_id.remove(&stream.id);
            if let Some(home) = stream.home {
                self.outputs.push_back(Output::Relay {
                    shard: home,
                    message: Relayed::Unsubscribe {
                        stream: stream.id,
                        shard: self.shard,
                    },
                });
            }
        }
    }
}
