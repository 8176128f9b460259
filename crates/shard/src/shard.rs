mod forwarding;
mod messages;
mod peer_events;
mod sessions;
mod streams;
mod viewing;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use forward::Limits;
use model::{SessionId, ShardId, StreamId};
use rtc::{Datagrams, Path, Refused};

use crate::counters::Counters;
use crate::delays::Delays;
use crate::demux::Demux;
use crate::message::{Input, Output};
use crate::peer::PeerEntry;
use crate::stream::Stream;
use crate::table::{PeerKey, StreamKey, Table};
use crate::timers::Timers;
use contract::{ClosedReason, Command, Event};
use viewing::catch_up;

/// How often layers are chosen anew, and the activity of streams is checked.
const TICK: Duration = Duration::from_millis(100);

/// Every this many ticks a stream reports its status.
const STATUS_TICKS: u32 = 10;

/// Every this many ticks the quality of connections is computed. Publishers count their losses over
/// that time.
const HEALTH_TICKS: u32 = 50;

/// Sources whose state one call of [`Shard::prefetch`] reads. Further ones are left out.
const PREFETCH_MAX: usize = 32;

/// With fewer peers their state stays in a core's second cache: nothing is to be gained.
const PREFETCH_PEERS: usize = 200;

/// Viewers that are visited in a row before a peer that wants its time gets it.
const SERVED_MAX: u32 = 8;

/// Bounds of the time until a peer is woken: a time in the past would spin, and a peer without
/// timeouts would sleep for ever.
const WAKE_MIN: Duration = Duration::from_micros(500);
const WAKE_MAX: Duration = Duration::from_secs(10);

/// Settings of a shard.
#[derive(Debug, Clone)]
pub struct Config {
    /// Limits of what each track caches.
    pub track: Limits,
    /// A session that has not connected after this time is ended.
    pub connect_timeout: Duration,
    /// A session from which nothing authentic came for this time is ended. Browsers send a consent
    /// check every five seconds (RFC 7675 §5.1); of other clients their media is life enough.
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
/// Give it one input or a batch, then take all outputs. Packets that a batch writes to one viewer
/// leave with one send, which makes sending cheap.
#[derive(Debug)]
pub struct Shard {
    shard: ShardId,
    config: Config,
    peers: Table<PeerKey, PeerEntry>,
    sessions: BTreeMap<SessionId, PeerKey>,
    streams: Table<StreamKey, Stream>,
    streams_by_id: BTreeMap<StreamId, StreamKey>,
    demux: Demux,
    timers: Timers,
    next_tick: Option<Instant>,
    ticks: u32,
    /// A track or a layer began since the last tick, so its viewers choose anew.
    track_began: bool,
    /// Streams with pending packets, whose viewers take turns.
    pending_streams: VecDeque<StreamKey>,
    /// Visits since a peer last got its time.
    served: u32,
    delays: Delays,
    /// Keys of the peers that want their time, each once.
    dirty: Vec<PeerKey>,
    /// Keys of the peers whose next timeout has to be asked for, each once.
    unscheduled: Vec<PeerKey>,
    outputs: VecDeque<Output<'static>>,
    sending: Datagrams,
    counters: Counters,
}

impl Shard {
    /// An empty shard. `shard` is its number, by which the others reach it.
    pub fn new(shard: ShardId, config: Config) -> Self {
        Self {
            shard,
            config,
            peers: Table::new(),
            sessions: BTreeMap::new(),
            streams: Table::new(),
            streams_by_id: BTreeMap::new(),
            demux: Demux::default(),
            timers: Timers::default(),
            next_tick: None,
            ticks: 0,
            track_began: false,
            pending_streams: VecDeque::new(),
            served: 0,
            delays: Delays::default(),
            dirty: Vec::new(),
            unscheduled: Vec::new(),
            outputs: VecDeque::new(),
            sending: Datagrams::default(),
            counters: Counters::default(),
        }
    }

    /// What the shard has done so far.
    pub fn counters(&self) -> Counters {
        Counters {
            sessions: self.peers.len() as u64,
            outputs_queued: self.outputs.len() as u64,
            trains_cut: self.sending.trains_cut(),
            ..self.counters
        }
    }

