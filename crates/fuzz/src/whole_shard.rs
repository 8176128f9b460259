//! A whole shard, with a publisher and a viewer over it.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sim::{ClientId, Path, PublisherSettings, World};

use crate::{connection, script};

/// Inputs that one shard takes: its clients come up once for them.
const INPUTS_MAX: u32 = 200;

const SHARD: usize = 0;

/// From where nobody has a session.
const STRANGER: ([u8; 4], u16) = ([198, 51, 100, 9], 666);

struct Shard {
    world: World,
    clients: [ClientId; 2],
    inputs: u32,
}

thread_local! {
    static SHARED: RefCell<Option<Shard>> = const { RefCell::new(None) };
}

/// A shard takes datagrams from its publisher's address, its viewer's, and a stranger's, while
/// media flows; its sessions go on.
pub(crate) fn run(input: &[u8]) {
    SHARED.with_borrow_mut(|shared| {
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

/// Those of a peer, which mean other sources here.
pub(crate) fn scripts() -> Vec<Vec<u8>> {
    let scripts = connection::scripts();
    scripts.iter().map(|script| script[1..].to_vec()).collect()
}
