use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::{EndReason, Role};

use super::context::{Context, Timer};
use super::{ANSWER_MAX, ASKED_MAX, Event, PeerId, READY_AFTER, RETRY_EVERY, TreeNode};
use tree::{Capacity, MemberId, Move, Orphans, Tree};

/// The highest risk of a peer: further unanswered offers do not count.
const RISK_MAX: u8 = 3;

/// One broadcast.
#[derive(Debug)]
pub(super) struct Broadcast {
    pub(super) name: Arc<str>,
    pub(super) owner: PeerId,
    pub(super) tree: Tree<PeerId>,
    pub(super) members: BTreeMap<PeerId, Member>,
    /// When its watchers were last told the tree.
    pub(super) pushed: Option<Instant>,
}

/// A peer in a broadcast.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: MemberId,
    /// The name that it gave itself.
    pub(super) name: Arc<str>,
    pub(super) state: State,
}

/// The state of a peer in a broadcast.
#[derive(Debug)]
pub(super) enum State {
    /// Its offer waits for a parent, or for the parent's answer.
    Joining {
        offer: Arc<str>,
        /// The parents that left the offer unanswered, in order; one of them twice if it was asked
        /// twice.
        silent: Vec<MemberId>,
    },
    /// It was answered, or owns the broadcast.
    Fed,
    /// It was told to join again.
    Lost,
}

impl Broadcast {
    pub(super) fn new(name: Arc<str>, owner: PeerId, owner_name: Arc<str>, cx: &Context) -> Self {
        let tree = Tree::new(Orphans::Dissolve, capacity(0, cx), owner);
        let member = Member {
            id: tree.root(),
            name: owner_name,
            state: State::Fed,
        };
        Self {
            name,
            owner,
            tree,
            members: BTreeMap::from([(owner, member)]),
            pushed: None,
        }
    }

    /// Adds a peer with its offer. A peer that joins again gives up the place that it has.
    pub(super) fn join(
        &mut self,
        now: Instant,
        peer: PeerId,
        name: Option<Arc<str>>,
        offer: Arc<str>,
        cx: &mut Context,
    ) {
        let tree = &mut self.tree;
        let is_new = !self.members.contains_key(&peer);
        let member = self.members.entry(peer).or_insert_with(|| Member {
            id: tree.add(capacity(0, cx), peer),
            name: "Anonymous".into(),
            state: State::Lost,
        });
        cx.forget(peer);
        if let Some(name) = name {
            member.name = name;
        }
        if is_new {
            cx.tell_joined(&self.name, peer, &member.name, Role::Viewer);
        }
        let silent = Vec::new();
        member.state = State::Joining { offer, silent };
        let id = member.id;
        let moves = if tree.is_placed(id) {
            // The move of losing its place makes `follow` ask for another one.
            tree.detach(id)
        } else {
            tree.attach(id)
        };
        self.follow(now, moves, cx);
    }

    /// Removes a peer. The peers below it are told to join again.
    pub(super) fn remove(&mut self, now: Instant, peer: PeerId, cx: &mut Context) {
        let Some(member) = self.members.remove(&peer) else {
            return;
        };
        cx.forget(peer);
        cx.tell_left(&self.name, peer, EndReason::Left);
        if self.tree.is_placed(member.id) {
            cx.changed.insert(self.name.clone());
        }
        let moves = self.tree.remove(member.id);
        self.follow(now, moves, cx);
    }

    /// Carries out the moves of the tree.
    pub(super) fn follow(&mut self, now: Instant, moves: Vec<Move>, cx: &mut Context) {
        let mut moves = VecDeque::from(moves);
        if !moves.is_empty() {
            cx.changed.insert(self.name.clone());
        }
        // All peers are told what they lost before any of them gets a place again.
        let mut joining = VecDeque::new();
        loop {
            while let Some(told) = moves.pop_front() {
                match told.parent {
                    Some(parent) => self.ask(now, told.member, parent, cx),
                    None if self.lost(told.member, cx) => joining.push_back(told.member),
                    None => {}
                }
            }
            let Some(member) = joining.pop_front() else {
                return;
            };
            moves.extend(self.tree.attach(member));
        }
    }

    /// Sends a peer's offer to a parent.
    fn ask(&mut self, now: Instant, joiner: MemberId, parent: MemberId, cx: &mut Context) {
        let (Some(peer), Some(to)) = (self.tree.get(joiner), self.tree.get(parent)) else {
            return;
        };
        let (peer, to) = (*peer, *to);
        if let Some(State::Joining { offer, .. }) = self.state(peer) {
            let (joiner, offer) = (peer, offer.clone());
            cx.tell(to, Event::Relay { joiner, offer });
            cx.forget(peer);
            cx.timers.begin(Timer::Answer(peer), now + ANSWER_MAX);
        }
    }

