use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use rtp::rtcp::TransportFeedback;
use rtp::{CaptureTime, Extensions, Packet, Rewrite, dependency_descriptor};

use super::sent_packets::SentPackets;
use super::types::Types;
use crate::extensions::ExtensionIds;
use crate::window::Window;

/// The fixed header (RFC 3550 §5.1).
const HEADER: usize = 12;
const VERSION: u8 = 2 << 6;

/// The header of an extension block: its form, and its length in words (RFC 8285 §4.1).
const EXTENSION_HEADER: usize = 4;
const ONE_BYTE_FORM: [u8; 2] = [0xbe, 0xde];
const TWO_BYTE_FORM: [u8; 2] = [0x10, 0x00];
const ONE_BYTE_ID_MAX: u8 = 14;
const ONE_BYTE_LENGTH_MAX: usize = 16;

/// Words of the window of used sequence numbers, 64 numbers each. A packet that lags further behind
/// the newest one is not sent.
const USED_WORDS: usize = 16;

/// The identity of an encoding on the wire: SSRCs, mid, extension ids and CNAME.
#[derive(Debug)]
pub(crate) struct EncodingConfig {
    pub(crate) ssrc: u32,
    pub(crate) rtx_ssrc: Option<u32>,
    pub(crate) mid: Box<str>,
    pub(crate) ids: ExtensionIds,
    pub(crate) cname: String,
}

/// One outgoing RTP stream, with the state for its retransmissions.
#[derive(Debug)]
pub(super) struct Encoding {
    pub(super) ssrc: u32,
    /// SSRC of retransmissions (RFC 4588 §5.3), and their next sequence number.
    pub(super) rtx: Option<(u32, u64)>,
    pub(super) mid: Box<str>,
    pub(super) ids: ExtensionIds,
    pub(super) cname: String,
    /// The receiver has reported on the SSRC, so it knows the m-line and the MID can be left out.
    pub(super) is_known: bool,
    /// The same for the RTX SSRC, which receivers learn separately (RFC 9143 §15): some of them
    /// ignore the declaration in the SDP.
    pub(super) rtx_is_known: bool,
    /// Transport-wide number of a retransmission that carried the MID, until feedback says whether
    /// it arrived.
    rtx_probe: Option<u16>,
    /// Sequence numbers that were used. Reusing one with other contents would give the key away
    /// (RFC 7714 §8.1).
    pub(super) used: Window<USED_WORDS>,
    pub(super) sent: SentPackets,
    pub(super) packets: u32,
    pub(super) bytes: u32,
    pub(super) last: Option<Last>,
    /// Cumulative losses that the receiver has reported.
    pub(super) lost: u32,
    /// The receiver has asked for a key frame, and the request was not passed on yet.
    pub(super) wants_keyframe: bool,
    /// The encoding has ended; its index may be reused.
    pub(super) is_over: bool,
}

/// What a sender report needs of the latest packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) timestamp: u32,
    pub(super) captured: Instant,
    pub(super) clock_rate: u32,
}

impl Last {
    /// Returns the RTP timestamp that corresponds to `now`.
    pub(super) fn timestamp_at(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.captured);
        self.timestamp
            .wrapping_add(rtp::seq::ticks(passed, self.clock_rate))
    }
}

/// A packet to write, with the fields that differ between viewers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) packet: &'a Packet,
    pub(super) payload: &'a [u8],
    pub(super) rewrite: &'a Rewrite,
    pub(super) payload_type: u8,
    pub(super) transport_seq: u16,
    pub(super) repeat: Repeat,
}

/// Whether a packet is a retransmission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It is sent for the first time.
    No,
    /// A retransmission on the RTX source (RFC 4588).
    Rtx { ssrc: u32, seq: u16 },
    /// An identical copy, for a receiver without RTX (RFC 4585 §6.2.1).
    Same { with_mid: bool },
}

impl Encoding {
    /// Creates an encoding that has sent nothing yet.
    pub(super) fn new(config: EncodingConfig) -> Self {
        Self {
            ssrc: config.ssrc,
            // RTX numbers begin at random, and the SSRC is random. They begin in the lower half, so
            // that a receiver that misses the first ones guesses no wrong rollover counter.
            rtx: config
                .rtx_ssrc
                .map(|ssrc| (ssrc, u64::from(ssrc as u16 >> 1))),
            mid: config.mid,
            ids: config.ids,
            cname: config.cname,
            is_known: false,
            rtx_is_known: false,
            rtx_probe: None,
            used: Window::default(),
            sent: SentPackets::default(),
            packets: 0,
            bytes: 0,
            last: None,
            lost: 0,
            wants_keyframe: false,
            is_over: false,
        }
    }

