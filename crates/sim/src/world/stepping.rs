//! How virtual time passes: what is due next lands, wakes and is passed on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use contract::{Command, Event};
use shard::{Input, Output, ShardMessage};

use super::cargo::Cargo;
use super::client::Client;
use super::{World, shard_id};
use crate::clock::WAKE_MIN;

/// Delay of a message from one shard to another.
const RING_DELAY: Duration = Duration::from_micros(100);

impl World {
    /// Lets this time pass.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        while self.step(end) {}
    }

    /// Lets time pass until `holds` returns true, at most for `limit`. Returns whether it did.
    pub fn run_until(&mut self, limit: Duration, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let end = self.clock.now() + limit;
        while !holds(self) {
            if !self.step(end) {
                return holds(self);
            }
        }
        true
    }

    pub(super) fn order(&mut self, shard: usize, command: Command) {
        self.input(shard, Input::Command(command));
    }

    /// Advances to the next event, at most to `end`. Returns false when there is none until then.
    fn step(&mut self, end: Instant) -> bool {
        let next = self.next_event().filter(|at| *at <= end);
        self.clock.advance_to(next.unwrap_or(end));
        if next.is_none() {
            return false;
        }
        let now = self.clock.now();
        while let Some(cargo) = self.flights.land(now) {
            self.land(cargo);
        }
        for shard in 0..self.shards.len() {
            let due = self.shards[shard].shard.poll_timeout();
            if due.is_some_and(|at| at <= now) {
                self.input(shard, Input::Timeout);
            }
        }
        for client in 0..self.clients.len() {
            if self.clients[client].due().is_some_and(|at| at <= now) {
                self.turn(client);
            }
        }
        true
    }

    fn next_event(&self) -> Option<Instant> {
        let flight = self.flights.next();
        let shards = self.shards.iter().filter_map(|s| s.shard.poll_timeout());
        let clients = self.clients.iter().filter_map(Client::due);
        flight.into_iter().chain(shards).chain(clients).min()
    }

    pub(super) fn land(&mut self, cargo: Cargo) {
        match cargo {
            Cargo::ToShard {
                shard,
                source,
                contents,
            } => self.arrive(shard, source, contents),
            Cargo::Wake { shard } => {
                for (source, contents) in std::mem::take(&mut self.shards[shard].gathered) {
                    self.give_datagram(shard, source, contents);
                }
                self.drain_shard(shard);
            }
            Cargo::ToClient {
                client: id,
                source,
                contents,
            } => {
                let now = self.clock.now();
                let client = &mut self.clients[id];
                if client.gone {
                    return;
                }
                if let Some(viewer) = &mut client.role.viewer {
                    viewer.datagram(&contents);
                }
                let own = client.address;
                client.peer.handle_datagram(now, source, own, &contents);
                self.drain_client(id);
            }
            Cargo::Message { shard, message } => self.input(shard, Input::Message(message)),
        }
    }

    /// A datagram comes to a shard's socket.
    fn arrive(&mut self, shard: usize, source: SocketAddr, contents: Vec<u8>) {
        let at = &mut self.shards[shard];
        let Some(gathers) = at.gathers else {
            self.give_datagram(shard, source, contents);
            return self.drain_shard(shard);
        };
        if at.gathered.is_empty() {
            let wakes = self.clock.now() + gathers;
            self.flights.launch(wakes, Cargo::Wake { shard });
        }
        at.gathered.push((source, contents));
    }

    fn give_datagram(&mut self, shard: usize, source: SocketAddr, mut contents: Vec<u8>) {
        let input = Input::Datagram {
            path: rtc::Path::udp(self.shards[shard].address, source),
            contents: &mut contents,
        };
        self.give(shard, input);
    }

    fn input(&mut self, shard: usize, input: Input<'_>) {
        self.give(shard, input);
        self.drain_shard(shard);
    }

    fn give(&mut self, shard: usize, input: Input<'_>) {
        let (now, probe) = (self.clock.now(), self.probe);
        probe(true);
        self.shards[shard].shard.handle_input(now, input);
        probe(false);
    }

    fn drain_shard(&mut self, shard: usize) {
        let (now, probe) = (self.clock.now(), self.probe);
        // Outputs borrow the shard, so datagrams are sent after the loop.
        let mut down = Vec::new();
        loop {
            probe(true);
            let output = self.shards[shard].shard.poll_output(now);
            probe(false);
            match output {
                Some(Output::Transmit(transmit)) => {
                    let (source, to) = (transmit.path.local, transmit.path.remote);
                    down.extend(transmit.datagrams().map(|d| (source, to, d.to_vec())));
                }
                Some(Output::Message { shard: to, message }) => {
                    self.pass_on(shard, to.index(), message);
                }
                Some(Output::Event(event)) => self.event(event),
                None => break,
            }
        }
        for (source, destination, contents) in down {
            self.send_down(source, destination, contents);
        }
    }

    fn send_down(&mut self, source: SocketAddr, destination: SocketAddr, contents: Vec<u8>) {
        let Some(id) = self.by_address.get(&destination).copied() else {
            return;
        };
        let arrivals = self.clients[id].down.send(self.clock.now(), contents.len());
        for at in arrivals {
            let cargo = Cargo::ToClient {
                client: id,
                source,
                contents: contents.clone(),
            };
            self.flights.launch(at, cargo);
        }
    }

    /// Passes a message to another shard. A full ring refuses packets only: other messages are
    /// rarer and matter more, and wait elsewhere.
    fn pass_on(&mut self, from: usize, to: usize, message: ShardMessage) {
        if self.shards[to].full && matches!(message, ShardMessage::Packet { .. }) {
            let now = self.clock.now();
            let full = Input::RingFull {
                shard: shard_id(to),
            };
            self.shards[from].shard.handle_input(now, full);
            return;
        }
        let at = self.clock.now() + RING_DELAY;
        self.flights
            .launch(at, Cargo::Message { shard: to, message });
    }

    fn event(&mut self, event: Event) {
        if let Event::Closed { session, .. } = &event
            && let Some(client) = self.clients.iter_mut().find(|c| c.session == *session)
        {
            client.closed = true;
        }
        if !matches!(event, Event::Status { .. }) {
            self.events.push((self.clock.elapsed(), event));
        }
    }

    /// Gives a client its time: it writes what is due and handles its timeout.
    pub(super) fn turn(&mut self, id: usize) {
        let client = &mut self.clients[id];
        client.wake = None;
        if let Some(publisher) = &mut client.role.publisher {
            publisher.produce(&self.clock, &mut client.peer);
        }
        if let Some(viewer) = &mut client.role.viewer {
            viewer.produce(&self.clock, &mut client.peer);
        }
        client.peer.handle_timeout(self.clock.now());
        self.drain_client(id);
    }

    fn drain_client(&mut self, id: usize) {
        let now = self.clock.now();
        let client = &mut self.clients[id];
        let mut flights = Vec::new();
        let at = loop {
            match client.peer.poll_output() {
                client::Output::Event(event) => client.event(&self.clock, &event),
                client::Output::Transmit(_) if client.gone => {}
                client::Output::Transmit(transmit) => {
                    let arrivals = client.up.send(now, transmit.contents.len());
                    flights.extend(arrivals.map(|at| (at, transmit.contents.clone())));
                }
                client::Output::Timeout(at) => break at,
            }
        };
        client.wake = Some(at.max(now + WAKE_MIN));
        client.gone |= !client.peer.is_alive();
        let (shard, source) = (client.shard, client.outside);
        for (at, contents) in flights {
            let cargo = Cargo::ToShard {
                shard,
                source,
                contents,
            };
            self.flights.launch(at, cargo);
        }
    }
}
