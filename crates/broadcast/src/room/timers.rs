use super::{ParticipantKey, RoomName};

/// What waits for its time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Deliver what a room has gathered.
    Flush(RoomName),
    /// Tell a room its new counts.
    Counts(RoomName),
    /// End a lost participant.
    Lost(ParticipantKey),
}

pub(super) type Timers = crate::timers::Timers<Timer>;

#[cfg(test)]
impl Timers {
    /// Whether a room has yet to be told something.
    pub(super) fn has_news(&self) -> bool {
        let news = |timer: &Timer| matches!(timer, Timer::Flush(_) | Timer::Counts(_));
        self.running().any(news)
    }
}
