//! Frames sent over a socket that may break, kept until the client confirms them.

use std::collections::VecDeque;
use std::sync::Arc;

/// Maximum number of unconfirmed frames. [`Outbox::push`] fails with [`Full`] beyond it.
pub const FRAMES_MAX: usize = 1_024;

/// Maximum size of the unconfirmed frames in bytes. [`Outbox::push`] fails with [`Full`] beyond it.
/// The first frame of a session does not count: it describes the room as the client finds it, and
/// its size depends on the other participants.
pub const BYTES_MAX: usize = 2 << 20;

/// Numbered frames of one session, starting with the first that the client has not confirmed.
///
/// A socket sends the frames after the last one that it sent. When it breaks, the next socket sends
/// the frames after the last one that the client saw. So the client gets each frame once and in
/// order, however often its socket breaks.
#[derive(Debug)]
pub struct Outbox {
    /// Number of the first frame in `frames`, counted from 1.
    first: u64,
    frames: VecDeque<Arc<str>>,
    /// Size of the frames that count towards [`BYTES_MAX`].
    bytes: usize,
}

/// The client left [`FRAMES_MAX`] frames or [`BYTES_MAX`] bytes unconfirmed. The outbox takes no
/// more frames for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client left {FRAMES_MAX} frames or {BYTES_MAX} bytes unconfirmed")]
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
    /// Appends the frame that `write` returns for its number. Fails with [`Full`] at [`FRAMES_MAX`]
    /// frames or when the frame would exceed [`BYTES_MAX`].
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

    /// Appends the last frame of a session. It always fits, so that every client can be told why
    /// its session ended.
    pub fn push_last(&mut self, write: impl FnOnce(u64) -> String) {
        let frame: Arc<str> = write(self.next()).into();
        self.bytes += counted(self.next(), &frame);
        self.frames.push_back(frame);
    }

    /// Drops the frames up to and including number `seen`: the client has them.
    pub fn confirm(&mut self, seen: u64) {
        while self.first <= seen
            && let Some(frame) = self.frames.pop_front()
        {
            self.bytes -= counted(self.first, &frame);
            self.first += 1;
        }
        if self.frames.is_empty() {
            // An idle client keeps no buffer.
            self.frames.shrink_to(0);
        }
    }

    /// The number that the next frame will get.
    pub fn next(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    /// Returns the frame that follows `number`; `None` when it was confirmed or is not written yet.
    pub fn after(&self, number: u64) -> Option<Arc<str>> {
        let index = (number + 1).checked_sub(self.first)?;
        self.frames.get(usize::try_from(index).ok()?).cloned()
    }

    /// Whether the outbox still holds every frame after `seen`, so that a new socket can go on from
    /// there. False also for a `seen` that was never sent.
    pub fn continues(&self, seen: u64) -> bool {
        seen.saturating_add(1) >= self.first && seen < self.next()
    }
}

/// The bytes that a frame counts towards [`BYTES_MAX`]: none for the first.
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
        /// The client confirms what it has received.
        Confirm,
        /// The socket breaks: the last `lost` frames in flight never reach the client.
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
        fn each_frame_arrives_once_in_order_across_broken_sockets(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let (mut outbox, mut pushed) = (Outbox::default(), 0_u64);
            let mut seen: Vec<String> = Vec::new();
            // Frames in flight to the client, and the last number that the socket took.
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
    fn unconfirmed_frames_fill_the_outbox() {
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
    fn first_and_last_frame_fit_whatever_their_size() {
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
    fn seen_number_that_was_never_sent_is_refused() {
        let mut outbox = Outbox::default();
        assert!(outbox.continues(0) && !outbox.continues(1) && !outbox.continues(u64::MAX));
        outbox.confirm(u64::MAX);
        assert_eq!(outbox.push(|n| n.to_string()), Ok(()));
        assert_eq!(outbox.after(0).as_deref(), Some("1"));
    }
}
