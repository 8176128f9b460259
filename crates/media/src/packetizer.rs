use std::fmt;

use rtp::av1::write_leb128;
use rtp::{Codec, Kind};

use crate::AccessUnit;
use crate::nal::nal_units;
use crate::obu::obus;

/// Cuts access units into the payloads of RTP packets.
#[derive(Debug)]
pub struct Packetizer {
    codec: Codec,
    /// Bytes of a payload.
    payload_max: usize,
    /// Of VP8 and VP9, 15 bits.
    picture_id: u16,
}

/// What one packet carries of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The marker bit: for video, the last packet of a unit (RFC 6184 §5.1 and others).
    pub marker: bool,
    /// The RTP payload.
    pub data: Vec<u8>,
}

/// The bytes of a unit are not what its codec demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the unit is truncated, or not of its codec")
    }
}

impl std::error::Error for Malformed {}

/// Bytes that each payload has room for, besides descriptors.
const ROOM_MIN: usize = 64;

impl Packetizer {
    /// For units of this codec, and payloads of at most `payload_max` bytes; of fewer than 64, for
    /// such of 64.
    pub fn new(codec: Codec, payload_max: usize) -> Self {
        Self {
            codec,
            payload_max: payload_max.max(ROOM_MIN),
            picture_id: 0,
        }
    }

    /// Returns the payloads of a unit, in order.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where the unit cannot be taken apart.
    pub fn packetize(&mut self, unit: &AccessUnit) -> Result<Vec<Payload>, Malformed> {
        if unit.data.is_empty() {
            return Err(Malformed);
        }
        let payloads = match self.codec {
            Codec::Opus => vec![unit.data.clone()],
            Codec::Vp8 => self.vp8(&unit.data),
            Codec::Vp9 => self.vp9(unit),
            Codec::H264 | Codec::H265 => self.nal_units(&unit.data)?,
            Codec::Av1 => self.obus(unit)?,
        };
        let last = payloads.len() - 1;
        let is_video = self.codec.kind() == Kind::Video;
        let payload = |(place, data)| Payload {
            marker: is_video && place == last,
            data,
        };
        Ok(payloads.into_iter().enumerate().map(payload).collect())
    }

    fn next_picture_id(&mut self) -> [u8; 2] {
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        (self.picture_id | 0x8000).to_be_bytes()
    }

    /// RFC 7741 §4.2: X and I set, S in the first packet.
    fn vp8(&mut self, frame: &[u8]) -> Vec<Vec<u8>> {
        let [high, low] = self.next_picture_id();
        let pieces = frame.chunks(self.payload_max - 4).enumerate();
        pieces
            .map(|(place, piece)| {
                let begins = u8::from(place == 0) << 4;
                [&[0x80 | begins, 0x80, high, low][..], piece].concat()
            })
            .collect()
    }

    /// RFC 9628 §4.2: I in each packet, P of all but key frames, B in the first, E in the last. A
    /// superframe counts as one frame: the decoder reads its index.
    fn vp9(&mut self, unit: &AccessUnit) -> Vec<Vec<u8>> {
        let [high, low] = self.next_picture_id();
        let pieces = unit.data.chunks(self.payload_max - 3);
        let last = pieces.len() - 1;
        pieces
            .enumerate()
            .map(|(place, piece)| {
                let (begins, ends) = (u8::from(place == 0), u8::from(place == last));
                let first = 0x80 | u8::from(!unit.keyframe) << 6 | begins << 3 | ends << 2;
                [&[first, high, low][..], piece].concat()
            })
            .collect()
    }

    /// Each NAL unit by itself, or in fragments (RFC 6184 §5.8, RFC 7798 §4.4.3).
    fn nal_units(&self, data: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
        let mut payloads = Vec::new();
        let mut read = 0;
        for unit in nal_units(data) {
            read += 4 + unit.len();
            if unit.len() <= self.payload_max {
                payloads.push(unit.to_vec());
            } else {
                self.fragments(unit, &mut payloads)?;
            }
        }
        if read == data.len() {
            Ok(payloads)
        } else {
            Err(Malformed)
        }
    }

    fn fragments(&self, unit: &[u8], payloads: &mut Vec<Vec<u8>>) -> Result<(), Malformed> {
        let is_h265 = self.codec == Codec::H265;
        // The payload header with the type of a fragment, and the unit's own type.
        let (header, nal_type, body) = match unit {
            [first, second, body @ ..] if is_h265 => (
                vec![first & 0x81 | 49 << 1, *second],
                first >> 1 & 0x3f,
                body,
            ),
            [first, body @ ..] if !is_h265 => (vec![first & 0xe0 | 28], first & 0x1f, body),
            _ => return Err(Malformed),
        };
        let pieces = body.chunks(self.payload_max - header.len() - 1);
        let last = pieces.len().saturating_sub(1);
        for (place, piece) in pieces.enumerate() {
            let (begins, ends) = (u8::from(place == 0), u8::from(place == last));
            let fragment = begins << 7 | ends << 6 | nal_type;
            payloads.push([&header[..], &[fragment], piece].concat());
        }
        Ok(())
    }

    /// As many OBU elements in a packet as there is room for, each with its length (W = 0).
    fn obus(&self, unit: &AccessUnit) -> Result<Vec<Vec<u8>>, Malformed> {
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        // N: a coded video sequence begins.
        let mut payload = vec![u8::from(unit.keyframe) << 3];
        for obu in obus(&unit.data) {
            let element = obu.ok_or(Malformed)?.element();
            let mut rest = &element[..];
            loop {
                let room = self
                    .payload_max
                    .saturating_sub(payload.len() + LENGTH_BYTES);
                let (piece, behind) = rest.split_at_checked(room).unwrap_or((rest, &[]));
                if !piece.is_empty() {
                    write_leb128(piece.len(), &mut payload);
                    payload.extend_from_slice(piece);
                }
                rest = behind;
                if rest.is_empty() {
                    break;
                }
                // Y here and Z there, where the element was cut.
                let is_cut = !piece.is_empty();
                if let Some(header) = payload.first_mut() {
                    *header |= u8::from(is_cut) << 6;
                }
                payloads.push(std::mem::replace(&mut payload, vec![u8::from(is_cut) << 7]));
            }
        }
        payloads.push(payload);
        Ok(payloads)
    }
}

/// Bytes of an element's length, up to 2 MiB.
const LENGTH_BYTES: usize = 3;
