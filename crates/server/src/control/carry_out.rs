//! The outputs of the core, carried out.

use room::{EndReason, direct};
use session::{Changed, Fact, Now, Output};
use tokio::sync::watch;

use super::{Control, State};

impl Control {
    /// Carries out all outputs, in their order. A participant that does not take what it is told is
    /// ended, from which more may follow.
    pub(super) fn carry_out(&self, state: &mut State, now: Now) {
        while let Some(output) = state.core.poll_output() {
            match output {
                Output::Command { shard, command } => state.commands.send(shard, command),
                Output::Deliver { to, events } => {
                    for slow in state.outlets.deliver(&to, &events) {
                        state.core.leave(now, slow, EndReason::Slow);
                    }
                }
                Output::Offer { to, offer } => {
                    if let Some(outlet) = state.outlets.get(to) {
                        outlet.offer(offer);
                    }
                }
                Output::PeerLost { to, peer } => {
                    if let Some(outlet) = state.outlets.get(to) {
                        outlet.peer_lost(peer);
                    }
                }
                Output::Layer { to, stream, rid } => {
                    if let Some(outlet) = state.outlets.get(to) {
                        outlet.layer(&stream, rid);
                    }
                }
                Output::ChannelMessage { from, message } => {
                    if let Some(outlet) = state.outlets.get(from) {
                        outlet.channel_message(message);
                    }
                }
                Output::Ended { participant } => state.outlets.close(participant, now.instant),
                Output::Changed(changed) => state.show_changed(changed),
                Output::IceRestarted { session, restarted } => {
                    if let Some(waiting) = state.restarts.remove(&session)
                        && waiting.send(restarted).is_err()
                    {
                        tracing::debug!(?session, "nobody waits for this ICE restart any more");
                    }
                }
                Output::Direct(output) => {
                    if let Some(outlet) = &mut state.peer_to_peer.direct {
                        outlet.send(output);
                    }
                }
                Output::DirectTask(task) => state.direct_task(now, task),
                Output::Tree(output) => {
                    if let Some(outlet) = &mut state.peer_to_peer.trees {
                        outlet.send(output);
                    }
                }
                Output::Fact(fact) => self.tell_fact(&fact, now),
            }
        }
    }

    /// Tells webhooks and the log.
    fn tell_fact(&self, fact: &Fact, now: Now) {
        match fact {
            Fact::Room { topology, event } => {
                self.shared.webhooks.tell(*topology, event, now.unix_ms);
            }
            Fact::PublisherReplaced { stream } => {
                tracing::info!(%stream, "publisher replaced");
            }
            Fact::StreamRefused { stream, why } => {
                tracing::info!(%stream, why, "a stream is refused");
            }
            Fact::LinesFull { stream, .. } => {
                tracing::warn!(%stream, "a participant views as many tracks as it can");
            }
            Fact::NoSubscriberPeer { .. } => {
                tracing::warn!("a participant views nothing: limits.sessions_max is reached");
            }
        }
    }
}

impl State {
    /// Shows followers what has changed.
    fn show_changed(&mut self, changed: Changed) {
        match changed {
            Changed::Stream(stream) => match self.core.stream(&stream) {
                Some(status) => {
                    if let Some(followed) = self.followed.get(&stream) {
                        show(followed, status);
                    }
                }
                None => {
                    self.followed.remove(&stream);
                }
            },
            Changed::Layer(session) => {
                if let Some(followed) = self.layers.get(&session) {
                    show(followed, self.core.layer(session).map(str::to_owned));
                }
            }
            Changed::Ended(session) => {
                self.layers.remove(&session);
                self.restarts.remove(&session);
            }
        }
    }
}

/// Shows followers a value; those that know it are not woken.
fn show<T: PartialEq>(followed: &watch::Sender<T>, now: T) {
    followed.send_if_modified(|present| {
        let changed = *present != now;
        *present = now;
        changed
    });
}

impl State {
    /// Has a task of a room from a host to viewers carried out.
    pub(super) fn direct_task(&mut self, now: Now, task: direct::Task) {
        let outlet = self.peer_to_peer.direct.as_mut();
        if let Some(leaving) = outlet.and_then(|outlet| outlet.task(task)) {
            self.core.leave(now, leaving, EndReason::Left);
        }
    }
}
