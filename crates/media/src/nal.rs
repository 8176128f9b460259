//! NAL units of H.264 (RFC 6184) and H.265 (RFC 7798).

use rtp::{Codec, Fragment, h264, h265};

/// Bytes of a unit's length.
const LENGTH_BYTES: usize = 4;

/// Joins packets to the NAL units of one access unit.
#[derive(Debug)]
pub(crate) struct NalUnits {
    codec: Codec,
    pub(crate) data: Vec<u8>,
    /// Place of the length of a unit that is in fragments, until its last one is here.
    open: Option<usize>,
}

impl NalUnits {
    pub(crate) fn new(codec: Codec) -> Self {
        Self {
            codec,
            data: Vec::new(),
            open: None,
        }
    }

    pub(crate) fn append(&mut self, payload: &[u8]) -> Option<()> {
        let fragment = match self.codec {
            Codec::H265 => h265::fragment(payload),
            _ => h264::fragment(payload),
        };
        if let Some(fragment) = fragment {
            return self.append_fragment(&fragment);
        }
        if self.open.is_some() {
            return None;
        }
        let before = self.data.len();
        match self.codec {
            Codec::H265 => h265::units(payload).try_for_each(|unit| self.add(unit)),
            _ => h264::units(payload).try_for_each(|unit| self.add(unit)),
        }?;
        // What is missing at the end of a packet, or is of a kind that nobody negotiates, leaves
        // fewer bytes than came.
        let read = self.data.len() - before;
        let is_single = read == LENGTH_BYTES + payload.len();
        (is_single || self.is_aggregate(payload, before)).then_some(())
    }

    /// Whether the units behind `before` are all of an aggregation packet: in it, too, each stands
    /// after its length, which has two bytes.
    fn is_aggregate(&self, payload: &[u8], before: usize) -> bool {
        let header = if self.codec == Codec::H265 { 2 } else { 1 };
        let units = nal_units(self.data.get(before..).unwrap_or_default());
        let mut count = 0;
        let bytes: usize = units
            .inspect(|_| count += 1)
            .map(|unit| 2 + unit.len())
            .sum();
        count > 0 && header + bytes == payload.len()
    }

    fn append_fragment(&mut self, fragment: &Fragment<'_>) -> Option<()> {
        if fragment.begins == self.open.is_some() {
            return None;
        }
        if fragment.begins {
            self.open = Some(self.data.len());
            self.data.extend_from_slice(&[0; LENGTH_BYTES]);
            self.data.extend_from_slice(fragment.header());
        }
        self.data.extend_from_slice(fragment.body);
        if fragment.ends {
            let begin = self.open.take()?;
            let length = u32::try_from(self.data.len() - begin - LENGTH_BYTES).ok()?;
            let place = self.data.get_mut(begin..begin + LENGTH_BYTES)?;
            place.copy_from_slice(&length.to_be_bytes());
        }
        Some(())
    }

    /// Adds a NAL unit; `None` if it is none, but a kind of packet.
    fn add(&mut self, unit: &[u8]) -> Option<()> {
        if nal_type(self.codec, unit)? > type_max(self.codec) {
            return None;
        }
        // A packet's unit is shorter than 64 KiB.
        self.data
            .extend_from_slice(&(unit.len() as u32).to_be_bytes());
        self.data.extend_from_slice(unit);
        Some(())
    }

    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        self.open.is_none().then_some(self.data)
    }
}

/// Whether an access unit delimiter stands first in this payload: nothing of its unit precedes it
/// (ITU-T H.264 §7.4.1.2.3, ITU-T H.265 §7.4.2.4.4).
pub(crate) fn begins_with_delimiter(codec: Codec, payload: &[u8]) -> bool {
    let (unit, delimiter) = match codec {
        Codec::H264 => (h264::units(payload).next(), 9),
        Codec::H265 => (h265::units(payload).next(), 35),
        _ => return false,
    };
    unit.and_then(|unit| nal_type(codec, unit)) == Some(delimiter)
}

/// The type of a NAL unit; `None` if its header is truncated.
fn nal_type(codec: Codec, unit: &[u8]) -> Option<u8> {
    match (codec, unit) {
        (Codec::H265, [first, _, ..]) => Some(first >> 1 & 0x3f),
        (Codec::H264, [header, ..]) => Some(header & 0x1f),
        _ => None,
    }
}

/// The highest type of a NAL unit: those above are kinds of packets (RFC 6184 §5.2, RFC 7798 §4.4).
fn type_max(codec: Codec) -> u8 {
    match codec {
        Codec::H265 => 47,
        _ => 23,
    }
}

/// The NAL units of an access unit. Ends at a truncated one.
pub(crate) fn nal_units(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, units) = rest.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (unit, behind) = units.split_at_checked(length)?;
        rest = behind;
        Some(unit)
    })
}
