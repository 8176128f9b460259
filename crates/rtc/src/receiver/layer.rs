//! One layer of a section. It has one source at a time, and one numbering over all its sources.

use std::hint::black_box;
use std::time::{Duration, Instant};

use rtp::dependency_descriptor::Templates;
use rtp::seq;

use super::missing::Missing;
use super::numbering::Numbering;
use super::source::WINDOW_WORDS;
use crate::clock::Report;
use crate::window::Window;

/// The pause between two replacements of a running source. Without it a publisher that keeps
/// changing SSRCs would make every viewer restart each time.
const CHANGE_PAUSE: Duration = Duration::from_secs(1);

/// A gap of this many numbers is a jump and not a loss (`MAX_DROPOUT` of RFC 3550 A.1).
const JUMP_MAX: u64 = 3_000;

/// Time after a change of source during which retransmissions of the old one may still arrive.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// Packets that repeat a timestamp after this time get a new capture time, from the latest sender
/// report. No frame takes this long.
const FRAME_MAX: Duration = Duration::from_secs(1);

/// One received encoding.
#[derive(Debug)]
pub(super) struct Layer {
    /// The current source: its index in the receiver's list, and its SSRC.
    current: Option<(usize, u32)>,
    /// Highest number of the current source.
    highest: u64,
    /// Which of its numbers arrived, directly or by retransmission.
    came: Window<WINDOW_WORDS>,
    numbering: Numbering,
    pub(super) missing: Missing,
    /// The current source's last sender report.
    pub(super) report: Option<Report>,
    /// The latest frame whose capture time comes from a sender report.
    placed: Option<Placed>,
    /// The templates of the coded video sequence, once a dependency descriptor has carried them.
    pub(super) templates: Option<Templates>,
    /// When the current source began.
    began: Option<Instant>,
    /// When the source was last replaced, and when retransmissions last got a new SSRC.
    changed: Option<Instant>,
    rtx_changed: Option<Instant>,
    /// The next packet to be forwarded is the first after a restart.
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

    /// Loads into the cache the state that the next packet needs.
    pub(super) fn prefetch(&self) {
        black_box((self.current, self.highest, self.wants_keyframe));
        self.numbering.prefetch();
    }

    /// Returns the current source's index in the receiver's list.
    pub(super) fn source(&self) -> Option<usize> {
        self.current.map(|(source, _)| source)
    }

    pub(super) fn ssrc(&self) -> Option<u32> {
        self.current.map(|(_, ssrc)| ssrc)
    }

    /// Whether a new source may replace a running one now.
    pub(super) fn may_change(&self, now: Instant) -> bool {
        has_passed(now, self.changed, CHANGE_PAUSE)
    }

    /// Whether retransmissions may move to another SSRC now. If so, the next move has to wait.
    pub(super) fn change_rtx(&mut self, now: Instant) -> bool {
        let may = has_passed(now, self.rtx_changed, CHANGE_PAUSE);
        if may {
            self.rtx_changed = Some(now);
        }
        may
    }

    /// Makes a source the current one, beginning with `index`.
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

    /// Continues the numbering from a new index, marks a restart and requests a key frame, since
    /// viewers cannot decode across the break.
    fn restart(&mut self, index: u64) {
        self.numbering.begin(index);
        self.missing.clear();
        self.templates = None;
        self.restarted = true;
        self.wants_keyframe = true;
    }

    /// Returns the index of the packet that a retransmission repeats. `None` when it belongs to
    /// another source than the current one, as far as is known, or when that packet is not missing.
    pub(super) fn original(&self, now: Instant, of: Option<u32>, seq: u16) -> Option<u64> {
        let ssrc = self.ssrc()?;
        if of.is_some_and(|of| of != ssrc) && !has_passed(now, self.began, LEFTOVERS) {
            return None;
        }
        let index = seq::extend16(self.highest, seq);
        (index <= self.highest && self.came.is_new(index)).then_some(index)
    }

    /// Records a packet of the current source, received directly or by retransmission. With `nack`,
    /// the numbers that it skips are recorded as missing.
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

    /// Returns the layer's number for a packet, and whether it is the first after a restart; `None`
    /// when it comes too late for a number.
    pub(super) fn number(&mut self, index: u64) -> Option<(u64, bool)> {
        let number = self.numbering.number(index)?;
        Some((number, std::mem::take(&mut self.restarted)))
    }

    /// Returns when the packet with this timestamp was captured, or `received` without a sender
    /// report. The packets of a frame share a timestamp and get the same capture time, even if a
    /// sender report arrives between them.
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
                // Without a believable capture time each packet counts as captured on arrival.
                self.placed = Some(frame).filter(|_| captured != received);
                captured
            }
        }
    }

    /// Removes the number of a packet without payload from the numbering.
    pub(super) fn close(&mut self, index: u64) {
        self.numbering.close(index);
    }
}

/// A frame, and when it was captured.
#[derive(Debug, Clone, Copy)]
struct Placed {
    timestamp: u32,
    captured: Instant,
    /// Packets that arrive later belong to another frame.
    until: Instant,
}

/// What [`Layer::take`] found out about a packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    /// It has not arrived before, directly or by retransmission.
    pub(super) is_new: bool,
    /// The numbers of its source jumped.
    pub(super) jumped: bool,
    /// When it was requested, if exactly once.
    pub(super) asked: Option<Instant>,
}

fn has_passed(now: Instant, since: Option<Instant>, time: Duration) -> bool {
    since.is_none_or(|since| now.saturating_duration_since(since) >= time)
}
