//! The peer of all that a participant is shown: the server offers.

use std::collections::BTreeMap;

use contract::Command;
use model::{SessionId, ShardId, StreamName};
use room::TrackSettings;
use rtc::LineIndex;
use rtp::Kind;

use super::showing::ShowingPeer;
use super::shown_tracks::{Track, outgoing};
use crate::error::Error;
use crate::now::Now;
use crate::output::{Offer, OfferedLine};
use crate::random::Random;
use crate::registry::Registry;

/// A subscriber peer.
#[derive(Debug)]
pub(crate) struct SubscriberPeer {
    pub(crate) showing: ShowingPeer,
    pub(crate) settings: BTreeMap<Track, TrackSettings>,
}

impl SubscriberPeer {
    /// A peer that shows nothing yet. `number` is that of the last offer of its predecessor.
    pub(crate) fn new(
        session: SessionId,
        shard: ShardId,
        config: &rtc::Config,
        number: u32,
    ) -> Self {
        let role = rtc::Role::Subscriber;
        Self {
            showing: ShowingPeer::new(session, shard, config, role, number),
            settings: BTreeMap::new(),
        }
    }

    pub(crate) fn session(&self) -> SessionId {
        self.showing.session
    }

    /// A track is to be shown. False when there are as many as a peer can carry.
    pub(crate) fn view(&mut self, now: Now, track: Track, registry: &mut Registry) -> bool {
        if self.showing.shown.has(&track) {
            return true;
        }
        let offered = outgoing(&track, registry);
        self.showing.view(now, track, offered, registry).is_some()
    }

    /// Forgets what is known of a track that is shown no more. Returns what shows it.
    pub(crate) fn forget(&mut self, track: &Track) -> &mut ShowingPeer {
        self.settings.remove(track);
        &mut self.showing
    }

    /// How a track is to come. Returns what a shard is to be told.
    pub(crate) fn set_track_settings(
        &mut self,
        track: Track,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Option<(ShardId, Command)> {
        let line = self.showing.shown.line(&track);
        let command = line.map(|line| self.track_settings(line, settings, stream));
        self.settings.insert(track, settings);
        let command = command.filter(|_| self.showing.is_on_shard())?;
        Some((self.showing.shard, command))
    }

    fn track_settings(
        &self,
        line: LineIndex,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Command {
        Command::TrackSettings {
            session: self.showing.session,
            line,
            paused: settings.paused,
            rid_max: stream.and_then(|stream| rid_max(stream, settings)),
        }
    }

    /// The next offer, when there is something to tell and no other waits for its answer.
    pub(crate) fn offer(&mut self) -> Option<Offer> {
        let showing = &mut self.showing;
        let sdp = showing.offer()?;
        let line = |(line, track): (LineIndex, &Track)| OfferedLine {
            mid: showing.negotiator.mid(line).unwrap_or_default().to_owned(),
            stream: track.stream.clone(),
            kind: track.kind,
        };
        Some(Offer {
            number: showing.number,
            sdp,
            lines: showing.shown.iter().map(line).collect(),
        })
    }

    /// Takes the answer to the last offer. Returns what the shard is to be told.
    pub(crate) fn answer<'a>(
        &mut self,
        now: Now,
        answer: &sdp::Description,
        registry: &Registry,
        random: &mut dyn Random,
        stream: impl Fn(&StreamName) -> Option<&'a room::Stream>,
    ) -> Result<Vec<Command>, Error> {
        let agreed = self.showing.negotiator.answered(answer)?;
        let showing = self.showing.agree(now, agreed, registry, random)?;
        let mut commands = showing.commands;
        // Settings that came before the track could.
        for line in showing.begun {
            let track = self.showing.shown.track(line);
            if let Some((track, settings)) = track.and_then(|t| self.settings.get_key_value(t)) {
                commands.push(self.track_settings(line, *settings, stream(&track.stream)));
            }
        }
        Ok(commands)
    }
}

/// The smallest layer that is as large as the video is shown; `None` when all may be of use, or
/// their sizes are not known.
fn rid_max(stream: &room::Stream, settings: TrackSettings) -> Option<String> {
    if settings.width == 0 && settings.height == 0 {
        return None;
    }
    let video = stream.tracks.iter().find(|t| t.kind == Kind::Video)?;
    let known = |layer: &&room::Layer| layer.width > 0 && layer.height > 0;
    let large =
        |layer: &&room::Layer| layer.width >= settings.width && layer.height >= settings.height;
    let mut layers = video.layers.iter().filter(known);
    layers.find(large).map(|layer| layer.rid.clone())
}
