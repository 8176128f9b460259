//! Packets of units, and a receiver that joins them again.

use std::time::Instant;

use headwater_media::{AccessUnit, Depacketizer, Limits, Packetizer, Part, Reorder};
use rtp::Codec;

#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) seq: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: Vec<u8>,
}

/// The packets of these units, with numbers from `first` on.
pub(crate) fn packets(
    codec: Codec,
    units: &[AccessUnit],
    payload_max: usize,
    first: u16,
) -> Vec<Packet> {
    let mut packetizer = Packetizer::new(codec, payload_max);
    let mut packets = Vec::new();
    for unit in units {
        for payload in packetizer.packetize(unit).expect("a whole unit") {
            packets.push(Packet {
                seq: first.wrapping_add(packets.len() as u16),
                timestamp: unit.timestamp,
                marker: payload.marker,
                payload: payload.data,
            });
        }
    }
    packets
}

/// Puts packets in order and joins them.
pub(crate) struct Receiver {
    reorder: Reorder<Packet>,
    depacketizer: Depacketizer,
    /// What has come of the packets.
    pub(crate) units: Vec<AccessUnit>,
}

impl Receiver {
    pub(crate) fn new(codec: Codec, limits: Limits) -> Self {
        Self {
            reorder: Reorder::new(limits),
            depacketizer: Depacketizer::new(codec),
            units: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, now: Instant, packet: Packet) {
        self.reorder.push(now, packet.seq, packet);
        self.pass(now);
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, now: Instant) {
        while let Some((seq, packet)) = self.reorder.pop(now) {
            self.depacketizer.push(Part {
                seq,
                timestamp: packet.timestamp,
                marker: packet.marker,
                payload: &packet.payload,
            });
            let depacketizer = &mut self.depacketizer;
            self.units.extend(std::iter::from_fn(|| depacketizer.pop()));
        }
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.depacketizer.dropped()
    }
}
