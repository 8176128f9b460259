//! One layer of a section: it has one source at a time, and one numbering for all of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rtp::dependency_descriptor::Templates;
use rtp::seq;

use super::missing::Missing;
use super::numbering::Numbering;
use super::source::WINDOW_WORDS;
use crate::clock::Report;
use crate::window::Window;

/// A running source is replaced no sooner than this after the last one was: a publisher that
/// sends from ever new SSRCs would have every viewer begin anew with each.
const CHANGE_PAUSE: Duration = Duration::from_secs(1);

/// A gap of so many is no loss: the numbers go on elsewhere (`MAX_DROPOUT` of RFC 3550 A.1).
const JUMP_MAX: u64 = 3_000;

/// So long after a new source began, retransmissions of the old one are no more under way.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// Packets with one timestamp that come longer after the first of them are placed in time anew, by
/// the report that is the latest then. No frame takes so long.
const FRAME_MAX: Duration = Duration::from_secs(1);

/// One encoding that is received.
#[derive(Debug)]
pub(super) struct Layer {
    /// The present source, as a place in the receiver's list, and its SSRC.
    current: Option<(usize, u32)>,
    /// Highest number of the present source.
    highest: u64,
    /// Which of its numbers came, by whatever way.
    came: Window<WINDOW_WORDS>,
    numbering: Numbering,
    pub(super) missing: Missing,
    /// The present source's last sender report.
    pub(super) report: Option<Report>,
    /// The latest frame that a report has placed in time.
    placed: Option<Placed>,
    /// Of the coded video sequence, where the descriptors have said them.
    pub(super) templates: Option<Templates>,
    /// When the present source began.
    began: Option<Instant>,
    /// When a running source was replaced, and when retransmissions got a new SSRC.
    changed: Option<Instant>,
    rtx_changed: Option<Instant>,
    /// The next packet that goes on is the first after a change.
    restarted: bool,
    pub(super) wants_keyframe: bool,
}

impl Layer {
    pub(super) fn new() -> Self {
        Self {
            current: None,
            highest: 0,
            came: Window::default(),
            numbering: Numbering::new(),
            missing: Missing::default(),
            report: None,
            placed: None,
            templates: None,
            began: None,
            changed: None,
            rtx_changed: None,
            restarted: false,
            wants_keyframe: false,
        }
    }

    /// Reads what the next packet will need.
    pub(super) fn prefetch(&self) {
        black_box((self.current, self.highest, self.wants_keyframe));
        self.numbering.prefetch();
    }

    /// The present source's place in the receiver's list.
    pub(super) fn source(&self) -> Option<usize> {
        self.current.map(|(source, _)| source)
    }

    pub(super) fn ssrc(&self) -> Option<u32> {
        self.current.map(|(_, ssrc)| ssrc)
    }

    /// Whether a running source may be replaced by one that was never heard before.
    pub(super) fn may_change(&self, now: Instant) -> bool {
        has_passed(now, self.changed, CHANGE_PAUSE)
    }

    /// Whether retransmissions may come from one more SSRC; if so, not again at once.
    pub(super) fn change_rtx(&mut self, now: Instant) -> bool {
        let may = has_passed(now, self.rtx_changed, CHANGE_PAUSE);
        if may {
            self.rtx_changed = Some(now);
        }
        may
    }

    /// This source sends the layer from now on, beginning with `index`.
    pub(super) fn begin(&mut self, now: Instant, source: usize, ssrc: u32, index: u64) {
        if self.current.is_some() {
            self.changed = Some(now);
            self.restart(index);
        }
        self.current = Some((source, ssrc));
        self.began = Some(now);
        self.highest = index;
        self.came = Window::default();
        self.report = None;
        self.placed = None;
    }

    /// Viewers cannot go on from what came before: numbers go on, and a key frame is needed.
    fn restart(&mut self, index: u64) {
        self.numbering.begin(index);
        self.missing.clear();
        self.templates = None;
        self.restarted = true;
        self.wants_keyframe = true;
    }

    /// The index of the packet that a retransmission repeats; `None` for one that was not sent by
    /// the present source, as far as can be told, or is none that could be missing.
    pub(super) fn original(&self, now: Instant, of: Option<u32>, seq: u16) -> Option<u64> {
        let ssrc = self.ssrc()?;
        if of.is_some_and(|of| of != ssrc) && !has_passed(now, self.began, LEFTOVERS) {
            return None;
        }
        let index = seq::extend16(self.highest, seq);
        (index <= self.highest && self.came.is_new(index)).then_some(index)
    }

    /// Takes the number of a packet of the present source, however it came. Numbers that it leaves
    /// out are asked for where `nack` was agreed on.
    pub(super) fn take(&mut self, now: Instant, index: u64, nack: bool) -> Took {
        let (mut jumped, mut asked) = (false, None);
        if index > self.highest {
            let gap = self.highest + 1..index;
            if gap.end - gap.start >= JUMP_MAX {
                self.restart(index);
                jumped = true;
            } else if nack && !gap.is_empty() {
                self.missing.add(now, gap);
            }
            self.highest = index;
        } else {
            asked = self.missing.remove(index);
        }
        Took {
            is_new: self.came.take(index),
            jumped,
            asked,
        }
    }

    /// The number of a packet that goes on, and whether it is the first after a change; `None`
    /// when it comes too late to be told.
    pub(super) fn number(&mut self, index: u64) -> Option<(u64, bool)> {
        let number = self.numbering.number(index)?;
        Some((number, std::mem::take(&mut self.restarted)))
    }

    /// When the packet with this timestamp was captured; `received` while no report tells. The
    /// packets of a frame have one timestamp, which is placed in time once.
    pub(super) fn captured(
        &mut self,
        timestamp: u32,
        clock_rate: u32,
        received: Instant,
    ) -> Instant {
        let Some(report) = &self.report else {
            return received;
        };
        match self.placed {
            Some(frame) if frame.timestamp == timestamp && received < frame.until => frame.captured,
            _ => {
                let captured = report.captured(timestamp, clock_rate, received);
                let frame = Placed {
                    timestamp,
                    captured,
                    until: received + FRAME_MAX,
                };
                // What cannot be placed was captured when it came, each packet by itself.
                self.placed = Some(frame).filter(|_| captured != received);
                captured
            }
        }
    }

    /// A packet of the present source has no payload.
    pub(super) fn close(&mut self, index: u64) {
        self.numbering.close(index);
    }
}

/// A frame, and when it was captured.
#[derive(Debug, Clone, Copy)]
struct Placed {
    timestamp: u32,
    captured: Instant,
    /// Packets that come later are none of it.
    until: Instant,
}

/// What a packet was to its layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    /// It did not come before in another way.
    pub(super) is_new: bool,
    /// The numbers of its source jumped.
    pub(super) jumped: bool,
    /// When it was asked for, if it was asked for once.
    pub(super) asked: Option<Instant>,
}

fn has_passed(now: Instant, since: Option<Instant>, time: Duration) -> bool {
    since.is_none_or(|since| now.saturating_duration_since(since) >= time)
}
