use std::collections::BTreeMap;

use rtp::Kind;

use super::TrackSettings;
use crate::StreamName;

/// A track in a room.
pub(super) type TrackName = (StreamName, Kind);

/// What one participant wants of others' tracks, and what it is given.
#[derive(Debug)]
pub(super) struct Subscriptions {
    /// Wants everything that it has not declined; otherwise nothing that it has not asked for.
    auto: bool,
    /// What was asked for (true) or declined, for as long as the stream is there.
    choices: BTreeMap<TrackName, bool>,
    /// What is given now, and how.
    given: BTreeMap<TrackName, TrackSettings>,
}

impl Subscriptions {
    pub(super) fn new(auto: bool) -> Self {
        Self {
            auto,
            choices: BTreeMap::new(),
            given: BTreeMap::new(),
        }
    }

    /// Asks for a track, or declines it. It need not be there yet.
    pub(super) fn choose(&mut self, stream: &StreamName, kind: Kind, wanted: bool) {
        self.choices.insert((stream.clone(), kind), wanted);
    }

    /// A track is there: whether it has to be given from now on.
    pub(super) fn begin(&mut self, stream: &StreamName, kind: Kind) -> bool {
        let track = (stream.clone(), kind);
        let wanted = self.choices.get(&track).copied().unwrap_or(self.auto);
        let begins = wanted && !self.given.contains_key(&track);
        if begins {
            self.given.insert(track, TrackSettings::default());
        }
        begins
    }

    /// A track is gone or declined: whether it was given until now.
    pub(super) fn end(&mut self, stream: &StreamName, kind: Kind) -> bool {
        self.given.remove(&(stream.clone(), kind)).is_some()
    }

    /// A stream is over: forgets what was chosen of it.
    pub(super) fn forget(&mut self, stream: &StreamName) {
        for kind in [Kind::Audio, Kind::Video] {
            self.choices.remove(&(stream.clone(), kind));
        }
    }

    /// How a track is to come, to be changed; `None` when it is not given.
    pub(super) fn settings(
        &mut self,
        stream: &StreamName,
        kind: Kind,
    ) -> Option<&mut TrackSettings> {
        self.given.get_mut(&(stream.clone(), kind))
    }

    /// Ends all that is given.
    pub(super) fn end_all(&mut self) -> impl Iterator<Item = TrackName> {
        std::mem::take(&mut self.given).into_keys()
    }
}
