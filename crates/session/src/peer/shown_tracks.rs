use std::collections::{BTreeMap, BTreeSet};

use contract::LineSubscription;
use model::StreamName;
use rtc::{Agreed, LineIndex, OutgoingTrack};
use rtp::Kind;

use crate::random::{self, Random};
use crate::registry::Registry;

/// A track of a stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Track {
    pub(crate) stream: StreamName,
    pub(crate) kind: Kind,
}

/// The tracks that one participant is shown, each on a line of its peer.
#[derive(Debug, Default)]
pub(crate) struct ShownTracks {
    /// The track of each line, or the one that it will have with the next offer.
    lines: BTreeMap<LineIndex, Track>,
    /// The lines on which the last answer lets media come.
    open: BTreeSet<LineIndex>,
}

impl ShownTracks {
    pub(crate) fn has(&self, track: &Track) -> bool {
        self.line(track).is_some()
    }

    pub(crate) fn add(&mut self, line: LineIndex, track: Track) {
        self.lines.insert(line, track);
    }

    /// Takes a track off its line.
    pub(crate) fn remove(&mut self, track: &Track) -> Option<LineIndex> {
        let line = self.line(track)?;
        self.lines.remove(&line);
        // Media of the next track on it comes only after that was offered and answered.
        self.open.remove(&line);
        Some(line)
    }

    pub(crate) fn line(&self, track: &Track) -> Option<LineIndex> {
        let mut lines = self.iter();
        lines.find_map(|(line, shown)| (shown == track).then_some(line))
    }

    pub(crate) fn track(&self, line: LineIndex) -> Option<&Track> {
        self.lines.get(&line)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (LineIndex, &Track)> {
        self.lines.iter().map(|(line, track)| (*line, track))
    }

    /// Whether any track of a stream is shown.
    pub(crate) fn shows(&self, stream: &StreamName) -> bool {
        self.lines.values().any(|track| track.stream == *stream)
    }

    /// Takes note of what was agreed. Returns the lines on which media may come since now.
    pub(crate) fn agree(&mut self, agreed: &Agreed) -> Vec<LineIndex> {
        let open = agreed.lines.iter().filter(|line| line.sends());
        let open: BTreeSet<LineIndex> = open.map(|line| line.index).collect();
        let before = std::mem::replace(&mut self.open, open);
        self.open.difference(&before).copied().collect()
    }

    /// What a shard is to send on the lines on which it may.
    pub(crate) fn subscriptions(
        &self,
        registry: &Registry,
        random: &mut dyn Random,
    ) -> Vec<LineSubscription> {
        let open = self.iter().filter(|(line, _)| self.open.contains(line));
        let subscription = |(line, track): (LineIndex, &Track)| {
            let (id, origin) = registry.location(&track.stream)?;
            Some(LineSubscription {
                line,
                stream: id,
                origin,
                kind: track.kind,
                first_seq: random::bits16(random),
            })
        };
        open.filter_map(subscription).collect()
    }
}

/// How a track is offered to a participant that is to see it.
pub(crate) fn outgoing(track: &Track, registry: &Registry) -> OutgoingTrack {
    OutgoingTrack {
        kind: track.kind,
        // Unreserved characters and a slash, of which `a=msid` takes all but the slash.
        stream: track.stream.as_str().replace('/', "|"),
        track: track.kind.to_string(),
        formats: match track.kind {
            Kind::Audio => Vec::new(),
            Kind::Video => registry.formats(&track.stream),
        },
    }
}
