use std::net::SocketAddr;
use std::time::{Duration, Instant};

use headwater_ice::stun::{Class, Message, Writer};
use headwater_ice::{Agent, Credentials, Handled, Path, Reason};

/// The round trip between the agent and all addresses.
const ROUND_TRIP: Duration = Duration::from_millis(50);

/// A path to this port of the client's address.
pub(crate) fn path(port: u16) -> Path {
    Path::udp(
        SocketAddr::from(([192, 0, 2, 1], 3478)),
        SocketAddr::from(([198, 51, 100, 7], port)),
    )
}

/// An agent and its client, in virtual time.
pub(crate) struct World {
    pub(crate) agent: Agent,
    pub(crate) now: Instant,
    pub(crate) client: Client,
    /// The paths over which the client receives and answers requests.
    pub(crate) open: Vec<Path>,
    /// All requests of the agent, with their paths.
    pub(crate) requests: Vec<(Path, Vec<u8>)>,
    /// The outcome of every datagram that the agent received.
    pub(crate) handled: Vec<Handled>,
    /// Answers in flight to the agent.
    flying: Vec<(Instant, Path, Vec<u8>)>,
}

/// A minimal full agent. It needs only the credentials of both sides.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) own: Credentials,
    pub(crate) server: Credentials,
}

impl Client {
    pub(crate) fn check(&self) -> Vec<u8> {
        self.write(|check| check.controlling(1).priority(100))
    }

    pub(crate) fn nominate(&self, priority: u32) -> Vec<u8> {
        self.write(|check| check.controlling(1).priority(priority).use_candidate())
    }

    pub(crate) fn write(&self, extra: impl Fn(Writer<'_>) -> Writer<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        let check = Writer::binding_request(&mut out, [9; 12])
            .username(self.server.ufrag(), self.own.ufrag());
        extra(check).finish(Some(self.server.pwd().as_bytes()));
        out
    }

    /// Answers a request as browsers do: only if its USERNAME and password are right.
    pub(crate) fn answer(&self, request: &[u8], path: Path) -> Option<Vec<u8>> {
        let message = Message::read(request).unwrap();
        assert!(message.has_fingerprint() && message.priority().is_some());
        assert!(message.controlled().is_some());
        let name = format!("{}:{}", self.own.ufrag(), self.server.ufrag());
        let key = self.own.pwd().as_bytes();
        if message.username() != Some(&name) || !message.is_authentic(key) {
            return None;
        }
        let mut out = Vec::new();
        Writer::binding_success(&mut out, message.id(), path.local).finish(Some(key));
        Some(out)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let (own, server) = (Credentials::generate(), Credentials::generate());
        let mut agent = Agent::new(server.clone(), now);
        agent.set_remote(own.clone());
        Self {
            agent,
            now,
            client: Client { own, server },
            open: Vec::new(),
            requests: Vec::new(),
            handled: Vec::new(),
            flying: Vec::new(),
        }
    }

    /// A world whose selected path is `path`, nominated with priority 100.
    pub(crate) fn connected(path: Path) -> Self {
        let mut world = Self::new();
        let check = world.client.nominate(100);
        world.receive(path, &check);
        world.handshake();
        assert_eq!(world.agent.selected(), Some(path));
        world
    }

    /// Runs a DTLS handshake over the path that the agent names.
    pub(crate) fn handshake(&mut self) -> Option<Path> {
        let path = self.agent.handshake_path().unwrap();
        assert!(self.agent.dtls_arrived(self.now, path, 300));
        assert!(self.agent.may_send(self.now, path, 700));
        self.completed()
    }

    /// Completes DTLS. Returns the path that is then selected.
    pub(crate) fn completed(&mut self) -> Option<Path> {
        self.agent.handshake_completed(self.now);
        self.agent.selected()
    }

    /// How long nothing authentic has come over the selected path.
    pub(crate) fn silence(&self) -> Duration {
        self.now - self.agent.last_heard()
    }

    pub(crate) fn receive(&mut self, path: Path, datagram: &[u8]) -> Handled {
        self.receive_with_reply(path, datagram).0
    }

    pub(crate) fn receive_with_reply(&mut self, path: Path, datagram: &[u8]) -> (Handled, Vec<u8>) {
        let mut reply = Vec::new();
        let handled = self.agent.handle_stun(self.now, path, datagram, &mut reply);
        self.handled.push(handled);
        let written = matches!(handled, Handled::Answered { .. } | Handled::Refused(_));
        assert_eq!(written, !reply.is_empty());
        if written {
            let message = Message::read(&reply).unwrap();
            assert_ne!(message.class(), Class::Request);
            assert!(message.is_authentic(self.client.server.pwd().as_bytes()));
        }
        (handled, reply)
    }

    /// How many datagrams the agent ignored for this reason.
    pub(crate) fn ignored(&self, reason: Reason) -> usize {
        let ignored = Handled::Ignored(reason);
        self.handled
            .iter()
            .filter(|handled| **handled == ignored)
            .count()
    }

    /// How many of the agent's requests were answered.
    pub(crate) fn proved(&self) -> usize {
        let proved = |handled: &&Handled| matches!(handled, Handled::Proved { .. });
        self.handled.iter().filter(proved).count()
    }

    /// Lets time pass: the agent sends its requests, and answers arrive.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let timeout = self.agent.poll_timeout();
            let arrival = self.flying.iter().map(|(at, ..)| *at).min();
            let Some(next) = timeout.into_iter().chain(arrival).min() else {
                break;
            };
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            let (sent, now) = (&mut self.requests, self.now);
            let first = sent.len();
            self.agent
                .handle_timeout(now, |path, request| sent.push((path, request.to_vec())));
            for (path, request) in self.requests[first..].iter().cloned() {
                if self.open.contains(&path)
                    && let Some(answer) = self.client.answer(&request, path)
                {
                    self.flying.push((now + ROUND_TRIP, path, answer));
                }
            }
            self.flying.sort_by_key(|(at, ..)| *at);
            while self.flying.first().is_some_and(|(at, ..)| *at <= now) {
                let (_, path, answer) = self.flying.remove(0);
                self.receive(path, &answer);
            }
        }
        self.now = end;
    }

    /// Lets time pass while media or reports come over `path` every 100 ms.
    pub(crate) fn pass_with_traffic(&mut self, path: Path, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.agent.authentic(self.now, path);
            self.pass(Duration::from_millis(100));
        }
    }
}

pub(crate) const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}
