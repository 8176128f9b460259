mod relaying;
mod viewing;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broadcast::forward::{Estimate, Limits};
use broadcast::{IceFragment, Role, SessionId};
use rtc::{Datagrams, IceCredentials, Peer};
use rtp::{Kind, Packet};
use slab::Slab;

use crate::counters::Counters;
use crate::demux::Demux;
use crate::message::{ClosedReason, Command, Event, Input, Output, Relayed, StreamId};
use crate::peer::{PeerEntry, Subscribed};
use crate::stream::{Fresh, Stream};
use crate::timers::Timers;
use viewing::{catch_up, choose_layer, count_refused};

/// How often layers are chosen anew and streams report.
const TICK: Duration = Duration::from_millis(100);

/// Every this many ticks a stream reports its status.
const STATUS_TICKS: u32 = 10;

/// A peer is woken no sooner, since a time in the past would spin, and no later, since the
/// library names times years away, and the timer of a peer that is gone stays until it is due.
const WAKE_MIN: Duration = Duration::from_micros(500);
const WAKE_MAX: Duration = Duration::from_secs(10);

/// Addresses that one session may be reached at, one for each path its ICE tries; a further one
/// takes the place of the oldest.
const ADDRESSES_MAX: usize = 16;

/// Local ufrags that a session answers to: the present one and those before its last restarts.
const UFRAGS_MAX: usize = 3;

/// Settings of a node.
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits of what each track caches.
    pub track: Limits,
    /// A session that has not connected after this time is ended.
    pub connect_timeout: Duration,
    /// A session that was silent for this time is ended. Browsers send a consent check every
    /// five seconds (RFC 7675 §5.1).
    pub silence_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            track: Limits::default(),
            connect_timeout: Duration::from_secs(15),
            silence_timeout: Duration::from_secs(20),
        }
    }
}

/// One shard: see the crate's documentation.
///
/// Feed it one input or a batch, then take all outputs. What is written to a viewer during a
/// batch leaves together, which is what makes sending cheap.
#[derive(Debug)]
pub struct Node {
    shard: usize,
    config: Config,
    peers: Slab<PeerEntry>,
    sessions: BTreeMap<SessionId, usize>,
    streams: Slab<Stream>,
    streams_by_id: BTreeMap<StreamId, usize>,
    demux: Demux,
    timers: Timers,
    next_tick: Option<Instant>,
    ticks: u32,
    /// Streams whose viewers are to be given what has come.
    fresh: VecDeque<usize>,
    /// How many viewers of the first of them are still to be served; `None` at its begin.
    served: Option<usize>,
    /// Peers with something written, each once.
    dirty: Vec<usize>,
    outputs: VecDeque<Output<'static>>,
    sending: Datagrams,
    counters: Counters,
}

impl Node {
    /// An empty shard. `shard` is its number, by which the others reach it.
    pub fn new(shard: usize, config: Config) -> Self {
        Self {
            shard,
            config,
            peers: Slab::new(),
            sessions: BTreeMap::new(),
            streams: Slab::new(),
            streams_by_id: BTreeMap::new(),
            demux: Demux::default(),
            timers: Timers::default(),
            next_tick: None,
            ticks: 0,
            fresh: VecDeque::new(),
            served: None,
            dirty: Vec::new(),
            outputs: VecDeque::new(),
            sending: Datagrams::default(),
            counters: Counters::default(),
        }
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        Counters {
            sessions: self.peers.len() as u64,
            outputs_queued: self.outputs.len() as u64,
            ..self.counters
        }
    }

