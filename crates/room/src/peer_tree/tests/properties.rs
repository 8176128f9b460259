//! For any calls in any order, a peer that believes it receives a broadcast does receive it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::topology::Observer;

const PEERS: u128 = 12;
const NAMES: [&str; 2] = ["derby", "gala"];

/// A call on the broadcasts. Numbers choose among peers, names and open offers.
#[derive(Debug, Clone)]
enum Action {
    Open(u128),
    Close(u128),
    Start(u128, usize),
    End(u128, usize),
    Join(u128, usize),
    Leave(u128),
    Watch(u128, usize),
    /// One of the parents that were asked answers.
    Answer(usize),
    /// A parent that was asked drops the offer.
    Ignore(usize),
    Pass(u64),
}

fn action() -> impl Strategy<Value = Action> {
    let (peer, name) = (0..PEERS, 0..NAMES.len());
    prop_oneof![
        4 => peer.clone().prop_map(Action::Open),
        1 => peer.clone().prop_map(Action::Close),
        3 => (peer.clone(), name.clone()).prop_map(|(peer, name)| Action::Start(peer, name)),
        1 => (peer.clone(), name.clone()).prop_map(|(peer, name)| Action::End(peer, name)),
        9 => (peer.clone(), name.clone()).prop_map(|(peer, name)| Action::Join(peer, name)),
        1 => peer.clone().prop_map(Action::Leave),
        1 => (peer, name).prop_map(|(peer, name)| Action::Watch(peer, name)),
        9 => any::<usize>().prop_map(Action::Answer),
        1 => any::<usize>().prop_map(Action::Ignore),
        6 => (0..4_000_u64).prop_map(Action::Pass),
    ]
}

/// A browser as old as the protocol: it passes on the stream that it has when it answers, and the
/// peers below keep that one for ever.
#[derive(Debug, Clone, Default)]
struct Browser {
    /// The streams that it has had, counted.
    stream: u64,
    /// It broadcasts.
    owns: bool,
    /// The parent that feeds it, the stream that it gets, and since when.
    fed: Option<(PeerId, u64, Instant)>,
}

struct Trial {
    world: World,
    observer: Observer,
    browsers: BTreeMap<PeerId, Browser>,
    /// Parents that were asked and have not answered, with the joiner.
    asked: Vec<(PeerId, PeerId)>,
    /// Parents that never will answer.
    ignored: BTreeSet<(PeerId, PeerId)>,
    /// The stream of each answer that is on its way.
    answers: BTreeMap<(PeerId, PeerId), u64>,
}

impl Trial {
    fn new() -> Self {
        let mut world = World::new(|limits| limits.listeners_max = 2);
        for peer in [OWNER, ADA, BOB, CID, DEE, EVE] {
            world.close(peer);
        }
        let mut observer = Observer::default();
        while let Some(event) = world.broadcasts.poll_webhook_event() {
            observer.take(event);
        }
        Self {
            world,
            observer,
            browsers: BTreeMap::new(),
            asked: Vec::new(),
            ignored: BTreeSet::new(),
            answers: BTreeMap::new(),
        }
    }

    fn run(&mut self, action: Action) {
        let now = self.world.now;
        let broadcasts = &mut self.world.broadcasts;
        let peer = |number| PeerId(number);
        // Refusals are results as good as others.
        match action {
            Action::Open(number) => {
                broadcasts.opened(peer(number));
                self.browsers.entry(peer(number)).or_default();
            }
            Action::Close(number) => {
                broadcasts.closed(now, peer(number));
                self.browsers.remove(&peer(number));
                self.asked.retain(|(parent, _)| *parent != peer(number));
            }
            Action::Start(number, name) => {
                broadcasts.start(now, peer(number), NAMES[name], None).ok();
            }
            Action::End(number, name) => {
                broadcasts.end(now, peer(number), NAMES[name]).ok();
            }
            Action::Join(number, name) => self.join(peer(number), NAMES[name]),
            Action::Leave(number) => {
                if broadcasts.leave(now, peer(number)).is_ok() {
                    self.browser(peer(number)).fed = None;
                }
            }
            Action::Watch(number, name) => {
                broadcasts.watch(peer(number), NAMES[name]).ok();
            }
            Action::Answer(which) => self.answer(which),
            Action::Ignore(which) => {
                if !self.asked.is_empty() {
                    let which = which % self.asked.len();
                    self.ignored.insert(self.asked.remove(which));
                }
            }
            Action::Pass(ms) => self.pass(Duration::from_millis(ms)),
        }
        self.listen();
        self.check();
        while let Some(event) = self.world.broadcasts.poll_webhook_event() {
            self.observer.take(event);
        }
        self.observer.check(self.world.broadcasts.listed());
    }

