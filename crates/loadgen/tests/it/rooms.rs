//! Rooms with many participants, without media: how long joining takes, how much memory an idle
//! participant takes, and whether all participants know of each other.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use signaling::dialect::headwater::{EndReason, Event, Role};
use tokio::sync::{Barrier, mpsc};
use tokio::task::LocalSet;

use crate::room_client::{Incoming, RoomClient, runtime, url};
use crate::server::Server;

/// Joins per second: a large room fills in ten seconds. A build without optimisation writes fewer
/// lists of participants per second.
const JOINS_PER_SECOND: u32 = 200;
const JOINS_PER_SECOND_SMALL: u32 = 50;

/// How often a client pings. A ping also confirms the frames that it has seen.
const PING_EVERY: Duration = Duration::from_secs(2);

/// Participants who leave and join again once all have joined.
const CHURN: usize = 20;

/// Time limit for all participants to know of each other, even on a busy machine without
/// optimisation.
const AGREE_MAX: Duration = Duration::from_secs(30);

/// Limit for the memory of an idle participant, far above any measurement. A list of all
/// participants kept for each of them would exceed it at once.
const MEMORY_KB_MAX: u64 = 300;

#[test]
fn large_room_tells_every_participant_of_all_others() {
    let (participants, rate) = if is_full() {
        (2_000, JOINS_PER_SECOND)
    } else {
        (300, JOINS_PER_SECOND_SMALL)
    };
    fill(&[participants], rate);
}

#[test]
fn small_rooms_tell_every_participant_of_all_others() {
    let (rooms, rate) = if is_full() {
        (500, JOINS_PER_SECOND)
    } else {
        (75, 2 * JOINS_PER_SECOND_SMALL)
    };
    fill(&vec![4; rooms], rate);
}

fn is_full() -> bool {
    std::env::var_os("HEADWATER_ROOMS_FULL").is_some()
}

