//! What a peer reports to its owner: one event after the other, then the timeout.

use std::time::Instant;

use super::Peer;
use crate::event::{Event, Output};
use crate::index::LineIndex;
use crate::media::Media;
use crate::sender::Feedback;

impl Peer {
    /// Returns the next event, or [`Output::Timeout`] when there is none.
    pub fn poll_output(&mut self) -> Output {
        match self.poll_event() {
            Some(event) => Output::Event(event),
            None => Output::Timeout(self.due()),
        }
    }

    /// Returns the next event. An owner that handles many datagrams in a row takes the events after
    /// each of them and calls [`Self::due`] after the last.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        if let Some(feedback) = self.sender.as_mut().and_then(|sender| sender.poll())
            && let Some(event) = self.fed_back(feedback)
        {
            return Some(event);
        }
        if let Some(event) = self.channels.as_mut().and_then(|c| c.poll_event(self.now)) {
            return Some(event);
        }
        match self.receiver.poll_nacks() {
            0 => None,
            count => Some(Event::Nacks { sent: true, count }),
        }
    }

    /// Passes all events to `event`. Returns when to call [`Self::handle_timeout`].
    pub fn drain(&mut self, mut event: impl FnMut(Event)) -> Option<Instant> {
        loop {
            match self.poll_output() {
                Output::Event(what) => event(what),
                Output::Timeout(at) => return at,
            }
        }
    }

    fn fed_back(&mut self, feedback: Feedback) -> Option<Event> {
        Some(match feedback {
            Feedback::KeyframeRequest(encoding) => {
                let sends = |line: &Media| line.encoding == Some(encoding);
                let mut lines = LineIndex::all().zip(&self.sent);
                let line = lines.find_map(|(line, media)| sends(media).then_some(line))?;
                Event::KeyframeRequest { line }
            }
            Feedback::Nacks(count) => Event::Nacks { sent: false, count },
            Feedback::Estimate(bandwidth, congested) => Event::Estimate {
                bandwidth,
                congested,
            },
        })
    }
}
