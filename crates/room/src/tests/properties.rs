//! For any calls in any order, clients know the state of their rooms, and what begins ends.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::client::Client;
use super::commands::{command, name_of};
use super::trial::{Trial, View};
use super::*;

impl Trial {
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.world.now + time;
        while let Some(at) = self.world.rooms.poll_timeout().filter(|at| *at <= end) {
            self.world
                .pass(at.saturating_duration_since(self.world.now));
            self.drain();
        }
        self.world.pass(end - self.world.now);
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.world.rooms.poll_output() {
            match output {
                Output::Deliver { to, events } => {
                    assert!(!to.is_empty() && !events.is_empty() && to.is_sorted());
                    for key in to {
                        let client = self.clients.get_mut(&key).expect("has joined");
                        events.iter().for_each(|event| client.apply(event.clone()));
                    }
                }
                Output::Webhook(event) => self.webhook(event),
                order => self.carry_out(order),
            }
        }
        self.check_views();
    }

    fn webhook(&mut self, event: WebhookEvent) {
        if let WebhookEvent::RoomEnded { room } = &event {
            self.to_all.remove(room);
        }
        if let WebhookEvent::StreamEnded { stream, .. } = &event {
            self.choices.retain(|(_, name, _), _| name != stream);
        }
        self.observer.apply(event);
    }

    fn carry_out(&mut self, order: Output) {
        match order {
            Output::View {
                participant,
                stream,
                kind,
            } => {
                let view = (participant, stream, kind);
                self.settings.remove(&view);
                assert_eq!(self.views.insert(view, TrackSettings::default()), None);
            }
            Output::Drop {
                participant,
                stream,
                kind,
            } => {
                let view = (participant, stream, kind);
                self.settings.remove(&view);
                assert!(self.views.remove(&view).is_some(), "{view:?}");
            }
            Output::TrackSettings {
                participant,
                stream,
                kind,
                settings,
            } => {
                let view = (participant, stream, kind);
                let old = self.views.insert(view, settings);
                assert!(old.is_some_and(|old| old != settings));
            }
            Output::EndStream { participant, .. } => {
                assert!(self.clients.contains_key(&participant));
            }
            Output::EndParticipant { participant } => {
                let views = self.views.keys();
                assert!(views.into_iter().all(|(key, ..)| *key != participant));
                let client = self.clients.get_mut(&participant);
                client.expect("has joined").forget();
            }
            Output::Deliver { .. } | Output::Webhook(_) => unreachable!("sorted out before"),
        }
    }

    /// Asserts that every participant is given exactly the tracks that it wants, with its settings.
    fn check_views(&self) {
        let mut wanted = BTreeSet::new();
        let rooms = &self.world.rooms;
        for (key, client) in self.clients.iter().filter(|(_, c)| !c.is_over()) {
            let streams = rooms.streams(&client.room).expect("the room is there");
            for stream in streams.iter().filter(|s| s.participant != client.id) {
                let views = stream
                    .tracks
                    .iter()
                    .map(|t| (*key, stream.name.clone(), t.kind));
                let wants = |v: &View| self.choices.get(v).copied().unwrap_or(client.auto);
                wanted.extend(views.filter(wants));
            }
        }
        assert_eq!(self.views.keys().cloned().collect::<BTreeSet<_>>(), wanted);
        for (view, settings) in &self.views {
            assert_eq!(
                *settings,
                self.settings.get(view).copied().unwrap_or_default()
            );
        }
    }

    /// Waits until gathered events and counts are delivered, and compares.
    pub(super) fn settle(&mut self) {
        self.pass(COUNTS_INTERVAL + 200 * MS);
        // A participant that a timer has just ended may have changed the counts again.
        while self.world.rooms.context.timers.has_news() {
            self.pass(100 * MS);
        }
        for client in self.clients.values() {
            client.check(&self.world.rooms);
        }
        let present = self.clients.values().filter(|c| !c.is_over()).count();
        assert_eq!(present, self.world.rooms.len(), "nobody is lost");
    }

    fn end(mut self) {
        self.settle();
        for key in self.clients.keys().copied().collect::<Vec<_>>() {
            let now = self.world.now;
            self.world.rooms.lost(now, key);
            self.world.rooms.leave(now, key, EndReason::Left);
            self.drain();
        }
        for stream in 0..16 {
            let now = self.world.now;
            self.world.rooms.set_viewers(now, &name_of(stream), 0);
        }
        // Empty rooms wait no longer than this. All other timers must have been cancelled.
        self.pass(2 * SECOND);
        self.drain();
        assert!(self.clients.values().all(Client::is_over));
        assert!(self.views.is_empty() && self.observer.is_empty());
        assert!(self.world.is_clean(), "{:?}", self.world.rooms);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn clients_agree_with_rooms_and_all_that_begins_ends(
        commands in proptest::collection::vec(command(), 1..200),
    ) {
        let mut trial = Trial::new();
        for command in commands {
            trial.run(command);
        }
        trial.end();
    }
}