    /// Loads into the cache the state that the next packet needs.
    pub(super) fn prefetch(&self) {
        black_box((self.ssrc, self.packets, self.is_over));
        self.sent.prefetch();
    }

    /// Appends the packet's header and payload in the clear. Returns the header's length.
    pub(super) fn write(&self, to: &mut Vec<u8>, out: &Outgoing<'_>) -> usize {
        let start = to.len();
        let (ssrc, seq) = match out.repeat {
            Repeat::Rtx { ssrc, seq } => (ssrc, seq),
            Repeat::No | Repeat::Same { .. } => (self.ssrc, out.rewrite.seq as u16),
        };
        let padding = match out.repeat {
            // Without RTX the copy must be identical to the last byte.
            Repeat::No | Repeat::Same { .. } => out.rewrite.padding,
            Repeat::Rtx { .. } => 0,
        };
        let first = VERSION | u8::from(padding > 0) << 5;
        let marker = u8::from(out.packet.marker) << 7;
        to.extend_from_slice(&[first, marker | out.payload_type]);
        to.extend_from_slice(&seq.to_be_bytes());
        to.extend_from_slice(&out.rewrite.timestamp.to_be_bytes());
        to.extend_from_slice(&ssrc.to_be_bytes());
        self.write_extensions(to, start, out);
        let header = to.len() - start;
        if matches!(out.repeat, Repeat::Rtx { .. }) {
            to.extend_from_slice(&(out.rewrite.seq as u16).to_be_bytes());
        }
        let payload = to.len();
        to.extend_from_slice(out.payload);
        if let Some(picture) = &out.rewrite.picture {
            picture.write(out.packet.format.codec, &mut to[payload..]);
        }
        if padding > 0 {
            // Zeros, then a last byte with the count, which includes itself (RFC 3550 §5.1).
            to.resize(to.len() + usize::from(padding) - 1, 0);
            to.push(padding);
        }
        header
    }

    fn write_extensions(&self, to: &mut Vec<u8>, start: usize, out: &Outgoing<'_>) {
        let ids = &self.ids;
        let extensions = &out.packet.extensions;
        let two_byte = self.needs_two_bytes(extensions);
        to.extend_from_slice(&[0; EXTENSION_HEADER]);
        let mut block = Block { to, two_byte };
        block.put(ids.transport_seq, &out.transport_seq.to_be_bytes());
        if self.names_mid(out.repeat) {
            block.put(ids.mid, self.mid.as_bytes());
        }
        if let Some((level, voice)) = extensions.audio_level {
            block.put(ids.audio_level, &[u8::from(voice) << 7 | level.min(127)]);
        }
        if let Some(rotation) = extensions.rotation {
            block.put(ids.rotation, &[(rotation / 90 % 4) as u8]);
        }
        if let Some((min, max)) = extensions.playout_delay {
            // Twelve bits each.
            let both = u32::from(min.min(0xfff)) << 12 | u32::from(max.min(0xfff));
            block.put(ids.playout_delay, &both.to_be_bytes()[1..]);
        }
        if let Some(time) = &extensions.capture_time {
            block.put_capture_time(ids.abs_capture_time, time);
        }
        if let Some(descriptor) = &extensions.dependency_descriptor {
            let at = block.put(ids.dependency_descriptor, descriptor);
            let renumbered = out
                .rewrite
                .frame_number
                .and_then(|number| dependency_descriptor::renumbered(descriptor, number));
            if let (Some(at), Some(bytes)) = (at, renumbered)
                && let Some(place) = to.get_mut(at..at + bytes.len())
            {
                place.copy_from_slice(&bytes);
            }
        }
        finish(to, start, two_byte);
    }

    fn needs_two_bytes(&self, extensions: &Extensions) -> bool {
        let ids = &self.ids;
        let descriptor = extensions.dependency_descriptor.as_ref();
        descriptor.is_some_and(|d| ids.dependency_descriptor > 0 && d.len() > ONE_BYTE_LENGTH_MAX)
            || [
                ids.transport_seq,
                ids.mid,
                ids.audio_level,
                ids.rotation,
                ids.playout_delay,
                ids.dependency_descriptor,
                ids.abs_capture_time,
            ]
            .iter()
            .any(|id| *id > ONE_BYTE_ID_MAX)
    }

    /// Whether a packet carries the MID extension.
    fn names_mid(&self, repeat: Repeat) -> bool {
        match repeat {
            Repeat::No => !self.is_known,
            Repeat::Rtx { .. } => !self.rtx_is_known,
            Repeat::Same { with_mid } => with_mid,
        }
    }

