use super::{ParticipantKey, RoomName};

/// The timers of all rooms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Deliver the events that a room has gathered.
    Flush(RoomName),
    /// Tell the participants of a room its new counts.
    Counts(RoomName),
    /// End a participant that did not come back.
    Lost(ParticipantKey),
}

pub(super) type Timers = crate::timer_table::Timers<Timer>;

#[cfg(test)]
impl Timers {
    /// Whether some room has yet to deliver events or counts.
    pub(super) fn has_news(&self) -> bool {
        let news = |timer: &Timer| matches!(timer, Timer::Flush(_) | Timer::Counts(_));
        self.running().any(news)
    }
}
