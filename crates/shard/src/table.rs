use std::marker::PhantomData;

use slab::Slab;

/// A peer of this shard. Another may have the key of one that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PeerKey(u32);

/// A stream that this shard publishes or views. Another may have the key of one that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamKey(u32);

/// The position of an entry in a [`Table`].
pub(crate) trait Key: Copy {
    fn new(index: u32) -> Self;

    fn index(self) -> u32;
}

impl Key for PeerKey {
    fn new(index: u32) -> Self {
        Self(index)
    }

    fn index(self) -> u32 {
        self.0
    }
}

impl Key for StreamKey {
    fn new(index: u32) -> Self {
        Self(index)
    }

    fn index(self) -> u32 {
        self.0
    }
}

/// A slab with keys of a type of its own, so that those of two tables cannot be mixed up.
#[derive(Debug)]
pub(crate) struct Table<K, T> {
    entries: Slab<T>,
    keys: PhantomData<K>,
}

impl<K: Key, T> Table<K, T> {
    pub(crate) fn new() -> Self {
        Self {
            entries: Slab::new(),
            keys: PhantomData,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds an entry; of 2³² the memory of no server has room.
    pub(crate) fn insert(&mut self, entry: T) -> K {
        K::new(self.entries.insert(entry) as u32)
    }

    pub(crate) fn get(&self, key: K) -> Option<&T> {
        self.entries.get(key.index() as usize)
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut T> {
        self.entries.get_mut(key.index() as usize)
    }

    pub(crate) fn try_remove(&mut self, key: K) -> Option<T> {
        self.entries.try_remove(key.index() as usize)
    }

    /// Removes an entry that is there.
    pub(crate) fn remove(&mut self, key: K) -> T {
        self.entries.remove(key.index() as usize)
    }

    /// All entries, in the order of their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, &T)> {
        let entries = self.entries.iter();
        entries.map(|(index, entry)| (K::new(index as u32), entry))
    }

    /// The same, to change them.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut T)> {
        let entries = self.entries.iter_mut();
        entries.map(|(index, entry)| (K::new(index as u32), entry))
    }
}
