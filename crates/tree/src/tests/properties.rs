//! For any calls in any order, the tree does what the plain model says.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::model::Model;
use super::*;

/// A call on the tree. Numbers choose among the present members.
#[derive(Debug, Clone)]
enum Action {
    Come(Capacity),
    Attach(usize),
    Ready(usize),
    Detach(usize),
    Remove(usize),
    MediaLost(usize),
    Replace(usize, usize),
    SetCapacity(usize, Capacity),
}

fn any_capacity() -> impl Strategy<Value = Capacity> {
    (0..4_u32, 0..3_u16, 0..2_u8).prop_map(|(capacity, region, risk)| Capacity {
        children_max: capacity,
        region,
        risk,
    })
}

fn action() -> impl Strategy<Value = Action> {
    let who = 0..64_usize;
    prop_oneof![
        4 => any_capacity().prop_map(Action::Come),
        4 => who.clone().prop_map(Action::Attach),
        6 => who.clone().prop_map(Action::Ready),
        1 => who.clone().prop_map(Action::Detach),
        1 => who.clone().prop_map(Action::Remove),
        1 => who.clone().prop_map(Action::MediaLost),
        1 => (who.clone(), who.clone()).prop_map(|(who, not)| Action::Replace(who, not)),
        1 => (who, any_capacity()).prop_map(|(who, capacity)| Action::SetCapacity(who, capacity)),
    ]
}

/// The tree, its model, and all members that ever were in them.
struct Trial {
    orphans: Orphans,
    tree: Tree<u64>,
    model: Model,
    /// The present members in the order in which they were added.
    ids: Vec<MemberId>,
    gone: Vec<MemberId>,
}

impl Trial {
    fn new(orphans: Orphans) -> Self {
        let tree = Tree::new(orphans, capacity(2), 0);
        let root = tree.root();
        Self {
            orphans,
            model: Model::new(root, capacity(2)),
            ids: vec![root],
            gone: Vec::new(),
            tree,
        }
    }

    fn who(&self, number: usize) -> MemberId {
        self.ids[number % self.ids.len()]
    }

    fn run(&mut self, action: &Action) {
        match *action {
            Action::Come(capacity) => {
                let id = self.tree.add(capacity, self.ids.len() as u64);
                self.model.add(id, capacity);
                self.ids.push(id);
            }
            Action::Attach(who) => self.attach(self.who(who)),
            Action::Ready(who) => self.ready(self.who(who)),
            Action::Detach(who) => self.detach(self.who(who)),
            Action::Remove(who) => self.remove(self.who(who)),
            Action::MediaLost(who) => self.media_lost(self.who(who)),
            Action::Replace(who, not) => self.replace(self.who(who), self.who(not)),
            Action::SetCapacity(who, capacity) => self.set_capacity(self.who(who), capacity),
        }
        self.check();
    }

    fn attach(&mut self, id: MemberId) {
        let member = self.model.at(id);
        let out = member.parent.is_none() && member.asked.is_none() && id != self.model.root;
        let moves = self.tree.attach(id);
        if out {
            let ticket = self.model.next_ticket();
            self.model.at(id).asked = Some(ticket);
        }
        self.follow(&moves, &BTreeSet::new());
    }

    fn ready(&mut self, id: MemberId) {
        let moves = self.tree.ready(id);
        if self.model.at(id).parent.is_some() || id == self.model.root {
            self.model.at(id).has_media = true;
        }
        self.follow(&moves, &BTreeSet::new());
    }

    fn detach(&mut self, id: MemberId) {
        let moves = self.tree.detach(id);
        let mut lost = BTreeSet::new();
        if id != self.model.root {
            self.model.at(id).asked = None;
            if self.model.at(id).parent.is_some() {
                lost = self.losers(id, self.orphans == Orphans::Dissolve);
                lost.insert(id);
            }
        }
        self.follow(&moves, &lost);
    }

    fn remove(&mut self, id: MemberId) {
        let moves = self.tree.remove(id);
        let mut lost = BTreeSet::new();
        if id != self.model.root {
            lost = self.losers(id, true);
            self.model.at(id).parent = None;
            self.model.at(id).asked = None;
            self.model.at(id).has_media = false;
        }
        self.follow(&moves, &lost);
        if id != self.model.root {
            self.model.members.remove(&id);
            self.ids.retain(|other| *other != id);
            self.gone.push(id);
        }
    }

    fn media_lost(&mut self, id: MemberId) {
        let moves = self.tree.media_lost(id);
        let lost = self.losers(id, true);
        self.model.at(id).has_media = false;
        self.follow(&moves, &lost);
    }

