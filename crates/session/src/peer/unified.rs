//! The one peer of a participant over which it publishes and is shown streams: both sides offer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::{SessionId, ShardId, StreamName};
use room::ParticipantId;
use rtc::{LineIndex, SentTrack};

use super::showing::ShowingPeer;
use super::shown_tracks::{Track, outgoing};
use super::unified_streams::may_be_passed;
use crate::now::Now;
use crate::output::Offer;
use crate::registry::Registry;

/// Descriptions of one participant in a second, on average and at once: each is a command to a
/// shard.
const DESCRIPTIONS_PER_SECOND: u32 = 10;
const DESCRIPTIONS_AT_ONCE: u32 = 30;

/// How a participant with a unified peer takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnifiedOptions {
    /// The name under which it is shown all streams, with tracks `audio` and `video`; `None`: the
    /// names that their publishers gave them.
    pub stream_name: Option<&'static str>,
    /// As long as it has been offered fewer m-lines, each track that it is shown gets a new one.
    /// Then those are used again whose tracks have gone.
    pub new_lines: usize,
}

/// A unified peer.
#[derive(Debug)]
pub(crate) struct UnifiedPeer {
    pub(crate) showing: ShowingPeer,
    /// The server's offer comes first.
    pub(crate) is_asking: bool,
    /// What the participant publishes.
    pub(crate) published: BTreeMap<StreamName, Vec<SentTrack>>,
    /// Whose track is on each line, and under which names of stream and track it was offered.
    pub(crate) names: BTreeMap<LineIndex, (ParticipantId, (String, String))>,
    /// See [`UnifiedOptions::stream_name`].
    stream_name: Option<&'static str>,
    pub(crate) pace: Pace,
}

/// How often a participant describes itself.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When as many descriptions as have come would have come at an even pace.
    even: Option<Instant>,
}

impl Pace {
    /// Takes one more. Returns how long it has to wait.
    pub(crate) fn take(&mut self, now: Instant) -> Duration {
        let interval = Duration::from_secs(1) / DESCRIPTIONS_PER_SECOND;
        let even = self.even.map_or(now, |even| even.max(now)) + interval;
        self.even = Some(even);
        let ahead = even.saturating_duration_since(now);
        ahead.saturating_sub(interval * DESCRIPTIONS_AT_ONCE)
    }
}

impl UnifiedPeer {
    /// A peer that was not described yet.
    pub(crate) fn new(
        session: SessionId,
        shard: ShardId,
        config: &rtc::Config,
        options: UnifiedOptions,
    ) -> Self {
        let role = rtc::Role::Unified {
            new_lines: options.new_lines,
        };
        Self {
            showing: ShowingPeer::new(session, shard, config, role, 0),
            is_asking: false,
            published: BTreeMap::new(),
            names: BTreeMap::new(),
            stream_name: options.stream_name,
            pace: Pace::default(),
        }
    }

    pub(crate) fn session(&self) -> SessionId {
        self.showing.session
    }

    /// The next offer, if it is time for one.
    pub(crate) fn offer(&mut self) -> Option<Offer> {
        // Unless the server asks, the participant offers first.
        if !self.showing.is_on_shard() && !self.is_asking {
            return None;
        }
        let sdp = self.showing.offer()?;
        Some(Offer {
            number: self.showing.number,
            sdp,
            // Participants with such a peer know tracks by the names in the SDP.
            lines: Vec::new(),
        })
    }

    /// A track is to be shown. `publisher` is the participant that publishes it, with the names
    /// that it gave the track. False when there are as many as a peer can carry.
    pub(crate) fn view(
        &mut self,
        now: Now,
        track: Track,
        publisher: Option<(ParticipantId, Option<SentTrack>)>,
        registry: &mut Registry,
    ) -> bool {
        if self.showing.shown.has(&track) {
            return true;
        }
        let mut offered = outgoing(&track, registry);
        if let Some(name) = self.stream_name {
            name.clone_into(&mut offered.stream);
        } else if let Some((publisher, sent)) = &publisher {
            let msid = sent.as_ref().map(|sent| &sent.msid);
            if let Some((stream, name)) = msid.filter(|msid| may_be_passed(msid)) {
                (offered.stream, offered.track) = (stream.clone(), name.clone());
            }
            // Two may call theirs alike, and have no stream in common.
            let mut others = self.names.values();
            if others.any(|(other, (stream, _))| *stream == offered.stream && other != publisher) {
                offered.stream = format!("{}-{publisher}", offered.stream);
                offered.track = format!("{}-{publisher}", offered.track);
            }
            // Participants know tracks by their names.
            let mut others = self.names.values();
            if others.any(|(_, (_, name))| *name == offered.track) {
                offered.track = format!("{}-{}", track.stream, track.kind);
            }
        }
        let names = (offered.stream.clone(), offered.track.clone());
        let Some(line) = self.showing.view(now, track, offered, registry) else {
            return false;
        };
        if let Some((publisher, _)) = publisher {
            self.names.insert(line, (publisher, names));
        }
        true
    }

    /// Forgets what is known of a track that is shown no more. Returns what shows it.
    pub(crate) fn forget(&mut self, track: &Track) -> &mut ShowingPeer {
        if let Some(line) = self.showing.shown.line(track) {
            self.names.remove(&line);
        }
        &mut self.showing
    }

    /// The m-lines of what the participant publishes, each with its stream.
    pub(crate) fn mids(&self) -> impl Iterator<Item = (&StreamName, &str)> {
        let published = self.published.iter();
        published.flat_map(|(name, tracks)| tracks.iter().map(move |t| (name, t.mid.as_str())))
    }
}
