use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;

mod limits;
mod placing;
mod properties;
mod signals;
mod watching;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// Broadcasts in virtual time, and their outputs. The broadcast `derby` belongs to [`OWNER`].
struct World {
    broadcasts: Broadcasts,
    now: Instant,
    /// The events that peers were told, in order.
    told: Vec<(PeerId, Event)>,
}

const OWNER: PeerId = PeerId(1);
const ADA: PeerId = PeerId(2);
const BOB: PeerId = PeerId(3);
const CID: PeerId = PeerId(4);
const DEE: PeerId = PeerId(5);
const EVE: PeerId = PeerId(6);

impl World {
    /// With six peers.
    fn new(adjust: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        adjust(&mut limits);
        let mut broadcasts = Broadcasts::new(limits);
        for peer in [OWNER, ADA, BOB, CID, DEE, EVE] {
            broadcasts.opened(peer);
        }
        Self {
            broadcasts,
            now: Instant::now(),
            told: Vec::new(),
        }
    }

    /// With the broadcast `derby`, in which each peer feeds up to this many.
    fn derby(listeners_max: u32) -> Self {
        let mut world = Self::new(|limits| limits.listeners_max = listeners_max);
        world.start(OWNER, "derby").expect("it begins");
        world.take();
        world
    }

    fn start(&mut self, peer: PeerId, name: &str) -> Result<(), Error> {
        let result = self.broadcasts.start(self.now, peer, name, Some("Mona"));
        self.drain();
        result
    }

    fn join(&mut self, peer: PeerId) -> Result<(), Error> {
        self.join_as(peer, "derby", None)
    }

    fn join_as(&mut self, peer: PeerId, name: &str, who: Option<&str>) -> Result<(), Error> {
        let offer = format!("offer of {}", peer.0);
        let join = Join {
            name,
            peer_name: who,
            offer: &offer,
        };
        let result = self.broadcasts.join(self.now, peer, join);
        self.drain();
        result
    }

    fn answer(&mut self, parent: PeerId, joiner: PeerId) {
        let answered = self.broadcasts.answer(self.now, parent, joiner, "answer");
        assert_eq!(answered, Ok(()));
        self.drain();
    }

    fn leave(&mut self, peer: PeerId) {
        assert_eq!(self.broadcasts.leave(self.now, peer), Ok(()));
        self.drain();
    }

    fn close(&mut self, peer: PeerId) {
        self.broadcasts.closed(self.now, peer);
        self.drain();
    }

    /// Joins a peer, answers its offer, and waits until it has media. Returns its parent.
    fn arrive(&mut self, peer: PeerId) -> PeerId {
        self.join(peer).expect("it may join");
        let parent = self.asked_for(peer).expect("there is a place");
        self.answer(parent, peer);
        self.pass(READY_AFTER);
        self.take();
        parent
    }

    /// The parent that was last asked to feed a peer.
    fn asked_for(&self, peer: PeerId) -> Option<PeerId> {
        let relayed = self.told.iter().rev();
        let mut relayed = relayed.filter_map(|(to, event)| match event {
            Event::Relay { joiner, .. } if *joiner == peer => Some(*to),
            _ => None,
        });
        relayed.next()
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.broadcasts.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.broadcasts.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        while let Some(Output { to, event }) = self.broadcasts.poll_output() {
            assert!(!to.is_empty());
            self.told
                .extend(to.into_iter().map(|peer| (peer, event.clone())));
        }
    }

    /// The events that peers were told since the last call.
    fn take(&mut self) -> Vec<(PeerId, Event)> {
        std::mem::take(&mut self.told)
    }

    /// The tree of `derby` as text, as in `1(2(4) 3)`.
    fn tree(&self) -> String {
        let view = self.broadcasts.broadcasts["derby"].view();
        let mut text = String::new();
        let mut deepest = 0;
        for TreeNode { depth, peer, .. } in view {
            text += match depth {
                0 => "",
                _ if depth > deepest => "(",
                _ => " ",
            };
            if depth < deepest {
                text.truncate(text.len() - 1);
                text += &")".repeat((deepest - depth) as usize);
                text += " ";
            }
            text += &peer.0.to_string();
            deepest = depth;
        }
        text + &")".repeat(deepest as usize)
    }
}

fn reconnect() -> Event {
    let name = "derby".into();
    Event::Reconnect { name }
}

fn relay(joiner: PeerId) -> Event {
    let offer = format!("offer of {}", joiner.0).into();
    Event::Relay { joiner, offer }
}

fn joined(parent: PeerId) -> Event {
    let answer = "answer".into();
    Event::Joined { parent, answer }
}

fn ended() -> Event {
    let name = "derby".into();
    Event::BroadcastEnded { name }
}
