//! Sends the periodic messages.

use std::time::Instant;

use super::pushes::{Pushes, next};
use super::{Event, Rooms};

impl Rooms {
    /// Sends the list or the counts, if they are due.
    pub(super) fn push(&mut self, now: Instant) {
        match self.pushes {
            Pushes::Rooms(at) if at <= now => {
                self.push_rooms();
                self.pushes = Pushes::Counts(next(at, now));
            }
            Pushes::Counts(at) if at <= now => {
                self.push_counts();
                self.pushes = Pushes::Rooms(next(at, now));
            }
            _ => {}
        }
    }

    fn push_rooms(&mut self) {
        let names = self.rooms.values().map(|room| room.name.clone()).collect();
        let everybody = self.clients.keys().copied().collect();
        self.tell_all(everybody, Event::Rooms(names));
    }

    fn push_counts(&mut self) {
        let counts = self
            .rooms
            .values()
            .map(|room| (room.everybody(), Event::Count(room.viewers.len() + 1)));
        for (to, count) in counts.collect::<Vec<_>>() {
            self.tell_all(to, count);
        }
    }
}