    fn replace(&mut self, id: MemberId, avoided: MemberId) {
        let present = self.model.at(id).parent;
        let better = present.and_then(|present| self.model.best(id, &[avoided, present]));
        let moves = self.tree.replace(id, &[avoided]);
        let mut lost = BTreeSet::new();
        if let Some(parent) = better {
            if self.orphans == Orphans::Dissolve {
                lost = self.losers(id, true);
            }
            let own = moves.iter().find(|told| told.member == id);
            assert_eq!(own.and_then(|told| told.parent), Some(parent));
            let ticket = self.model.next_ticket();
            self.model.place(id, parent, ticket);
        } else {
            assert_eq!(moves, []);
        }
        let others: Vec<_> = moves.into_iter().filter(|told| told.member != id).collect();
        self.follow(&others, &lost);
    }

    fn set_capacity(&mut self, id: MemberId, capacity: Capacity) {
        // The order of the children, youngest last, is taken from the tree: the model has none.
        let children: Vec<_> = self.tree.children(id).collect();
        let moves = self.tree.set_capacity(id, capacity);
        self.model.at(id).capacity = capacity;
        let mut lost = BTreeSet::new();
        for child in children.iter().skip(capacity.children_max as usize) {
            lost.insert(*child);
            if self.orphans == Orphans::Dissolve {
                lost.extend(self.losers(*child, true));
            }
        }
        self.follow(&moves, &lost);
    }

    /// The members that lose their places when `top` leaves or loses its media.
    fn losers(&self, top: MemberId, goes: bool) -> BTreeSet<MemberId> {
        let below = |id: &MemberId| *id != top && self.model.is_below(*id, top);
        match self.orphans {
            _ if !goes => BTreeSet::new(),
            Orphans::Dissolve => self.ids.iter().copied().filter(below).collect(),
            Orphans::KeepSubtrees => self.model.children(top).collect(),
        }
    }

    /// Applies the tree's moves to the model, and asserts that they are right: exactly `lost` lost
    /// their places, and the members that wait get the best places, first come, first served.
    fn follow(&mut self, moves: &[Move], lost: &BTreeSet<MemberId>) {
        let told: BTreeSet<_> = moves.iter().map(|told| told.member).collect();
        assert_eq!(told.len(), moves.len(), "each is told once: {moves:?}");
        let lost_place = moves.iter().filter(|told| told.parent.is_none());
        let lost_place: BTreeSet<_> = lost_place.map(|told| told.member).collect();
        assert_eq!(
            &lost_place, lost,
            "all who lost their place are told, and nobody else"
        );
        for id in lost {
            let member = self.model.at(*id);
            (member.parent, member.has_media) = (None, false);
        }
        for told in moves {
            let Some(parent) = told.parent else { continue };
            assert_eq!(
                Some(told.member),
                self.model.first_waiting(),
                "first come, first served"
            );
            assert_eq!(
                Some(parent),
                self.model.best(told.member, &[]),
                "the best place"
            );
            let ticket = self.model.at(told.member).asked.expect("it waits");
            self.model.place(told.member, parent, ticket);
        }
        if let Some(waits) = self.model.first_waiting() {
            let place = self.model.best(waits, &[]);
            assert_eq!(place, None, "nobody waits while there is a place");
        }
    }

    fn check(&self) {
        assert_eq!(self.tree.member_count(), self.ids.len());
        let mut children = BTreeMap::<MemberId, u32>::new();
        for (id, plain) in &self.model.members {
            assert_eq!(self.tree.parent(*id), plain.parent);
            if let Some(parent) = plain.parent {
                *children.entry(parent).or_default() += 1;
            }
            // Panics when there is a cycle.
            self.model.way(*id);
        }
        for (id, count) in children {
            assert!(count <= self.model.members[&id].capacity.children_max);
            if self.orphans == Orphans::Dissolve {
                assert!(self.model.members[&id].has_media, "a parent has media");
            }
        }
        let placed: Vec<_> = self.tree.placed().collect();
        for (depth, id, _) in &placed {
            let way = self.model.way(*id).expect("it is in the tree");
            assert_eq!(*depth as usize + 1, way.len());
        }
        // A root alone has depth 0.
        let with_media = placed.iter().filter(|(_, id, _)| self.model.is_open(*id));
        let deepest = with_media.map(|(depth, ..)| *depth).max();
        assert_eq!(self.tree.depth(), deepest.unwrap_or_default());
        let on_the_way = self.ids.iter().filter(|id| self.model.way(**id).is_some());
        assert_eq!(
            placed.len(),
            on_the_way.count(),
            "all in the tree are reached"
        );
        assert!(self.gone.iter().all(|id| self.tree.get(*id).is_none()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn tree_agrees_with_a_walk_over_all_members(
        dissolve in any::<bool>(),
        actions in proptest::collection::vec(action(), 1..200),
    ) {
        let orphans = if dissolve { Orphans::Dissolve } else { Orphans::KeepSubtrees };
        let mut trial = Trial::new(orphans);
        for action in &actions {
            trial.run(action);
        }
    }
}
