//! What both kinds of peer have in common over which a participant is shown tracks.

use contract::Command;
use model::{SessionId, ShardId};
use rtc::{Agreed, LineIndex, Negotiator, OutgoingTrack, Peer};
use rtp::Bitrate;

use super::shown_tracks::{ShownTracks, Track};
use crate::error::Error;
use crate::now::Now;
use crate::random::Random;
use crate::registry::Registry;

/// Where the bandwidth estimation of a viewer begins: enough for a middle layer, and probing
/// from here reaches tens of megabits within half a second.
pub(crate) const ESTIMATE_INITIAL: Bitrate = Bitrate::mbps(2);

/// A peer over which a participant is shown tracks, whatever else it carries.
#[derive(Debug)]
pub(crate) struct ShowingPeer {
    pub(crate) session: SessionId,
    pub(crate) shard: ShardId,
    pub(crate) negotiator: Negotiator,
    /// What its peer is made from, until the participant's first description.
    unconnected: Option<rtc::Config>,
    /// Of the server's last offer.
    pub(crate) number: u32,
    pub(crate) shown: ShownTracks,
}

/// What a participant has agreed to.
#[derive(Debug)]
pub(crate) struct Showing {
    /// The lines on which media may come since now.
    pub(crate) begun: Vec<LineIndex>,
    /// What the shard is to be told.
    pub(crate) commands: Vec<Command>,
}

impl ShowingPeer {
    /// A peer that shows nothing yet. `number` is that of the last offer of its predecessor.
    pub(crate) fn new(
        session: SessionId,
        shard: ShardId,
        config: &rtc::Config,
        role: rtc::Role,
        number: u32,
    ) -> Self {
        Self {
            session,
            shard,
            negotiator: Negotiator::new(config, role),
            unconnected: Some(config.clone()),
            number,
            shown: ShownTracks::default(),
        }
    }

    /// Whether the participant has described itself, so that the shard has the peer.
    pub(crate) fn is_on_shard(&self) -> bool {
        self.unconnected.is_none()
    }

    /// The next offer, when there is something to tell and no other waits for its answer.
    pub(crate) fn offer(&mut self) -> Option<String> {
        let sdp = self.negotiator.offer()?;
        self.number += 1;
        Some(sdp)
    }

    /// Adds a track that is not shown yet. `None` when there are as many as a peer can carry.
    pub(crate) fn view(
        &mut self,
        now: Now,
        track: Track,
        offered: OutgoingTrack,
        registry: &mut Registry,
    ) -> Option<LineIndex> {
        let line = self.negotiator.add(offered)?;
        registry.attach_viewer(now.instant, self.session, &track.stream);
        self.shown.add(line, track);
        Some(line)
    }

    /// A track is shown no more. Returns what the shard is to be told.
    pub(crate) fn hide(
        &mut self,
        now: Now,
        track: &Track,
        registry: &mut Registry,
        random: &mut dyn Random,
    ) -> Option<(ShardId, Command)> {
        let line = self.shown.remove(track)?;
        self.negotiator.remove(line);
        let command = self.set_subscriptions(None, registry, random);
        // What else of the stream is shown still needs it.
        if !self.shown.shows(&track.stream) {
            registry.detach(now.instant, self.session, &track.stream);
        }
        self.is_on_shard().then_some((self.shard, command))
    }

    /// Takes what was agreed; with the first of it, the shard gets the peer.
    pub(crate) fn agree(
        &mut self,
        now: Now,
        agreed: Agreed,
        registry: &Registry,
        random: &mut dyn Random,
    ) -> Result<Showing, Error> {
        let begun = self.shown.agree(&agreed);
        let commands = match self.unconnected.take() {
            Some(config) => {
                let peer = Peer::new(&config, agreed, Some(ESTIMATE_INITIAL), now.instant)?;
                let (session, peer) = (self.session, Box::new(peer));
                vec![
                    Command::View { session, peer },
                    self.set_subscriptions(None, registry, random),
                ]
            }
            None => vec![self.set_subscriptions(Some(agreed), registry, random)],
        };
        Ok(Showing { begun, commands })
    }

    fn set_subscriptions(
        &self,
        agreed: Option<Agreed>,
        registry: &Registry,
        random: &mut dyn Random,
    ) -> Command {
        Command::SetSubscriptions {
            session: self.session,
            agreed: agreed.map(Box::new),
            lines: self.shown.subscriptions(registry, random),
        }
    }
}