    /// Whether this is the SSRC of the retransmissions.
    pub(super) fn is_rtx(&self, ssrc: u32) -> bool {
        self.rtx.is_some_and(|(rtx, _)| rtx == ssrc)
    }

    /// Takes the SSRC and the next sequence number for a retransmission; `None` without RTX.
    pub(super) fn next_rtx(&mut self) -> Option<(u32, u64)> {
        let (ssrc, next) = self.rtx.as_mut()?;
        let seq = *next;
        *next += 1;
        Some((*ssrc, seq))
    }

    /// Whether padding is possible. It takes RTX, since an identical copy has no transport-wide
    /// number of its own.
    pub(super) fn can_pad(&self) -> bool {
        self.ids.transport_seq > 0 && self.rtx.is_some()
    }

    /// Remembers the transport-wide number of a retransmission that carries the MID, unless one is
    /// pending.
    pub(super) fn probe_rtx(&mut self, transport_seq: u16) {
        if !self.rtx_is_known && self.ids.transport_seq > 0 && self.ids.mid > 0 {
            self.rtx_probe.get_or_insert(transport_seq);
        }
    }

    /// Learns from feedback whether the pending retransmission with the MID has arrived.
    pub(super) fn note_arrivals(&mut self, feedback: &TransportFeedback<'_>) {
        let Some(probe) = self.rtx_probe else {
            return;
        };
        let told = feedback.arrivals().find(|(seq, _)| *seq == probe);
        if let Some((_, arrived)) = told {
            self.rtx_is_known |= arrived.is_some();
            self.rtx_probe = None;
        }
    }

    /// Counts a packet that is sent for the first time.
    pub(super) fn count(&mut self, packet: &Packet, rewrite: &Rewrite, payload_bytes: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(payload_bytes as u32);
        self.last = Some(Last {
            timestamp: rewrite.timestamp,
            captured: packet.captured,
            clock_rate: packet.format.clock_rate,
        });
    }

    /// Keeps a packet for retransmission, if the receiver uses NACK or RTX.
    pub(super) fn record(
        &mut self,
        now_ms: u32,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        types: Types,
        transport_seq: u16,
    ) {
        if types.nack || (types.rtx.is_some() && self.rtx.is_some()) {
            let with_mid = !self.is_known;
            self.sent
                .push(now_ms, packet, rewrite, types, (transport_seq, with_mid));
        }
    }
}

/// Completes the extension block with its header and alignment, or removes it when it is empty.
fn finish(to: &mut Vec<u8>, start: usize, two_byte: bool) {
    let block = start + HEADER + EXTENSION_HEADER;
    if to.len() == block {
        to.truncate(start + HEADER);
        return;
    }
    let length = (to.len() - block).next_multiple_of(4);
    to.resize(block + length, 0);
    let form = if two_byte {
        TWO_BYTE_FORM
    } else {
        ONE_BYTE_FORM
    };
    let words = (length / 4) as u16;
    to[start] |= 0x10;
    to[start + HEADER..][..2].copy_from_slice(&form);
    to[start + HEADER + 2..][..2].copy_from_slice(&words.to_be_bytes());
}

/// An extension block that is being written.
struct Block<'a> {
    to: &'a mut Vec<u8>,
    two_byte: bool,
}

impl Block<'_> {
    /// Appends one element; returns where its value begins. An extension that was not negotiated,
    /// or whose value does not fit into an element, is left out.
    fn put(&mut self, id: u8, value: &[u8]) -> Option<usize> {
        let length = u8::try_from(value.len()).ok()?;
        if id == 0 || length == 0 {
            return None;
        }
        if self.two_byte {
            self.to.extend_from_slice(&[id, length]);
        } else if value.len() <= ONE_BYTE_LENGTH_MAX {
            self.to.push(id << 4 | (length - 1));
        } else {
            return None;
        }
        let at = self.to.len();
        self.to.extend_from_slice(value);
        Some(at)
    }

    /// Appends the absolute capture time, in the form that the publisher used: with or without the
    /// clock offset.
    fn put_capture_time(&mut self, id: u8, time: &CaptureTime) {
        let mut value = [0; 16];
        let (ntp, offset) = value.split_at_mut(8);
        ntp.copy_from_slice(&time.ntp.to_be_bytes());
        match time.clock_offset {
            Some(clock_offset) => {
                offset.copy_from_slice(&clock_offset.to_be_bytes());
                self.put(id, &value);
            }
            None => {
                self.put(id, ntp);
            }
        }
    }
}