    fn join(&mut self, peer: PeerId, name: &str) {
        let offer = "offer";
        let join = Join {
            name,
            peer_name: None,
            offer,
        };
        let (now, broadcasts) = (self.world.now, &mut self.world.broadcasts);
        if broadcasts.join(now, peer, join).is_ok() {
            self.browser(peer).fed = None;
        }
    }

    fn answer(&mut self, which: usize) {
        if self.asked.is_empty() {
            return;
        }
        let (parent, joiner) = self.asked.remove(which % self.asked.len());
        let stream = self.browser(parent).stream;
        self.answers.insert((parent, joiner), stream);
        let (now, broadcasts) = (self.world.now, &mut self.world.broadcasts);
        broadcasts.answer(now, parent, joiner, "answer").ok();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.world.now + time;
        while let Some(at) = self.world.broadcasts.poll_timeout().filter(|at| *at <= end) {
            self.world.now = self.world.now.max(at);
            self.world.broadcasts.handle_timeout(self.world.now);
            self.listen();
            self.check();
        }
        self.world.now = end;
    }

    fn browser(&mut self, peer: PeerId) -> &mut Browser {
        self.browsers.get_mut(&peer).expect("it has a socket")
    }

    /// Browsers do what they are told.
    fn listen(&mut self) {
        self.world.drain();
        let now = self.world.now;
        for (to, event) in self.world.take() {
            assert!(self.browsers.contains_key(&to), "{to:?} is gone");
            match event {
                Event::Started => {
                    let browser = self.browser(to);
                    (browser.owns, browser.fed) = (true, None);
                    browser.stream += 1;
                }
                Event::BroadcastEnded { .. } => {
                    let browser = self.browser(to);
                    (browser.owns, browser.fed) = (false, None);
                }
                Event::Relay { joiner, .. } => {
                    let browser = self.browser(to);
                    let since = browser.fed.map(|(_, _, since)| now - since);
                    let has_media = browser.owns || since.is_some_and(|time| time >= READY_AFTER);
                    assert!(has_media, "{to:?} is asked and has nothing");
                    assert_ne!(to, joiner);
                    self.asked.push((to, joiner));
                }
                Event::Joined { parent, .. } => {
                    let stream = self.answers[&(parent, to)];
                    let browser = self.browser(to);
                    browser.stream += 1;
                    browser.fed = Some((parent, stream, now));
                }
                Event::Reconnect { .. } => {
                    let fed = self.browser(to).fed.take();
                    assert!(fed.is_some(), "{to:?} had nothing to lose");
                }
                _ => {}
            }
        }
    }

    /// Asserts that every peer that was not told otherwise gets the pictures of an owner.
    fn check(&self) {
        for (peer, browser) in &self.browsers {
            let (mut at, mut steps) = (browser, 0);
            while let Some((parent, stream, _)) = at.fed {
                let above = self.browsers.get(&parent);
                let above = above.unwrap_or_else(|| panic!("{peer:?} gets from who is gone"));
                assert_eq!(above.stream, stream, "{peer:?} sees a frozen picture");
                (at, steps) = (above, steps + 1);
                assert!(steps < 20, "{peer:?} feeds itself");
            }
            let has = browser.fed.is_some();
            assert!(!has || at.owns, "{peer:?} gets from {at:?} who has nothing");
        }
    }

    /// All parents answer, and all peers that join are fed in the end. Then all peers leave.
    fn end(mut self) {
        for _ in 0..60 {
            while !self.asked.is_empty() {
                self.run(Action::Answer(0));
            }
            self.run(Action::Pass(1_000));
        }
        for broadcast in self.world.broadcasts.broadcasts.values() {
            for (peer, member) in &broadcast.members {
                let joins = matches!(member.state, broadcast::State::Joining { .. });
                let parent = broadcast.tree.parent(member.id);
                let parent = parent.and_then(|id| broadcast.tree.get(id));
                let ignored = parent.is_some_and(|it| self.ignored.contains(&(*it, *peer)));
                assert!(!joins || ignored, "{peer:?} waits for ever");
            }
        }
        for number in 0..PEERS {
            self.run(Action::Close(number));
        }
        self.pass(10 * SECOND);
        let broadcasts = &self.world.broadcasts;
        assert!(broadcasts.peers.is_empty() && broadcasts.broadcasts.is_empty());
        assert!(broadcasts.watchers.is_empty() && broadcasts.context.timers.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn fed_peers_receive_their_broadcast_for_any_calls(
        actions in proptest::collection::vec(action(), 1..200),
    ) {
        let mut trial = Trial::new();
        for action in actions {
            trial.run(action);
        }
        trial.end();
    }
}