    /// Handles the loss of a peer's place. Returns whether the peer has an offer for another one.
    fn lost(&mut self, id: MemberId, cx: &mut Context) -> bool {
        let Some(peer) = self.tree.get(id).copied() else {
            return false;
        };
        cx.forget(peer);
        let name = self.name.clone();
        match self.state(peer) {
            Some(State::Joining { .. }) => true,
            Some(state @ State::Fed) => {
                *state = State::Lost;
                cx.tell(peer, Event::Reconnect { name });
                false
            }
            Some(State::Lost) | None => false,
        }
    }

    /// Passes an answer on to a joining peer. An answer from any but its present parent is dropped:
    /// that one was passed over.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        parent: PeerId,
        joiner: PeerId,
        answer: Arc<str>,
        cx: &mut Context,
    ) {
        let (Some(to), Some(from)) = (self.id(joiner), self.id(parent)) else {
            return;
        };
        if self.tree.parent(to) != Some(from) {
            return;
        }
        let Some(state @ State::Joining { .. }) = self.state(joiner) else {
            return;
        };
        let State::Joining { silent, .. } = std::mem::replace(state, State::Fed) else {
            return;
        };
        cx.forget(joiner);
        cx.tell(joiner, Event::Joined { parent, answer });
        cx.timers.begin(Timer::Ready(joiner), now + READY_AFTER);
        // The offer was good, so the parents that did not answer it are at fault.
        for other in silent {
            self.judge(now, other, |risk| risk.saturating_add(1).min(RISK_MAX), cx);
        }
        self.judge(now, from, |_| 0, cx);
    }

    fn judge(&mut self, now: Instant, id: MemberId, risk: fn(u8) -> u8, cx: &mut Context) {
        let Some(before) = self.tree.capacity(id) else {
            return;
        };
        let after = risk(before.risk);
        if after != before.risk {
            let moves = self.tree.set_capacity(id, capacity(after, cx));
            self.follow(now, moves, cx);
        }
    }

    /// Handles a parent that has not answered for too long.
    pub(super) fn unanswered(&mut self, now: Instant, peer: PeerId, cx: &mut Context) {
        let parent = self.id(peer).and_then(|id| self.tree.parent(id));
        if let (Some(parent), Some(State::Joining { silent, .. })) = (parent, self.state(peer)) {
            silent.push(parent);
            self.ask_another(now, peer, cx);
        }
    }

    /// Sends an offer to a parent that has not left it unanswered.
    pub(super) fn ask_another(&mut self, now: Instant, peer: PeerId, cx: &mut Context) {
        let Some(id) = self.id(peer) else {
            return;
        };
        let Some(state @ State::Joining { .. }) = self.state(peer) else {
            return;
        };
        let State::Joining { silent, .. } = &*state else {
            return;
        };
        let moves = if silent.len() >= ASKED_MAX {
            *state = State::Lost;
            cx.tell(peer, Event::Unanswered);
            self.tree.detach(id)
        } else {
            let silent = silent.clone();
            let moves = self.tree.replace(id, &silent);
            if moves.is_empty() && self.tree.has_waiting() {
                // Others may have the place meanwhile: `follow` puts this peer at the queue's end.
                self.tree.detach(id)
            } else {
                moves
            }
        };
        if moves.is_empty() {
            cx.timers.begin(Timer::Retry(peer), now + RETRY_EVERY);
        }
        self.follow(now, moves, cx);
    }

    /// Notes that a peer should have media by now.
    pub(super) fn ready(&mut self, now: Instant, peer: PeerId, cx: &mut Context) {
        if let Some(id) = self.id(peer) {
            let moves = self.tree.ready(id);
            self.follow(now, moves, cx);
        }
    }

    /// All peers in the broadcast: first those with a place, in the order of the tree.
    pub(super) fn everybody(&self) -> Vec<PeerId> {
        let mut all: Vec<_> = self.tree.placed().map(|(_, _, peer)| *peer).collect();
        let rest = self.members.iter();
        let rest = rest.filter(|(_, member)| !self.tree.is_placed(member.id));
        all.extend(rest.map(|(peer, _)| *peer));
        all
    }

    /// The tree as watchers see it.
    pub(super) fn view(&self) -> Vec<TreeNode> {
        let nodes = self.tree.placed().filter_map(|(depth, _, peer)| {
            let member = self.members.get(peer)?;
            Some(TreeNode {
                depth,
                peer: *peer,
                name: member.name.clone(),
            })
        });
        nodes.collect()
    }

    fn id(&self, peer: PeerId) -> Option<MemberId> {
        self.members.get(&peer).map(|member| member.id)
    }

    fn state(&mut self, peer: PeerId) -> Option<&mut State> {
        self.members.get_mut(&peer).map(|member| &mut member.state)
    }
}

fn capacity(risk: u8, cx: &Context) -> Capacity {
    Capacity {
        children_max: cx.limits.listeners_max,
        region: 0,
        risk,
    }
}
