//! A whole shard with a publisher and a viewer.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sim::{ClientId, Path, PublisherSettings, World};

use crate::{connection, script};

/// Number of inputs that one shard takes before it is replaced: its clients connect only once for
/// them.
const INPUTS_MAX: u32 = 200;

const SHARD: usize = 0;

/// An address that no session has.
const STRANGER: ([u8; 4], u16) = ([198, 51, 100, 9], 666);

struct Shard {
    world: World,
    clients: [ClientId; 2],
    inputs: u32,
}

thread_local! {
    static SHARED: RefCell<Option<Shard>> = const { RefCell::new(None) };
}

/// Sends datagrams to a shard from the addresses of its publisher, its viewer and a stranger, while
/// media flows. Both sessions must go on.
pub(crate) fn run(input: &[u8]) {
    SHARED.with_borrow_mut(|shared| {
        // Taken out until the input is done: after a panic, the next input gets a new shard.
        let mut shard = shared
            .take()
            .filter(|shard| shard.inputs < INPUTS_MAX)
            .unwrap_or_else(Shard::new);
        for (what, bytes) in script::steps(input) {
            shard.step(what, bytes);
        }
        shard.world.run_for(Duration::from_millis(5));
        shard.inputs += 1;
        assert_eq!(shard.world.counters(SHARD).sessions, 2, "a session ended");
        *shared = Some(shard);
    });
}

impl Shard {
    fn new() -> Self {
        let config = shard::Config::default();
        let mut world = World::new(1, Instant::now(), 1, &config);
        let path = Path::default();
        let publisher = world.publish(PublisherSettings::default(), path);
        let viewer = world.watch(SHARD, path);
        world.run_for(Duration::from_secs(2));
        assert!(world.viewer(viewer).connected().is_some());
        Self {
            world,
            clients: [publisher, viewer],
            inputs: 0,
        }
    }

    fn step(&mut self, what: u8, bytes: &[u8]) {
        let source = match what & 3 {
            0 => self.world.address(self.clients[0]),
            1 => self.world.address(self.clients[1]),
            2 => SocketAddr::from(STRANGER),
            _ => {
                let steps = (bytes.len() as u32).min(10);
                self.world.run_for(Duration::from_millis(2) * steps);
                return;
            }
        };
        self.world.inject(SHARD, source, bytes.to_vec());
    }
}

/// Seeds: the scripts of a peer without their first byte, the state. Here the steps name other
/// sources.
pub(crate) fn scripts() -> Vec<Vec<u8>> {
    let scripts = connection::scripts();
    scripts.iter().map(|script| script[1..].to_vec()).collect()
}