    /// Takes one input. `now` never goes backwards.
    pub fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Datagram { path, contents } => self.datagram(now, path, contents),
            Input::Command(command) => self.command(now, command),
            Input::Message(message) => self.message(now, message),
            Input::RingFull { shard } => self.ring_full(shard),
            Input::Timeout => self.timeout(now),
        }
    }

    /// Reads the state that datagrams from these sources will need. Give it what one system call
    /// received, before its datagrams.
    ///
    /// With thousands of peers nearly all of that state is in memory and not in a cache, and most
    /// of it is found through pointers: a datagram waits for each place in turn. Here the places of
    /// one peer do not wait for those of another, so memory answers for several peers at once.
    pub fn prefetch(&self, sources: impl Iterator<Item = SocketAddr>) {
        if self.peers.len() < PREFETCH_PEERS {
            return;
        }
        let mut keys = [None; PREFETCH_MAX];
        for (key, source) in keys.iter_mut().zip(sources) {
            *key = self.demux.owner(source);
        }
        let peers = || keys.iter().flatten().filter_map(|key| self.peers.get(*key));
        peers().for_each(PeerEntry::prefetch);
        for peer in peers() {
            let stream = peer.incoming.first().map(|line| line.stream);
            let stream = stream.and_then(|key| self.streams.get(key));
            let viewer = stream.and_then(Stream::prefetch);
            if let Some(viewer) = viewer.and_then(|key| self.peers.get(key)) {
                viewer.prefetch();
            }
        }
    }

    /// Returns the next output; `None` when there is none for now.
    pub fn poll_output(&mut self, now: Instant) -> Option<Output<'_>> {
        while let Some(key) = self.unscheduled.pop() {
            if self.peers.get(key).is_some_and(|entry| entry.unscheduled) {
                self.schedule(now, key);
            }
        }
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            if !self.sending.is_empty() {
                break;
            }
            // Peers that want their time get it also while packets come all the time.
            if (self.dirty.is_empty() || self.served < SERVED_MAX) && self.serve(now) {
                self.served += 1;
                continue;
            }
            self.served = 0;
            let key = self.dirty.pop()?;
            // It may have been served meanwhile.
            if self.peers.get(key).is_some_and(|entry| entry.dirty) {
                self.flush(now, key);
            }
        }
        let transmit = self.sending.pop()?;
        self.counters.trains_out += 1;
        self.counters.datagrams_out += transmit.datagrams().len() as u64;
        self.counters.bytes_out += transmit.contents.len() as u64;
        Some(Output::Transmit(transmit))
    }

    /// How long packets stayed in the shard.
    pub fn delays(&self) -> Delays {
        self.delays
    }

    /// When [`Input::Timeout`] is to be given next, once [`Self::poll_output`] has nothing more.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.timers.next(), self.next_tick]
            .into_iter()
            .flatten()
            .min()
    }

    fn datagram(&mut self, now: Instant, path: Path, contents: &mut [u8]) {
        self.counters.datagrams_in += 1;
        self.counters.bytes_in += contents.len() as u64;
        let keys = self.demux.find(now, &path.remote, contents);
        if keys.is_empty() {
            self.counters.dropped_unknown_source += 1;
        }
        for key in keys.iter() {
            let Some(entry) = self.peers.get_mut(key) else {
                continue;
            };
            let to = &mut self.sending;
            if let Err(refused) = entry.peer.handle_datagram(now, path, contents, to) {
                self.refuse(key, path.remote, refused, contents);
            }
            self.take_events(now, key);
            // The batch may hold further datagrams of this peer, so its timeout is asked for at the
            // end, once.
            if let Some(entry) = self.peers.get_mut(key)
                && !std::mem::replace(&mut entry.unscheduled, true)
            {
                self.unscheduled.push(key);
            }
        }
    }

    /// Counts a refused datagram. The first of each session and cause is reported.
    fn refuse(&mut self, key: PeerKey, remote: SocketAddr, refused: Refused, datagram: &[u8]) {
        if let Some(count) = self.counters.refused.get_mut(refused.number()) {
            *count += 1;
        }
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        let bit = 1 << refused.number();
        if !refused.is_news() || entry.refused & bit != 0 {
            return;
        }
        entry.refused |= bit;
        let header = rtp::Header::read(datagram);
        let header = header.filter(|_| matches!(refused, Refused::Packet(_)));
        self.outputs.push_back(Output::Event(Event::Refused {
            session: entry.session,
            refused,
            remote,
            source: header.map(|header| (header.ssrc, header.payload_type)),
        }));
    }

    fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Publish {
                session,
                tracks,
                peer,
            } => self.publish(now, session, &tracks, peer),
            Command::Renegotiate {
                session,
                agreed,
                tracks,
            } => self.renegotiate(now, session, agreed, &tracks),
            Command::View { session, peer } => {
                self.add_peer(now, session, peer);
            }
            Command::SetSubscriptions {
                session,
                agreed,
                lines,
            } => self.set_subscriptions(now, session, agreed, &lines),
            Command::TrackSettings {
                session,
                line,
                paused,
                rid_max,
            } => self.set_track_settings(now, session, line, paused, rid_max),
            Command::Write {
                session,
                channel,
                text,
            } => self.write(now, session, channel, &text),
            Command::MoveOrigin { stream, origin } => self.move_origin(stream, origin),
            Command::Watch {
                session,
                stream,
                origin,
                peer,
                first_seq,
            } => {
                self.watch(now, session, stream, origin, peer, first_seq);
            }
            Command::Close { session } => {
                if let Some(key) = self.sessions.get(&session).copied() {
                    self.close(now, key, ClosedReason::Ordered);
                }
            }
            Command::RestartIce { session, remote } => self.restart_ice(now, session, remote),
            Command::PinLayer { session, rid } => {
                if let Some(entry) = self
                    .sessions
                    .get(&session)
                    .and_then(|key| self.peers.get_mut(*key))
                {
                    // A viewer that can pin a layer has one stream.
                    if let Some(view) = entry.views.first_mut() {
                        view.selector.pin(rid);
                    }
                }
            }
            Command::CloseAll => {
                let keys: Vec<PeerKey> = self.peers.iter().map(|(key, _)| key).collect();
                for key in keys {
                    self.close(now, key, ClosedReason::Ordered);
                }
            }
        }
    }

    fn timeout(&mut self, now: Instant) {
        while let Some(key) = self.timers.pop_due(now) {
            self.mark_dirty(key);
        }
        if self.next_tick.is_some_and(|at| at <= now) {
            self.tick(now);
        }
    }

    fn tick(&mut self, now: Instant) {
        self.next_tick = (!self.peers.is_empty()).then_some(now + TICK);
        self.ticks = self.ticks.wrapping_add(1);
        let full = self.ticks.is_multiple_of(STATUS_TICKS);
        let all = std::mem::take(&mut self.track_began) || full;
        self.choose_all(now, all);
        for key in self.streams.iter().map(|(key, _)| key).collect::<Vec<_>>() {
            self.tick_stream(now, key, full);
            self.request_keyframes(now, key);
        }
        if full {
            self.end_silent(now);
        }
        if self.ticks.is_multiple_of(HEALTH_TICKS) {
            self.report_health();
        }
    }

    /// Gives a peer its pending packets, then its time: it handles its timeout, and the cached
    /// packets that are due are sent. Pending packets come first, those of all its streams, since
    /// the caches have them too.
    pub(super) fn flush(&mut self, now: Instant, key: PeerKey) {
        let Some(entry) = self.peers.get(key) else {
            return;
        };
        if entry.connected {
            let mut index = 0;
            while let Some(stream) = self.viewed_stream(key, index) {
                self.give_pending(now, stream, key);
                index += 1;
            }
        }
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        entry.dirty = false;
        for index in 0..entry.views.len() {
            let view = entry.views.get(index).map(|view| view.stream);
            let Some(stream) = view.and_then(|key| self.streams.get(key)) else {
                continue;
            };
            let (to, counters) = (&mut self.sending, &mut self.counters);
            if let Some(rid) = catch_up(now, entry, index, stream, to, counters) {
                let layer = Event::Layer {
                    session: entry.session,
                    stream: stream.id,
                    rid,
                };
                self.outputs.push_back(Output::Event(layer));
            }
        }
        entry.peer.handle_timeout(now, &mut self.sending);
        self.drain(now, key);
    }

    /// Takes the events of a peer and sets its timer.
    fn drain(&mut self, now: Instant, key: PeerKey) {
        self.take_events(now, key);
        self.schedule(now, key);
    }

    fn take_events(&mut self, now: Instant, key: PeerKey) {
        while let Some(entry) = self.peers.get_mut(key)
            && let Some(event) = entry.peer.poll_event()
        {
            self.peer_event(now, key, event);
        }
    }

    /// Sets the timer of a peer to its next timeout.
    fn schedule(&mut self, now: Instant, key: PeerKey) {
        let Some(entry) = self.peers.get_mut(key) else {
            return;
        };
        entry.unscheduled = false;
        let due = [entry.peer.due(), entry.catch_up_due()];
        let at = due.into_iter().flatten().min().unwrap_or(now + WAKE_MAX);
        let at = at.clamp(now + WAKE_MIN, now + WAKE_MAX);
        self.timers.set(now, at, key);
    }

    fn mark_dirty(&mut self, key: PeerKey) {
        if let Some(entry) = self.peers.get_mut(key) {
            entry.mark_dirty(key, &mut self.dirty);
        }
    }
}