    /// Takes one input. `now` never goes backwards.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Datagram {
                source,
                destination,
                contents,
            } => self.datagram(now, source, destination, contents),
            Input::Command(command) => self.command(now, command),
            Input::Relayed(relayed) => self.relayed(now, relayed),
            Input::RelayFull { shard } => self.relay_full(shard),
            Input::Timeout => self.timeout(now),
        }
    }

    /// The next thing to do; `None` when all is done for now.
    pub fn poll_output(&mut self, now: Instant) -> Option<Output<'_>> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            if !self.sending.is_empty() {
                break;
            }
            if self.serve(now) {
                continue;
            }
            let key = self.dirty.pop()?;
            // It may have been served meanwhile.
            if self.peers.get(key).is_some_and(|entry| entry.dirty) {
                self.flush(now, key);
            }
        }
        let transmit = self.sending.pop()?;
        self.counters.datagrams_out += transmit.datagrams().len() as u64;
        self.counters.bytes_out += transmit.contents.len() as u64;
        Some(Output::Transmit(transmit))
    }

    /// When [`Input::Timeout`] is to be given next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.timers.next(), self.next_tick]
            .into_iter()
            .flatten()
            .min()
    }

    fn datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        contents: &mut [u8],
    ) {
        self.counters.datagrams_in += 1;
        self.counters.bytes_in += contents.len() as u64;
        let Some(key) = self.demux.find(now, &source, contents) else {
            self.counters.dropped_unknown_source += 1;
            return;
        };
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let is_webrtc =
            entry
                .peer
                .handle_datagram(now, source, destination, contents, &mut self.sending);
        if !is_webrtc {
            self.counters.dropped_not_webrtc += 1;
            return;
        }
        entry.heard = now;
        self.drain(now, key);
    }

    /// The session may be known by this address from now on.
    fn reached(&mut self, now: Instant, key: usize, address: SocketAddr) {
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

    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Publish {
                session,
                stream,
                peer,
            } => self.publish(now, session, stream, peer),
            Command::Watch {
                session,
                stream,
                home,
                peer,
                first_seq,
            } => {
                self.watch(now, session, stream, home, peer, first_seq);
            }
            Command::Close { session } => {
                if let Some(key) = self.sessions.get(&session).copied() {
                    self.close(now, key, ClosedReason::Ordered);
                }
            }
            Command::Trickle { session, fragment } => self.trickle(session, &fragment),
            Command::RestartIce { session, remote } => self.restart_ice(now, session, &remote),
            Command::PinLayer { session, rid } => {
                if let Some(entry) = self
                    .sessions
                    .get(&session)
                    .and_then(|key| self.peers.get_mut(*key))
                {
                    entry.selector.pin(rid);
                }
            }
            Command::CloseAll => {
                let keys: Vec<usize> = self.peers.iter().map(|(key, _)| key).collect();
                for key in keys {
                    self.close(now, key, ClosedReason::Ordered);
                }
            }
        }
    }

    fn publish(&mut self, now: Instant, session: SessionId, stream: StreamId, peer: Box<Peer>) {
        let stream_key = self.stream(stream);
        let tracks: Vec<(Kind, Vec<String>)> =
            peer.media().iter().map(|m| (m.kind, m.rids())).collect();
        let key = self.add_peer(now, session, Role::Publisher, stream_key, peer);
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        let predecessor = stream.publisher.replace(key);
        // Of the predecessor.
        stream.fresh.clear();
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

    fn watch(
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

    fn add_peer(
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

    fn stream(&mut self, id: StreamId) -> usize {
        let (streams, limits) = (&mut self.streams, self.config.track);
        *self
            .streams_by_id
            .entry(id)
            .or_insert_with(|| streams.insert(Stream::new(id, limits)))
    }

    fn trickle(&mut self, session: SessionId, fragment: &IceFragment) {
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

    fn restart_ice(&mut self, now: Instant, session: SessionId, remote: &IceCredentials) {
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

    fn timeout(&mut self, now: Instant) {
        while let Some((at, key)) = self.timers.pop_due(now) {
            let Some(entry) = self.peers.get_mut(key) else {
                continue;
            };
            if self.timers.wakes(&mut entry.timer, now, at, key) {
                self.mark_dirty(key);
            }
        }
        if self.next_tick.is_some_and(|at| at <= now) {
            self.tick(now);
        }
    }

    fn tick(&mut self, now: Instant) {
        self.next_tick = (!self.peers.is_empty()).then_some(now + TICK);
        self.ticks = self.ticks.wrapping_add(1);
        let full = self.ticks.is_multiple_of(STATUS_TICKS);
        for key in self.streams.iter().map(|(key, _)| key).collect::<Vec<_>>() {
            self.tick_stream(now, key, full);
        }
        if full {
            self.end_silent(now);
        }
    }

    fn tick_stream(&mut self, now: Instant, key: usize, full: bool) {
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        if full {
            stream.video.reorder(now);
        }
        let active = stream.is_active(now);
        // Whether media flows is news at once; bit rates can wait.
        if stream.publisher.is_some() && (full || active != stream.reported_active) {
            stream.reported_active = active;
            let status = Event::Status {
                stream: stream.id,
                active,
                tracks: stream.status(now),
            };
            self.outputs.push_back(Output::Event(status));
        }
        for i in 0..stream.viewers.len() {
            let Some(stream) = self.streams.get_mut(key) else {
                return;
            };
            let Some(entry) = stream
                .viewers
                .get(i)
                .and_then(|viewer| self.peers.get_mut(*viewer))
            else {
                continue;
            };
            let wishes = choose_layer(now, entry, stream);
            if (wishes || entry.catch_up_due().is_some()) && !entry.dirty {
                entry.dirty = true;
                self.dirty.push(stream.viewers[i]);
            }
        }
        self.request_keyframes(now, key);
    }

    fn end_silent(&mut self, now: Instant) {
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

    /// Sends what was written to a peer, and the cached packets that are due.
    fn flush(&mut self, now: Instant, key: usize) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        entry.dirty = false;
        if let Some(stream) = self.streams.get(entry.stream)
            && let Some(rid) = catch_up(now, entry, stream, &mut self.sending, &mut self.counters)
        {
            let session = entry.session;
            self.outputs
                .push_back(Output::Event(Event::Layer { session, rid }));
        }
        entry.peer.handle_timeout(now, &mut self.sending);
        self.drain(now, key);
    }

    /// Takes all outputs of a peer.
    fn drain(&mut self, now: Instant, key: usize) {
        let at = loop {
            let Some(entry) = self.peers.get_mut(key) else {
                return;
            };
            match entry.peer.poll_output(&mut self.sending) {
                rtc::Output::Event(event) => self.peer_event(now, key, event),
                rtc::Output::Timeout(at) => break at,
            }
        };
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if !entry.peer.is_alive() {
            let reason = entry.lost();
            self.remove(now, key, reason);
            return;
        }
        let at = entry
            .catch_up_due()
            .map_or(at, |due| due.min(at))
            .clamp(now + WAKE_MIN, now + WAKE_MAX);
        self.timers.set(&mut entry.timer, at, key);
    }

    fn peer_event(&mut self, now: Instant, key: usize, event: rtc::Event) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        match event {
            rtc::Event::Connected => self.connected(now, key),
            rtc::Event::Reached(address) => self.reached(now, key, address),
            rtc::Event::Closed => {
                let reason = entry.lost();
                self.close(now, key, reason);
            }
            rtc::Event::Packet {
                media,
                layer,
                packet,
            } => {
                self.counters.packets_in += 1;
                let Some(kind) = entry.peer.media().get(media).map(|m| m.kind) else {
                    return;
                };
                let stream = entry.stream;
                // A predecessor's last packets must not mix with the successor's.
                if self
                    .streams
                    .get(stream)
                    .is_some_and(|s| s.publisher == Some(key))
                {
                    self.forward(stream, kind, layer, Arc::new(packet));
                }
            }
            rtc::Event::KeyframeRequest { media } => {
                self.counters.keyframe_requests_in += 1;
                let stream_key = entry.stream;
                let Some(stream) = self.streams.get_mut(stream_key) else {
                    return;
                };
                let asked = entry
                    .subscriptions
                    .iter()
                    .find(|s| s.media == media && s.kind == Kind::Video);
                if let Some(asked) = asked {
                    asked.subscription.want_keyframe(&mut stream.video);
                    self.request_keyframes(now, stream_key);
                }
            }
            rtc::Event::Nacks { sent: true, count } => self.counters.nacks_out += count,
            rtc::Event::Nacks { sent: false, count } => self.counters.nacks_in += count,
            rtc::Event::Estimate { bandwidth, filled } => {
                tracing::trace!(session = ?entry.session, %bandwidth, filled, "path estimated");
                entry.estimate = Some(Estimate { bandwidth, filled });
                // A path that shrinks is to be relieved at once.
                let stream_key = entry.stream;
                if entry.connected
                    && entry.role == Role::Viewer
                    && let Some(stream) = self.streams.get_mut(stream_key)
                {
                    choose_layer(now, entry, stream);
                    self.request_keyframes(now, stream_key);
                }
            }
        }
    }

    fn connected(&mut self, now: Instant, key: usize) {
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
        stream.viewers.push(key);
        choose_layer(now, entry, stream);
        self.mark_dirty(key);
        self.request_keyframes(now, stream_key);
    }

    /// A packet of a stream: into the cache, to other shards, to the viewers here.
    fn forward(&mut self, stream_key: usize, kind: Kind, layer: usize, packet: Arc<Packet>) {
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        let wait = stream.track_mut(kind).push(layer, &packet);
        // Each shard asks its own home; only the home asks the publisher.
        if let Some(wait) = wait.filter(|_| stream.publisher.is_some()) {
            self.outputs
                .push_back(Output::Event(Event::Keyframe { wait }));
        }
        for relay in &mut stream.relays {
            relay.skipping &= !(kind == Kind::Video && packet.frame.keyframe);
            if kind == Kind::Audio || !relay.skipping {
                let message = Relayed::Packet {
                    stream: stream.id,
                    kind,
                    layer,
                    packet: packet.clone(),
                };
                self.outputs.push_back(Output::Relay {
                    shard: relay.shard,
                    message,
                });
            }
        }
        if stream.fresh.is_empty() {
            self.fresh.push_back(stream_key);
        }
        stream.fresh.push(Fresh {
            kind,
            layer,
            packet,
        });
    }

    /// Gives the next viewer what its stream has got. One viewer gets all of it before the next
    /// one gets any: its state is fetched into the processor's caches once.
    fn serve(&mut self, now: Instant) -> bool {
        let Some(stream_key) = self.fresh.front().copied() else {
            return false;
        };
        let stream = self.streams.get_mut(stream_key);
        // From the end: when serving one ends it, only those behind it move.
        let served = stream.and_then(|stream| {
            let next = self.served.unwrap_or(stream.viewers.len()).checked_sub(1)?;
            Some((next, *stream.viewers.get(next)?))
        });
        self.served = served.map(|(next, _)| next);
        match served {
            Some((_, key)) => {
                if self.give_fresh(now, stream_key, key) {
                    self.flush(now, key);
                }
            }
            None => {
                self.fresh.pop_front();
                if let Some(stream) = self.streams.get_mut(stream_key) {
                    stream.fresh.clear();
                    self.request_keyframes(now, stream_key);
                }
            }
        }
        true
    }

    /// Writes to a viewer's peer. Returns whether there is more for it in the cache.
    fn give_fresh(&mut self, now: Instant, stream_key: usize, key: usize) -> bool {
        let (Some(stream), Some(entry)) =
            (self.streams.get_mut(stream_key), self.peers.get_mut(key))
        else {
            return false;
        };
        // Taken out for the time of the loop, since choosing a layer needs the whole stream.
        let fresh = std::mem::take(&mut stream.fresh);
        let mut catches_up = false;
        for Fresh {
            kind,
            layer,
            packet,
        } in &fresh
        {
            let undecided = |s: &Subscribed| s.subscription.target().is_none();
            if *kind == Kind::Video
                && entry
                    .subscriptions
                    .iter()
                    .any(|s| s.kind == *kind && undecided(s))
            {
                choose_layer(now, entry, stream);
            }
            let track = stream.track(*kind);
            for subscribed in entry.subscriptions.iter_mut().filter(|s| s.kind == *kind) {
                let subscription = &mut subscribed.subscription;
                if let Some(rewrite) = subscription.packet(now, track, *layer, packet) {
                    let to = &mut self.sending;
                    let media = subscribed.media;
                    match entry.peer.write(now, media, 0, packet, rewrite, to) {
                        Ok(()) => self.counters.packets_out += 1,
                        Err(error) => count_refused(&mut self.counters, error),
                    }
                } else if !subscription.is_catching_up() {
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
        stream.fresh = fresh;
        catches_up
    }

    /// Passes due wishes for key frames on to the publisher, wherever it is.
    fn request_keyframes(&mut self, now: Instant, stream_key: usize) {
        let Some(stream) = self.streams.get_mut(stream_key) else {
            return;
        };
        while let Some(layer) = stream.video.poll_keyframe_request(now) {
            match (stream.publisher, stream.home) {
                (Some(key), _) => {
                    let Some(entry) = self.peers.get_mut(key) else {
                        continue;
                    };
                    let video = entry
                        .peer
                        .media()
                        .iter()
                        .position(|m| m.kind == Kind::Video);
                    if let Some(media) = video {
                        self.counters.keyframe_requests_out += 1;
                        entry.peer.request_keyframe(media, layer);
                        if !entry.dirty {
                            entry.dirty = true;
                            self.dirty.push(key);
                        }
                    }
                }
                (None, Some(shard)) => {
                    let message = Relayed::WantKeyframe {
                        stream: stream.id,
                        layer,
                    };
                    self.outputs.push_back(Output::Relay { shard, message });
                }
                (None, None) => {}
            }
        }
    }

    /// Says good-bye to a peer and forgets it.
    fn close(&mut self, now: Instant, key: usize, reason: ClosedReason) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        entry.peer.close(&mut self.sending);
        entry.peer.handle_timeout(now, &mut self.sending);
        entry.peer.drain(&mut self.sending, |_| {});
        self.remove(now, key, reason);
    }

    fn remove(&mut self, _now: Instant, key: usize, reason: ClosedReason) {
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
        stream.viewers.retain(|viewer| *viewer != key);
        if stream.publisher == Some(key) {
            stream.publisher = None;
            stream.fresh.clear();
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

    fn free_if_idle(&mut self, key: usize) {
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

    fn mark_dirty(&mut self, key: usize) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        if !entry.dirty {
            entry.dirty = true;
            self.dirty.push(key);
        }
    }
}
