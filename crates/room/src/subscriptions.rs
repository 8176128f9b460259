use std::collections::BTreeMap;

use rtp::Kind;

use super::TrackSettings;
use model::StreamName;

/// A track in a room.
pub(super) type TrackName = (StreamName, Kind);

/// The tracks of others that one participant wants, and those that it is given.
#[derive(Debug)]
pub(super) struct Subscriptions {
    /// The participant wants all tracks but those that it has declined; otherwise only those that
    /// it has asked for.
    auto: bool,
    /// The tracks that it has asked for (true) or declined (false). Kept until their stream ends.
    choices: BTreeMap<TrackName, bool>,
    /// The tracks that it is given now, with their settings.
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

    /// Notes that the participant asks for a track or declines it. The track need not exist yet.
    pub(super) fn choose(&mut self, stream: &StreamName, kind: Kind, wanted: bool) {
        self.choices.insert((stream.clone(), kind), wanted);
    }

    /// Begins a track that exists. Returns whether the participant is to be given it from now on.
    pub(super) fn begin(&mut self, stream: &StreamName, kind: Kind) -> bool {
        let track = (stream.clone(), kind);
        let wanted = self.choices.get(&track).copied().unwrap_or(self.auto);
        let begins = wanted && !self.given.contains_key(&track);
        if begins {
            self.given.insert(track, TrackSettings::default());
        }
        begins
    }

    /// Ends a track that is gone or declined. Returns whether the participant was given it so far.
    pub(super) fn end(&mut self, stream: &StreamName, kind: Kind) -> bool {
        self.given.remove(&(stream.clone(), kind)).is_some()
    }

    /// Forgets the participant's choices for a stream that has ended.
    pub(super) fn forget(&mut self, stream: &StreamName) {
        for kind in [Kind::Audio, Kind::Video] {
            self.choices.remove(&(stream.clone(), kind));
        }
    }

    /// The settings of a track, to be changed; `None` if the participant is not given it.
    pub(super) fn settings(
        &mut self,
        stream: &StreamName,
        kind: Kind,
    ) -> Option<&mut TrackSettings> {
        self.given.get_mut(&(stream.clone(), kind))
    }

    /// Ends all tracks, and returns those that the participant was given.
    pub(super) fn end_all(&mut self) -> impl Iterator<Item = TrackName> {
        std::mem::take(&mut self.given).into_keys()
    }
}
