//! The parameter sets of one video layer: what a decoder must have before it can start.
//!
//! H.264 has SPS and PPS, H.265 VPS, SPS and PPS, AV1 the sequence header. Encoders may send them
//! only once, before the first key frame (RFC 6184 §8.4), so the latest of each is kept for viewers
//! that join later.

use std::sync::Arc;
use std::time::Instant;

use crate::nal::Fragment;
use crate::set_id::SetId;
use crate::sprop::{SET_BYTES_MAX, SETS_MAX};
use crate::{Codec, Format, Packet, PayloadInfo, av1, cache, h264, h265};

/// A parameter set from the session description of a stream (`sprop-parameter-sets` and its like).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedSet {
    /// The format whose packets need the set.
    pub format: Format,
    /// A NAL unit without start code.
    pub unit: Vec<u8>,
}

/// The latest of each parameter set of a layer.
#[derive(Debug, Default)]
pub struct ParameterSets {
    /// In the order in which a decoder needs them: by type.
    kept: Vec<Kept>,
    partial: Option<Partial>,
}

#[derive(Debug)]
struct Kept {
    id: SetId,
    /// A packet that carries only the set.
    packet: Arc<Packet>,
    /// The set came in the stream, and `packet` has the numbers of the latest packet that carried
    /// it. Otherwise it came with the session description.
    in_band: bool,
}

/// A fragmented parameter set, as far as it was received.
#[derive(Debug)]
struct Partial {
    unit: Vec<u8>,
    first_seq: u64,
    next_seq: u64,
}

impl ParameterSets {
    /// Keeps the sets in a packet of the stream, which has [`PayloadInfo::parameter_sets`]. Sets
    /// older than the kept ones are ignored.
    pub fn take(&mut self, packet: &Packet) {
        let payload = &packet.payload;
        match packet.format.codec {
            Codec::H264 => {
                if let Some(fragment) = h264::fragment(payload) {
                    return self.take_fragment(packet, &fragment);
                }
                for unit in h264::units(payload) {
                    self.keep(packet, packet.seq, unit);
                }
            }
            Codec::H265 => {
                if let Some(fragment) = h265::fragment(payload) {
                    return self.take_fragment(packet, &fragment);
                }
                for unit in h265::units(payload) {
                    self.keep(packet, packet.seq, unit);
                }
            }
            Codec::Av1 => {
                if let Some(header) = av1::sequence_header(payload) {
                    self.keep(packet, packet.seq, header);
                }
            }
            Codec::Opus | Codec::Vp8 | Codec::Vp9 => {}
        }
    }

    /// Keeps a set from the session description, unless the stream itself has sent one, which is
    /// newer.
    pub fn offer(&mut self, now: Instant, set: &DescribedSet) {
        let DescribedSet { format, unit } = set;
        let Some(id) = set_id(format.codec, unit).filter(|_| unit.len() <= SET_BYTES_MAX) else {
            return;
        };
        let packet = set_packet(Packet::new(now, *format, payload(format.codec, unit)));
        match self.kept.iter_mut().find(|kept| kept.id == id) {
            Some(kept) if kept.in_band => {}
            Some(kept) => kept.packet = packet,
            None => self.insert(id, packet, false),
        }
    }

    /// Returns the sets that a viewer needs before a key frame that begins with `first`: one packet
    /// for each, with the timestamp of `first`. Returns none when packets of the key frame itself
    /// carry all of them, and none for AV1: see [`Self::completed`].
    pub fn before(&self, first: &Packet) -> Vec<Arc<Packet>> {
        let own = |kept: &Kept| {
            let sent = &kept.packet;
            kept.in_band && sent.seq >= first.seq && sent.timestamp == first.timestamp
        };
        if first.format.codec == Codec::Av1 || self.kept.iter().all(own) {
            return Vec::new();
        }
        let sets = self.kept.iter().map(|kept| {
            set_packet(Packet {
                seq: first.seq.saturating_sub(1),
                timestamp: first.timestamp,
                captured: first.captured,
                ..Packet::new(first.received, first.format, kept.packet.payload.clone())
            })
        });
        sets.collect()
    }

