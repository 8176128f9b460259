//! Rooms whose media goes from browser to browser. Their clients speak to the server for signalling
//! alone, so they have no sessions: the rooms' own state machines are all there is to them.

use room::{Topology, WebhookEvent, direct, peer_tree};

use crate::core::Core;
use crate::now::Now;
use crate::output::{Fact, Output};

impl Core {
    /// Does something in the rooms from a host to viewers, and then what follows from it.
    pub fn in_direct<T>(&mut self, now: Now, act: impl FnOnce(&mut direct::Rooms) -> T) -> T {
        let result = act(&mut self.direct);
        self.settle_direct(now);
        result
    }

    /// Does something in the broadcasts over trees of browsers, and then what follows from it.
    pub fn in_trees<T>(
        &mut self,
        now: Now,
        act: impl FnOnce(&mut peer_tree::Broadcasts) -> T,
    ) -> T {
        let result = act(&mut self.trees);
        self.settle_trees(now);
        result
    }

    pub(crate) fn settle_direct(&mut self, now: Now) {
        while let Some(output) = self.direct.poll_output() {
            self.outputs.push_back(Output::Direct(output));
        }
        while let Some(task) = self.direct.poll_task() {
            self.outputs.push_back(Output::DirectTask(task));
        }
        while let Some(event) = self.direct.poll_webhook_event() {
            self.tell(now, Topology::Direct, event);
        }
    }

    pub(crate) fn settle_trees(&mut self, now: Now) {
        while let Some(output) = self.trees.poll_output() {
            self.outputs.push_back(Output::Tree(output));
        }
        while let Some(event) = self.trees.poll_webhook_event() {
            self.tell(now, Topology::Tree, event);
        }
    }

    /// These rooms know no time of day.
    fn tell(&mut self, now: Now, topology: Topology, mut event: WebhookEvent) {
        if let WebhookEvent::ParticipantJoined { participant, .. } = &mut event {
            participant.joined_at = now.unix_ms;
        }
        self.fact(Fact::Room { topology, event });
    }
}
