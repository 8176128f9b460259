//! The index of free places, best first.

use std::collections::{BTreeMap, BTreeSet};

use super::member::{Capacity, Slot};

/// How many levels deeper than the best place a place in the member's own region may be: one more
/// level nearby costs less than a way between regions.
pub const REGION_LEVELS: u32 = 1;

/// A member that can feed one more child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) risk: u8,
    pub(super) depth: u32,
    pub(super) ticket: u64,
    pub(super) slot: Slot,
}

impl Place {
    fn rank(&self) -> (u8, u32, u64, Slot) {
        (self.risk, self.depth, self.ticket, self.slot)
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        #[cfg(test)]
        super::cost::count();
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// All free places, by region. Regions are few; members are many.
#[derive(Debug, Default)]
pub(super) struct Index {
    regions: BTreeMap<u16, BTreeSet<Place>>,
}

impl Index {
    pub(super) fn insert(&mut self, region: u16, place: Place) {
        self.regions.entry(region).or_default().insert(place);
    }

    pub(super) fn remove(&mut self, region: u16, place: &Place) {
        if let Some(places) = self.regions.get_mut(&region) {
            places.remove(place);
            if places.is_empty() {
                self.regions.remove(&region);
            }
        }
    }

    /// The best parent for a member with this capacity, other than those of `avoided`; `None` if
    /// there is no free place.
    pub(super) fn best(&self, capacity: &Capacity, avoided: &[Slot]) -> Option<Slot> {
        let first = |places: &BTreeSet<Place>| {
            let mut places = places.iter();
            places.find(|p| !avoided.contains(&p.slot)).copied()
        };
        let best = self.regions.values().filter_map(first).min()?;
        let near = self.regions.get(&capacity.region).and_then(first);
        let near = near.filter(|p| p.risk <= best.risk && p.depth <= best.depth + REGION_LEVELS);
        Some(near.unwrap_or(best).slot)
    }
}
