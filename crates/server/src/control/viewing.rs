//! What one participant is shown over its viewing peer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use broadcast::registry::Registry;
use broadcast::room::{self, TrackSettings};
use broadcast::{SessionId, StreamName};
use rtc::{Agreed, Negotiator, OfferError, OutgoingTrack, Peer};
use rtp::{Bitrate, Kind};
use shard::{Command, LineSubscription, StreamId};
use signaling::dialect::headwater::{Event, Line};

use super::random;

/// A track of somebody's stream.
pub(super) type Viewed = (StreamName, Kind);

/// A viewing peer: the server offers, the participant answers.
#[derive(Debug)]
pub(super) struct Viewing {
    pub(super) session: SessionId,
    pub(super) shard: usize,
    negotiator: Negotiator,
    /// What its peer is made from, until the first answer.
    unconnected: Option<(rtc::Config, Bitrate)>,
    /// Of the last offer.
    number: u32,
    carried: Carried,
    settings: BTreeMap<Viewed, TrackSettings>,
}

/// What the lines to one participant carry.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Each, or what it will with the next offer.
    lines: BTreeMap<usize, Viewed>,
    /// Those on which the last answer lets media come.
    open: BTreeSet<usize>,
}

impl Carried {
    pub(super) fn has(&self, viewed: &Viewed) -> bool {
        self.lines.values().any(|carried| carried == viewed)
    }

    pub(super) fn add(&mut self, line: usize, viewed: Viewed) {
        self.lines.insert(line, viewed);
    }

    /// Takes a track off its line.
    pub(super) fn remove(&mut self, viewed: &Viewed) -> Option<usize> {
        let line = self.line(viewed)?;
        self.lines.remove(&line);
        // What takes its place has to be told of first.
        self.open.remove(&line);
        Some(line)
    }

    pub(super) fn line(&self, viewed: &Viewed) -> Option<usize> {
        let mut lines = self.lines.iter();
        lines.find_map(|(line, carried)| (carried == viewed).then_some(*line))
    }

    /// Whether some track of a stream is shown.
    pub(super) fn shows(&self, stream: &StreamName) -> bool {
        self.lines.values().any(|(shown, _)| shown == stream)
    }

    /// Takes note of what was agreed. Returns the lines on which media may come since now.
    pub(super) fn agree(&mut self, agreed: &Agreed) -> Vec<usize> {
        let open = agreed.lines.iter().filter(|line| line.sends());
        let open: BTreeSet<usize> = open.map(|line| line.index).collect();
        let before = std::mem::replace(&mut self.open, open);
        self.open.difference(&before).copied().collect()
    }

    /// What a shard is to send on the lines on which it may.
    pub(super) fn line_subscriptions(&self, registry: &Registry) -> Vec<LineSubscription> {
        let open = self.lines.iter();
        let open = open.filter(|(line, _)| self.open.contains(line));
        let lines = open.filter_map(|(line, (stream, kind))| {
            let (id, origin) = registry.location(stream)?;
            Some(LineSubscription {
                line: *line,
                stream: StreamId(id),
                origin,
                kind: *kind,
                first_seq: random::<2>() as u16,
            })
        });
        lines.collect()
    }
}

impl Viewing {
    /// With nothing to show yet. `number` is that of the last offer that a predecessor made.
    pub(super) fn new(
        session: SessionId,
        shard: usize,
        config: rtc::Config,
        estimate: Bitrate,
        number: u32,
    ) -> Self {
        Self {
            session,
            shard,
            negotiator: Negotiator::new(&config, rtc::Role::Subscriber),
            unconnected: Some((config, estimate)),
            number,
            carried: Carried::default(),
            settings: BTreeMap::new(),
        }
    }

    /// The number of the last offer.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// What is shown, or will be.
    pub(super) fn viewed(&self) -> impl Iterator<Item = &Viewed> {
        self.carried.lines.values()
    }

    /// The participant wants these tracks otherwise than usual.
    pub(super) fn settings(&self) -> &BTreeMap<Viewed, TrackSettings> {
        &self.settings
    }