/// Fills rooms with the given numbers of participants, who join one after the other.
fn fill(rooms: &[usize], rate: u32) {
    raise_open_files();
    let mut server = Server::start(&[("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "10000")]);
    let before = server.memory_kb();
    let count: usize = rooms.iter().sum();
    let hall = Rc::new(Hall {
        url: url(&server),
        rooms: rooms.to_vec(),
        all_in: Barrier::new(count + 1),
        all_agree: Barrier::new(count + 1),
        churned: Barrier::new(count + 1),
        over: Barrier::new(count + 1),
    });
    let tasks = LocalSet::new();
    let runtime = runtime();
    let test = async {
        let (sender, mut joins) = mpsc::unbounded_channel();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut guests = Vec::new();
        let start = Instant::now();
        for number in 0..count {
            ticks.tick().await;
            let guest = Guest::enter(hall.clone(), number, sender.clone());
            guests.push(tokio::task::spawn_local(guest));
        }
        drop(sender);
        hall.all_in.wait().await;
        let filled = start.elapsed();
        hall.all_agree.wait().await;
        eprintln!(
            "{count} participants in {} rooms joined in {filled:?}, and agree after {:?}",
            rooms.len(),
            start.elapsed()
        );
        let mut times = [Times::new("connect and join"), Times::new("join alone")];
        let mut late = Times::new("join alone, the last tenth");
        for _ in 0..count {
            let (number, whole, alone) = joins.recv().await.expect("one of each");
            times[0].add(whole);
            times[1].add(alone);
            if number >= count - count / 10 {
                late.add(alone);
            }
        }
        times.iter().chain([&late]).for_each(Times::print);
        // By then pings have confirmed all frames, and the outboxes have freed them.
        tokio::time::sleep(2 * PING_EVERY).await;
        let memory = server.memory_kb().saturating_sub(before);
        let each = memory / count as u64;
        eprintln!("{each} kB for each idle participant; {before} kB before");
        assert!(each < MEMORY_KB_MAX, "{each} kB");
        hall.churned.wait().await;
        let mut again = Times::new("leave and join");
        for _ in 0..CHURN {
            let (_, whole, _) = joins.recv().await.expect("one of each");
            again.add(whole);
        }
        again.print();
        let seen = [server.metric("rooms"), server.metric("participants")];
        assert_eq!(seen, [rooms.len() as u64, count as u64]);
        hall.over.wait().await;
        for guest in guests {
            guest.await.expect("a guest");
        }
    };
    runtime.block_on(tasks.run_until(test));
    assert_eq!(server.metric("participants"), 0);
    server.assert_unharmed();
}

/// What all guests share.
struct Hall {
    url: String,
    rooms: Vec<usize>,
    all_in: Barrier,
    all_agree: Barrier,
    churned: Barrier,
    over: Barrier,
}

/// A guest's number, and its time to join from opening the socket and from sending the request.
type Joined = (usize, Duration, Duration);

struct Guest {
    hall: Rc<Hall>,
    room: usize,
    place: usize,
    client: RoomClient,
    /// The other guests that this one knows of.
    others: BTreeSet<usize>,
}

impl Guest {
    async fn enter(hall: Rc<Hall>, number: usize, joins: mpsc::UnboundedSender<Joined>) {
        // Rooms fill one after the other.
        let (mut room, mut place) = (0, number);
        while place >= hall.rooms[room] {
            place -= hall.rooms[room];
            room += 1;
        }
        let mut guest = Self {
            client: RoomClient::absent(&hall.url),
            others: BTreeSet::new(),
            hall,
            room,
            place,
        };
        let hall = guest.hall.clone();
        let (whole, alone) = guest.join().await;
        joins.send((number, whole, alone)).expect("the test waits");
        guest.stay(hall.all_in.wait()).await;
        guest.agree().await;
        guest.stay(hall.all_agree.wait()).await;
        if number < CHURN {
            guest.go().await;
            let (whole, alone) = guest.join().await;
            joins.send((number, whole, alone)).expect("the test waits");
        }
        drop(joins);
        guest.stay(hall.churned.wait()).await;
        guest.agree().await;
        guest.stay(hall.over.wait()).await;
        guest.go().await;
    }

    async fn join(&mut self) -> (Duration, Duration) {
        let start = Instant::now();
        self.client = RoomClient::connect(&self.hall.url).await;
        let connected = Instant::now();
        let params = json!({
            "room": format!("room{}", self.room),
            "id": format!("guest{}", self.place),
            "role": Role::Viewer,
        });
        let (joined, answered) = self.client.join_timed(params).await.expect("may join");
        let times = (answered - start, answered - connected);
        self.others.clear();
        for participant in &joined.participants {
            self.comes(&participant.id);
        }
        times
    }

    /// Reads and pings until the future is done.
    async fn stay<T>(&mut self, until: impl Future<Output = T>) {
        let mut until = std::pin::pin!(until);
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            tokio::select! {
                incoming = self.client.read() => {
                    assert_eq!(incoming, Incoming::Frame, "nobody is sent away");
                }
                _ = ping.tick() => {
                    self.client.ask("ping", json!({})).await;
                }
                _ = &mut until => return,
            }
            self.listen();
        }
    }

    /// Waits until this guest knows of all others.
    async fn agree(&mut self) {
        let deadline = Instant::now() + AGREE_MAX;
        let count = self.hall.rooms[self.room];
        while self.others.len() != count - 1 {
            let known = self.others.len();
            assert!(Instant::now() < deadline, "{known} of {count} are known");
            assert_eq!(
                self.client.read().await,
                Incoming::Frame,
                "nobody is sent away"
            );
            self.listen();
        }
        assert!(
            !self.others.contains(&self.place),
            "nobody is told of itself"
        );
        assert!(self.others.iter().all(|other| *other < count));
    }

    fn listen(&mut self) {
        self.client.take_responses();
        let events: Vec<_> = self.client.take_events().collect();
        for event in events {
            match event {
                Event::ParticipantJoined { participant } => self.comes(&participant.id),
                Event::ParticipantLeft { id, reason } => {
                    assert_eq!(reason, EndReason::Left);
                    assert!(self.others.remove(&number(&id)), "{id} left twice");
                }
                Event::RoomChanged { .. } => {}
                other => panic!("nothing else happens: {other:?}"),
            }
        }
    }

    fn comes(&mut self, id: &str) {
        assert!(self.others.insert(number(id)), "{id} came twice");
    }

    async fn go(&mut self) {
        let client = RoomClient::absent(&self.hall.url);
        std::mem::replace(&mut self.client, client).leave().await;
    }
}

fn number(id: &str) -> usize {
    let number = id.strip_prefix("guest").expect("an id of this test");
    number.parse().expect("a number")
}

/// A distribution of times.
struct Times {
    what: &'static str,
    histogram: Histogram<u64>,
}

impl Times {
    fn new(what: &'static str) -> Self {
        let histogram = Histogram::new_with_bounds(1, 60_000_000, 3).expect("bounds");
        Self { what, histogram }
    }

    fn add(&mut self, time: Duration) {
        self.histogram.saturating_record(time.as_micros() as u64);
    }

    fn print(&self) {
        let ms = |quantile| self.histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        eprintln!(
            "{}: {:.1} ms in the middle, {:.1} ms at the 99th percentile, {:.1} ms at most",
            self.what,
            ms(0.5),
            ms(0.99),
            self.histogram.max() as f64 / 1_000.0
        );
    }
}

/// Raises the limit of open files: each client's socket is one, here as in the server, which raises
/// its own limit.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("up to the hard limit");
}
