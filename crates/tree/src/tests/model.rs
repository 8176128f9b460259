//! The same tree without index and links: each question walks over all members.

use std::collections::BTreeMap;

use super::*;

#[derive(Debug, Clone)]
pub(super) struct Plain {
    pub(super) capacity: Capacity,
    pub(super) parent: Option<MemberId>,
    pub(super) has_media: bool,
    /// The ticket with which it waits for a place.
    pub(super) asked: Option<u64>,
    /// The ticket with which it got its place.
    ticket: u64,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) root: MemberId,
    pub(super) members: BTreeMap<MemberId, Plain>,
    tickets: u64,
}

impl Model {
    pub(super) fn new(root: MemberId, capacity: Capacity) -> Self {
        let mut model = Self {
            root,
            members: BTreeMap::new(),
            tickets: 0,
        };
        model.add(root, capacity);
        model.at(root).has_media = true;
        model
    }

    pub(super) fn add(&mut self, id: MemberId, capacity: Capacity) {
        let plain = Plain {
            capacity,
            parent: None,
            has_media: false,
            asked: None,
            ticket: 0,
        };
        assert!(self.members.insert(id, plain).is_none(), "ids are unique");
    }

    pub(super) fn at(&mut self, id: MemberId) -> &mut Plain {
        self.members.get_mut(&id).expect("a member")
    }

    pub(super) fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Whether a member and all between it and the root have media.
    pub(super) fn is_open(&self, id: MemberId) -> bool {
        let way = self.way(id).unwrap_or_default();
        !way.is_empty() && way.iter().all(|id| self.members[id].has_media)
    }

    /// The path to the root; `None` if it ends before the root. Panics on a cycle.
    pub(super) fn way(&self, id: MemberId) -> Option<Vec<MemberId>> {
        let mut way = vec![id];
        let mut at = id;
        while at != self.root {
            at = self.members[&at].parent?;
            assert!(!way.contains(&at), "a cycle: {way:?}");
            way.push(at);
        }
        Some(way)
    }

    pub(super) fn children(&self, id: MemberId) -> impl Iterator<Item = MemberId> {
        let of = move |(_, member): &(&MemberId, &Plain)| member.parent == Some(id);
        self.members.iter().filter(of).map(|(id, _)| *id)
    }

    pub(super) fn is_below(&self, id: MemberId, top: MemberId) -> bool {
        let mut at = Some(id);
        while let Some(id) = at {
            if id == top {
                return true;
            }
            at = self.members[&id].parent;
        }
        false
    }

    /// The best parent for a member.
    pub(super) fn best(&self, id: MemberId, avoided: &[MemberId]) -> Option<MemberId> {
        let places = self.members.iter().filter_map(|(at, member)| {
            let way = self.way(*at)?;
            let fed = way.iter().all(|on| self.members[on].has_media);
            let free = self.children(*at).count() < member.capacity.children_max as usize;
            let allowed = !avoided.contains(at) && !self.is_below(*at, id);
            let rank = (member.capacity.risk, way.len(), member.ticket, *at);
            (fed && free && allowed).then_some((rank, member.capacity.region))
        });
        let places: Vec<_> = places.collect();
        let (best, _) = places.iter().min()?;
        let region = self.members[&id].capacity.region;
        let near = places.iter().filter(|(_, of)| *of == region).min();
        let near =
            near.filter(|(rank, _)| rank.0 <= best.0 && rank.1 <= best.1 + REGION_LEVELS as usize);
        Some(near.map_or(*best, |(rank, _)| *rank).3)
    }

    pub(super) fn place(&mut self, id: MemberId, parent: MemberId, ticket: u64) {
        let member = self.at(id);
        (member.parent, member.ticket, member.asked) = (Some(parent), ticket, None);
    }

    pub(super) fn first_waiting(&self) -> Option<MemberId> {
        let asked = self
            .members
            .iter()
            .filter_map(|(id, m)| Some((m.asked?, *id)));
        asked.min().map(|(_, id)| id)
    }
}
