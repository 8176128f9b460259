//! What a server has sent over a socket that may break: kept until the client says that it has it.

use std::collections::VecDeque;
use std::sync::Arc;

/// Frames that are kept, at most.
pub const FRAMES_MAX: usize = 1_024;

/// Bytes that are kept, at most. The very first frame does not count: it shows what there is, and
/// how much that is others have decided.
pub const BYTES_MAX: usize = 2 << 20;

/// Numbered frames, from the first that the client has not confirmed.
///
/// A socket takes what follows the last that it took; another socket, after the first has broken,
/// what follows the last that the client has seen. So each frame comes once and in order,
/// whatever happens to sockets.
#[derive(Debug)]
pub struct Outbox {
    /// The number of the first that is kept.
    first: u64,
    frames: VecDeque<Arc<str>>,
    bytes: usize,
}

/// The client has confirmed nothing for so long that no more is kept for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client has not confirmed the last {FRAMES_MAX} frames")]
pub struct Full;

impl Default for Outbox {
    fn default() -> Self {
        Self {
            first: 1,
            frames: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl Outbox {
    /// Adds a frame; `write` gets its number.
    pub fn push(&mut self, write: impl FnOnce(u64) -> String) -> Result<(), Full> {
        let frame: Arc<str> = write(self.next()).into();
        let counted = counted(self.next(), &frame);
        if self.frames.len() >= FRAMES_MAX || self.bytes + counted > BYTES_MAX {
            return Err(Full);
        }
        self.bytes += counted;
        self.frames.push_back(frame);
        Ok(())
    }

    /// Adds the last frame, for which there is always room.
    pub fn push_last(&mut self, write: impl FnOnce(u64) -> String) {
        let frame: Arc<str> = write(self.next()).into();
        self.bytes += counted(self.next(), &frame);
        self.frames.push_back(frame);
    }

    /// The client has everything up to this number.
    pub fn confirm(&mut self, seen: u64) {
        while self.first <= seen
            && let Some(frame) = self.frames.pop_front()
        {
            self.bytes -= counted(self.first, &frame);
            self.first += 1;
        }
        if self.frames.is_empty() {
            // An idle client costs nothing.
            self.frames.shrink_to(0);
        }
    }

    /// The number of the next frame that is added.
    pub fn next(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// The frame after the one with this number; `None` when there is none yet.
    pub fn after(&self, number: u64) -> Option<Arc<str>> {
        let index = (number + 1).checked_sub(self.first)?;
        self.frames.get(usize::try_from(index).ok()?).cloned()
    }

    /// Whether a client that has seen this much can be given all that it has not.
    pub fn continues(&self, seen: u64) -> bool {
        seen.saturating_add(1) >= self.first && seen < self.next()
    }
}

/// What a frame counts against the limit.
fn counted(number: u64, frame: &str) -> usize {
    if number == 1 { 0 } else { frame.len() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push,
        Take,
        /// The client confirms what it has.
        Confirm,
        /// The socket breaks: what was taken and not seen is lost.
        Break {
            lost: usize,
        },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Push),
            4 => Just(Step::Take),
            1 => Just(Step::Confirm),
            1 => (0_usize..5).prop_map(|lost| Step::Break { lost }),
        ]
    }

    proptest! {
        #[test]
        fn each_frame_comes_once_and_in_order_however_sockets_break(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let (mut outbox, mut pushed) = (Outbox::default(), 0_u64);
            let mut seen: Vec<String> = Vec::new();
            // On the way to the client, and what the socket took last.
            let (mut way, mut taken) = (VecDeque::new(), 0_u64);
            let take = |outbox: &Outbox, way: &mut VecDeque<_>, taken: &mut u64| {
                if let Some(frame) = outbox.after(*taken) {
                    *taken += 1;
                    way.push_back(frame);
                }
            };
            for step in steps {
                match step {
                    Step::Push => {
                        outbox.push(|n| n.to_string()).expect("few frames");
                        pushed += 1;
                    }
                    Step::Take => take(&outbox, &mut way, &mut taken),
                    Step::Confirm => {
                        seen.extend(way.drain(..).map(|frame: Arc<str>| frame.to_string()));
                        outbox.confirm(seen.len() as u64);
                    }
                    Step::Break { lost } => {
                        way.truncate(way.len().saturating_sub(lost));
                        seen.extend(way.drain(..).map(|frame| frame.to_string()));
                        prop_assert!(outbox.continues(seen.len() as u64));
                        taken = seen.len() as u64;
                    }
                }
            }
            while outbox.after(taken).is_some() {
                take(&outbox, &mut way, &mut taken);
            }
            seen.extend(way.drain(..).map(|frame| frame.to_string()));
            let expected: Vec<String> = (1..=pushed).map(|n| n.to_string()).collect();
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_client_that_confirms_nothing_fills_it() {
        let mut outbox = Outbox::default();
        for _ in 0..FRAMES_MAX {
            outbox.push(|_| String::new()).expect("room");
        }
        assert_eq!(outbox.push(|_| String::new()), Err(Full));
        outbox.confirm(1);
        assert_eq!(outbox.push(|n| n.to_string()), Ok(()));
        assert!(!outbox.continues(0) && outbox.continues(1));
    }

    #[test]
    fn there_is_always_room_for_the_first_and_for_the_last() {
        let mut outbox = Outbox::default();
        let large = "x".repeat(BYTES_MAX);
        outbox.push(|_| large.repeat(2)).expect("the first");
        outbox
            .push(|_| large.clone())
            .expect("as much as there may be");
        assert_eq!(outbox.push(|_| "x".to_owned()), Err(Full));
        outbox.push_last(|_| "the end".to_owned());
        assert_eq!(outbox.after(2).as_deref(), Some("the end"));
        outbox.confirm(3);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn what_a_client_claims_to_have_seen_before_it_came_is_refused() {
        let mut outbox = Outbox::default();
        assert!(outbox.continues(0) && !outbox.continues(1) && !outbox.continues(u64::MAX));
        outbox.confirm(u64::MAX);
        assert_eq!(outbox.push(|n| n.to_string()), Ok(()));
        assert_eq!(outbox.after(0).as_deref(), Some("1"));
    }
}
