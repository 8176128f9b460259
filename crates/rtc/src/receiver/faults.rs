//! Why packets were not taken: counters, and the first packet of each cause for the log.

/// Why a packet was not taken, or carried nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// It is no RTP packet, or its padding is longer than its payload.
    Malformed,
    /// It was altered, or protected with other keys.
    NotAuthentic,
    /// It came before, or is too old to tell.
    Replayed,
    /// Nothing tells which m-line and layer its SSRC belongs to.
    UnknownSsrc,
    /// Its payload type was not negotiated for its m-line, or not for its SSRC.
    UnknownPayloadType,
    /// Its SSRC would take the place of one that still runs, too soon after another did.
    SsrcChanges,
    /// A retransmission of a packet that nobody misses.
    NotMissing,
    /// It has no payload: a probe of the path. This is no fault.
    PaddingOnly,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 8] = [
        Self::Malformed,
        Self::NotAuthentic,
        Self::Replayed,
        Self::UnknownSsrc,
        Self::UnknownPayloadType,
        Self::SsrcChanges,
        Self::NotMissing,
        Self::PaddingOnly,
    ];

    /// Whether a packet that was not taken for this cause came from the publisher all the same.
    pub fn is_authentic(self) -> bool {
        !matches!(self, Self::Malformed | Self::NotAuthentic | Self::Replayed)
    }
}

/// The first packet that was not taken for one cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub cause: Cause,
    /// Its SSRC; 0 for a malformed one.
    pub ssrc: u32,
    /// Its payload type; 0 for a malformed one.
    pub payload_type: u8,
}

/// Counts by cause.
#[derive(Debug, Default)]
pub(super) struct Faults {
    counts: [u64; Cause::ALL.len()],
    /// First packets that the caller has not taken yet; at most one for each cause.
    untold: Vec<Fault>,
}

impl Faults {
    pub(super) fn add(&mut self, cause: Cause, ssrc: u32, payload_type: u8) {
        let Some(count) = self.counts.get_mut(cause as usize) else {
            return;
        };
        *count += 1;
        if *count == 1 {
            self.untold.push(Fault {
                cause,
                ssrc,
                payload_type,
            });
        }
    }

    pub(super) fn count(&self, cause: Cause) -> u64 {
        self.counts.get(cause as usize).copied().unwrap_or(0)
    }

    pub(super) fn take(&mut self) -> impl Iterator<Item = Fault> + '_ {
        self.untold.drain(..)
    }
}