    /// A track is to be shown.
    pub(super) fn view(&mut self, now: Instant, viewed: Viewed, registry: &mut Registry) {
        if self.carried.has(&viewed) {
            return;
        }
        let stream = &viewed.0;
        let Some(line) = self.negotiator.add(outgoing(&viewed, registry)) else {
            return tracing::warn!(%stream, "a participant views as many tracks as it can");
        };
        registry.view(now, self.session, stream);
        self.carried.add(line, viewed);
    }

    /// A track is shown no more. Returns what the shard is to be told.
    pub(super) fn hide(
        &mut self,
        now: Instant,
        viewed: &Viewed,
        registry: &mut Registry,
    ) -> Option<Command> {
        self.settings.remove(viewed);
        let line = self.carried.remove(viewed)?;
        self.negotiator.remove(line);
        let command = self.set_subscriptions(None, registry);
        // What else of the stream is shown still needs it.
        if !self.carried.shows(&viewed.0) {
            registry.detach(now, self.session, &viewed.0);
        }
        self.unconnected.is_none().then_some(command)
    }

    /// How a track is to come. Returns what the shard is to be told.
    pub(super) fn set_settings(
        &mut self,
        viewed: Viewed,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Option<Command> {
        let line = self.carried.line(&viewed);
        let command = line.map(|line| self.track_settings(line, settings, stream));
        self.settings.insert(viewed, settings);
        command.filter(|_| self.unconnected.is_none())
    }

    fn track_settings(
        &self,
        line: usize,
        settings: TrackSettings,
        stream: Option<&room::Stream>,
    ) -> Command {
        Command::TrackSettings {
            session: self.session,
            line,
            paused: settings.paused,
            rid_max: stream.and_then(|stream| rid_max(stream, settings)),
        }
    }

    /// ICE is to begin anew.
    pub(super) fn restart(&mut self) {
        self.negotiator.restart();
    }

    /// The next offer, when there is something to tell and no other waits for its answer.
    pub(super) fn offer(&mut self) -> Option<Event> {
        let sdp = self.negotiator.offer()?;
        self.number += 1;
        let line = |(line, (stream, kind)): (&usize, &Viewed)| Line {
            mid: self.negotiator.mid(*line).unwrap_or_default().to_owned(),
            stream: stream.to_string(),
            kind: (*kind).into(),
        };
        Some(Event::Offer {
            number: self.number,
            sdp,
            lines: self.carried.lines.iter().map(line).collect(),
        })
    }

    /// Takes the answer to the last offer. Returns what the shard is to be told.
    pub(super) fn answer<'a>(
        &mut self,
        answer: &sdp::Description,
        registry: &Registry,
        stream: impl Fn(&StreamName) -> Option<&'a room::Stream>,
    ) -> Result<Vec<Command>, OfferError> {
        let agreed = self.negotiator.answered(answer)?;
        let begun = self.carried.agree(&agreed);
        let mut commands = match self.unconnected.take() {
            Some((config, estimate)) => {
                let peer = Peer::new(&config, agreed, Some(estimate), Instant::now())?;
                let (session, peer) = (self.session, Box::new(peer));
                vec![
                    Command::View { session, peer },
                    self.set_subscriptions(None, registry),
                ]
            }
            None => vec![self.set_subscriptions(Some(Box::new(agreed)), registry)],
        };
        for line in begun {
            let Some(viewed) = self.carried.lines.get(&line) else {
                continue;
            };
            if let Some(settings) = self.settings.get(viewed) {
                commands.push(self.track_settings(line, *settings, stream(&viewed.0)));
            }
        }
        Ok(commands)
    }

    fn set_subscriptions(&self, agreed: Option<Box<Agreed>>, registry: &Registry) -> Command {
        Command::SetSubscriptions {
            session: self.session,
            agreed,
            lines: self.carried.line_subscriptions(registry),
        }
    }
}

/// How a track is offered to who is to see it.
pub(super) fn outgoing((stream, kind): &Viewed, registry: &Registry) -> OutgoingTrack {
    OutgoingTrack {
        kind: *kind,
        // Unreserved characters and a slash, of which `a=msid` takes all but the slash.
        stream: stream.as_str().replace('/', "|"),
        track: format!("{kind}"),
        formats: match kind {
            Kind::Audio => Vec::new(),
            Kind::Video => registry.formats(stream),
        },
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