    /// Returns the first packet of an AV1 key frame with the sequence header that it lacks; `None`
    /// when it has one, or none is known. The header gets no packet of its own, as sets of other
    /// codecs do: the dependency descriptor says in which packet a frame begins.
    pub fn completed(&self, keyframe: &Packet) -> Option<Arc<Packet>> {
        if keyframe.format.codec != Codec::Av1 || keyframe.frame.parameter_sets {
            return None;
        }
        let header = av1::sequence_header(&self.kept.first()?.packet.payload)?;
        let payload = av1::with_sequence_header(&keyframe.payload, header)?;
        let frame = PayloadInfo {
            parameter_sets: true,
            ..keyframe.frame
        };
        Some(Arc::new(Packet {
            frame,
            payload: payload.into(),
            ..keyframe.clone()
        }))
    }

    /// Returns one packet for each set, with the numbers under which it was sent last.
    pub fn packets(&self) -> impl Iterator<Item = &Arc<Packet>> {
        self.kept.iter().map(|kept| &kept.packet)
    }

    /// Prepares for another sender, whose numbers do not compare with earlier ones. The kept sets
    /// stay until it sends its own: it may be the same encoder under another SSRC.
    pub fn restart(&mut self) {
        self.partial = None;
        self.kept.iter_mut().for_each(|kept| kept.in_band = false);
    }

    fn take_fragment(&mut self, packet: &Packet, fragment: &Fragment<'_>) {
        if fragment.begins {
            let unit = fragment.header().iter();
            self.partial = Some(Partial {
                unit: unit.copied().collect(),
                first_seq: packet.seq,
                next_seq: packet.seq,
            });
        }
        // A lost fragment ends the reassembly: the partial set is put back only if this one
        // continues it.
        let Some(mut partial) = self.partial.take() else {
            return;
        };
        let fits = partial.unit.len() + fragment.body.len() <= SET_BYTES_MAX;
        if partial.next_seq != packet.seq || !fits {
            return;
        }
        partial.next_seq += 1;
        partial.unit.extend_from_slice(fragment.body);
        if fragment.ends {
            self.keep(packet, partial.first_seq, &partial.unit);
        } else {
            self.partial = Some(partial);
        }
    }

    /// Keeps `unit`, if it is a parameter set, with the numbers of `packet`; but `seq` is that of
    /// the packet in which it began.
    fn keep(&mut self, packet: &Packet, seq: u64, unit: &[u8]) {
        let codec = packet.format.codec;
        let Some(id) = set_id(codec, unit).filter(|_| unit.len() <= SET_BYTES_MAX) else {
            return;
        };
        let known = self.kept.iter_mut().find(|kept| kept.id == id);
        // A late packet does not replace a newer set.
        if let Some(kept) = &known
            && kept.in_band
            && cache::is_late(packet, kept.packet.seq, kept.packet.timestamp)
        {
            return;
        }
        let payload = payload(codec, unit);
        let set = set_packet(Packet {
            seq,
            timestamp: packet.timestamp,
            captured: packet.captured,
            ..Packet::new(packet.received, packet.format, payload)
        });
        match known {
            Some(kept) => {
                kept.packet = set;
                kept.in_band = true;
            }
            None => self.insert(id, set, true),
        }
    }

    fn insert(&mut self, id: SetId, packet: Arc<Packet>, in_band: bool) {
        if self.kept.len() == SETS_MAX {
            let age = |(_, kept): &(usize, &Kept)| kept.packet.received;
            let oldest = self.kept.iter().enumerate().min_by_key(age);
            if let Some((oldest, _)) = oldest {
                self.kept.remove(oldest);
            }
        }
        // Ids sort by NAL type, which is the order that decoders need.
        let place = self.kept.partition_point(|kept| kept.id < id);
        let kept = Kept {
            id,
            packet,
            in_band,
        };
        self.kept.insert(place, kept);
    }
}

fn set_id(codec: Codec, unit: &[u8]) -> Option<SetId> {
    match codec {
        Codec::H264 => h264::set_id(unit),
        Codec::H265 => h265::set_id(unit),
        Codec::Av1 => av1::is_sequence_header(unit).then_some(SetId { nal_type: 0, id: 0 }),
        Codec::Opus | Codec::Vp8 | Codec::Vp9 => None,
    }
}

/// A payload that carries only this set.
fn payload(codec: Codec, unit: &[u8]) -> Vec<u8> {
    match codec {
        Codec::Av1 => av1::alone(unit),
        _ => unit.to_vec(),
    }
}

fn set_packet(packet: Packet) -> Arc<Packet> {
    let frame = PayloadInfo {
        parameter_sets: true,
        ..PayloadInfo::default()
    };
    Arc::new(Packet { frame, ..packet })
}

#[cfg(test)]
mod tests;
