use std::collections::VecDeque;

use rtp::{Codec, PayloadInfo};

use crate::AccessUnit;
use crate::nal::{NalUnits, begins_with_delimiter};
use crate::obu::Obus;
use crate::vpx::{Vp8, Vp9, is_vp9_keyframe};

/// Bytes of one unit. A publisher that sends more in one is not believed: the unit is dropped.
pub const UNIT_BYTES_MAX: usize = 8 << 20;

/// Joins the packets of one track to access units. Hands out whole ones only.
///
/// One exception: of H.264, H.265 and AV1, no packet says that nothing stands before it in its unit.
/// Where packets before a unit's first slice or frame are missing, that unit comes without what they
/// carried, parameter sets above all. [`AccessUnit::after_gap`] is set then.
///
/// Wants packets in order, as [`crate::Reorder`] returns them. Holds one unit at a time.
#[derive(Debug)]
pub struct Depacketizer {
    codec: Codec,
    /// Number of the packet that comes next; `None` before the first.
    due: Option<u64>,
    /// The unit that has begun.
    open: Option<Open>,
    /// Timestamp of the unit before.
    last_timestamp: Option<u32>,
    /// Something is missing since the last unit that was handed out.
    gap: bool,
    dropped: u64,
    done: VecDeque<AccessUnit>,
}

/// One RTP packet, as far as a [`Depacketizer`] looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Extended sequence number.
    pub seq: u64,
    /// RTP timestamp.
    pub timestamp: u32,
    /// The marker bit: for video, the last packet of a unit (RFC 6184 §5.1 and others).
    pub marker: bool,
    /// The payload without padding; empty where there is only padding.
    pub payload: &'a [u8],
}

impl Depacketizer {
    /// For the packets of one track in this codec. RED is to be taken apart before.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            due: None,
            open: None,
            last_timestamp: None,
            gap: true,
            dropped: 0,
            done: VecDeque::new(),
        }
    }

    /// Takes the next packet. One with a number that is over is passed over.
    pub fn push(&mut self, part: Part<'_>) {
        if self.due.is_some_and(|due| part.seq < due) {
            return;
        }
        let missing = self.due.is_some_and(|due| part.seq > due);
        let first = self.due.is_none();
        self.due = Some(part.seq + 1);
        self.gap |= missing;
        if let Some(open) = &mut self.open {
            // What is missing may be a part of this unit or of the next one, whoever it was.
            open.whole &= !missing;
            if open.timestamp != part.timestamp {
                self.close();
            }
        }
        if part.payload.is_empty() {
            return;
        }
        let info = PayloadInfo::inspect(self.codec, part.payload);
        let open = self.open.get_or_insert_with(|| {
            // Where nothing is missing, a packet behind a unit's last one begins the next unit,
            // also where its codec does not say so (delimiters, messages).
            let goes_on = self.last_timestamp == Some(part.timestamp);
            let must_say_so = missing || first || goes_on;
            let begins = info.start
                || info.parameter_sets
                || self.codec == Codec::Opus
                || begins_with_delimiter(self.codec, part.payload);
            Open::new(self.codec, part.timestamp, begins || !must_say_so)
        });
        open.keyframe |= info.keyframe;
        open.whole &= open.form.append(part.payload) && open.form.bytes() <= UNIT_BYTES_MAX;
        if part.marker || self.codec == Codec::Opus {
            self.close();
        }
    }

    /// Returns the next unit that is whole.
    pub fn pop(&mut self) -> Option<AccessUnit> {
        self.done.pop_front()
    }

    /// How many units were dropped because a part was missing, malformed or too much.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        self.last_timestamp = Some(open.timestamp);
        let data = open.whole.then(|| open.form.finish()).flatten();
        let Some(data) = data else {
            self.dropped += 1;
            self.gap = true;
            return;
        };
        self.done.push_back(AccessUnit {
            timestamp: open.timestamp,
            keyframe: match self.codec {
                Codec::Opus => true,
                // FFmpeg's payload descriptors call every picture one that refers to no other.
                Codec::Vp9 => is_vp9_keyframe(&data),
                _ => open.keyframe,
            },
            after_gap: std::mem::take(&mut self.gap),
            data,
        });
    }
}

/// A unit of which some packets came.
#[derive(Debug)]
struct Open {
    timestamp: u32,
    keyframe: bool,
    /// Nothing is missing so far.
    whole: bool,
    form: Form,
}

impl Open {
    fn new(codec: Codec, timestamp: u32, whole: bool) -> Self {
        Self {
            timestamp,
            keyframe: false,
            whole,
            form: match codec {
                Codec::Opus => Form::Opus(Vec::new()),
                Codec::Vp8 => Form::Vp8(Vp8::default()),
                Codec::Vp9 => Form::Vp9(Vp9::default()),
                Codec::H264 | Codec::H265 => Form::NalUnits(NalUnits::new(codec)),
                Codec::Av1 => Form::Obus(Obus::default()),
            },
        }
    }
}

/// How payloads become a unit.
#[derive(Debug)]
enum Form {
    Opus(Vec<u8>),
    Vp8(Vp8),
    Vp9(Vp9),
    NalUnits(NalUnits),
    Obus(Obus),
}

impl Form {
    /// Adds a payload. Returns whether it continues the unit as it must.
    fn append(&mut self, payload: &[u8]) -> bool {
        match self {
            Self::Opus(data) => {
                data.extend_from_slice(payload);
                Some(())
            }
            Self::Vp8(vp8) => vp8.append(payload),
            Self::Vp9(vp9) => vp9.append(payload),
            Self::NalUnits(units) => units.append(payload),
            Self::Obus(obus) => obus.append(payload),
        }
        .is_some()
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Opus(data) => data.len(),
            Self::Vp8(vp8) => vp8.data.len(),
            Self::Vp9(vp9) => vp9.data.len(),
            Self::NalUnits(units) => units.data.len(),
            Self::Obus(obus) => obus.bytes(),
        }
    }

    /// The unit's bytes; `None` where its end is missing.
    fn finish(self) -> Option<Vec<u8>> {
        match self {
            Self::Opus(data) => Some(data),
            Self::Vp8(vp8) => Some(vp8.data),
            Self::Vp9(vp9) => vp9.finish(),
            Self::NalUnits(units) => units.finish(),
            Self::Obus(obus) => obus.finish(),
        }
    }
}
