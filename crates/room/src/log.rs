use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Event, ParticipantKey};

/// The events of a room that some participant has yet to get, and each participant's position.
///
/// Positions count all events of the room's life. An event that all readers have got is dropped.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The position of the first entry.
    first: u64,
    entries: VecDeque<Event>,
    /// The position of the next event that each reader gets.
    positions: BTreeMap<ParticipantKey, u64>,
    /// The readers at each position; no set is empty.
    readers: BTreeMap<u64, BTreeSet<ParticipantKey>>,
}

/// The same events for some readers.
pub(super) type Part = (Vec<ParticipantKey>, Arc<[Event]>);

impl Log {
    /// Appends an event.
    pub(super) fn push(&mut self, event: Event) {
        self.entries.push_back(event);
    }

    /// The number of events that some reader has yet to get.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a reader that gets what is pushed from now on.
    pub(super) fn add(&mut self, reader: ParticipantKey) {
        self.place(reader, self.end());
    }

    /// Removes a reader. It does not get the events that it has yet to get.
    pub(super) fn remove(&mut self, reader: ParticipantKey) {
        self.take(reader);
        self.trim();
    }

    /// Returns the events that each reader has yet to get, and moves all readers to the end.
    /// Readers at the same position share a part.
    pub(super) fn flush(&mut self) -> Vec<Part> {
        let end = self.end();
        let mut current = self.readers.remove(&end).unwrap_or_default();
        let mut parts = Vec::new();
        for (position, mut readers) in std::mem::take(&mut self.readers) {
            for reader in &readers {
                self.positions.insert(*reader, end);
            }
            let to = readers.iter().copied().collect();
            parts.push((to, self.since(position)));
            current.append(&mut readers);
        }
        if !current.is_empty() {
            self.readers.insert(end, current);
        }
        self.trim();
        parts
    }

    /// Returns the events that one reader has yet to get, and moves it to the end; `None` if there
    /// are none.
    pub(super) fn flush_one(&mut self, reader: ParticipantKey) -> Option<Part> {
        let end = self.end();
        let position = self.take(reader)?;
        self.place(reader, end);
        let part = (position < end).then(|| (vec![reader], self.since(position)));
        self.trim();
        part
    }

    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn since(&self, position: u64) -> Arc<[Event]> {
        let got = position.saturating_sub(self.first) as usize;
        self.entries.range(got..).cloned().collect()
    }

    fn place(&mut self, reader: ParticipantKey, position: u64) {
        self.positions.insert(reader, position);
        self.readers.entry(position).or_default().insert(reader);
    }

    fn take(&mut self, reader: ParticipantKey) -> Option<u64> {
        let position = self.positions.remove(&reader)?;
        let readers = self.readers.get_mut(&position)?;
        readers.remove(&reader);
        if readers.is_empty() {
            self.readers.remove(&position);
        }
        Some(position)
    }

    /// Drops the events that all readers have got.
    fn trim(&mut self) {
        let needed = self.readers.keys().next().copied();
        let got = needed.unwrap_or(self.end()) - self.first;
        self.entries.drain(..got as usize);
        self.first += got;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys<const N: usize>(keys: [u64; N]) -> Vec<ParticipantKey> {
        keys.map(ParticipantKey).to_vec()
    }

    fn add<const N: usize>(log: &mut Log, readers: [u64; N]) {
        keys(readers).into_iter().for_each(|key| log.add(key));
    }

    fn event() -> Event {
        Event::Speakers(Vec::new())
    }

    fn lengths(parts: &[Part]) -> Vec<(Vec<ParticipantKey>, usize)> {
        let length = |(to, events): &Part| (to.clone(), events.len());
        parts.iter().map(length).collect()
    }

    #[test]
    fn readers_at_one_position_share_a_part() {
        let mut log = Log::default();
        add(&mut log, [1, 2]);
        log.push(event());
        log.add(ParticipantKey(3));
        log.push(event());
        log.add(ParticipantKey(4));
        let parts = log.flush();
        assert_eq!(lengths(&parts), [(keys([1, 2]), 2), (keys([3]), 1)]);
        assert_eq!((log.len(), log.flush().len()), (0, 0));
    }

    #[test]
    fn reader_flushed_alone_does_not_get_events_again() {
        let mut log = Log::default();
        add(&mut log, [1, 2]);
        log.push(event());
        let part = log.flush_one(ParticipantKey(1));
        assert_eq!(lengths(part.as_slice()), [(keys([1]), 1)]);
        assert_eq!(log.flush_one(ParticipantKey(1)), None);
        log.push(event());
        let parts = log.flush();
        assert_eq!(lengths(&parts), [(keys([2]), 2), (keys([1]), 1)]);
    }

    #[test]
    fn events_that_all_readers_have_are_dropped() {
        let mut log = Log::default();
        add(&mut log, [1, 2]);
        (0..3).for_each(|_| log.push(event()));
        log.flush_one(ParticipantKey(2));
        assert_eq!(log.len(), 3);
        log.remove(ParticipantKey(1));
        assert_eq!(log.len(), 0);
        log.remove(ParticipantKey(2));
        log.push(event());
        log.flush();
        assert_eq!(log.len(), 0);
        assert!(log.positions.is_empty() && log.readers.is_empty());
    }
}
