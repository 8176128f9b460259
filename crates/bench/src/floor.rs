//! The least that forwarding can cost: for each viewer and packet a header is written, the payload
//! is copied and sealed, and the packets of one viewer are handed to the kernel in one call.
//! Nothing is decided, remembered or measured.

use std::net::SocketAddr;
use std::time::Duration;

use rtc::srtp::Outbound;
use udp::Socket;

use crate::clock::cpu_time;
use crate::rig::{LOCALHOST, PAYLOAD_BYTES, Rig};

/// The fixed header, and one extension with the transport-wide sequence number.
const HEADER: usize = 12 + 4 + 4;

pub(crate) struct Floor {
    viewers: Vec<(SocketAddr, Outbound, u64)>,
    buffer: Vec<u8>,
    payload: Vec<u8>,
    pub(crate) packets: u64,
    pub(crate) seal: Duration,
    pub(crate) whole: Duration,
}

impl Floor {
    /// A floor with the viewers of the rig, under keys like theirs.
    pub(crate) fn new(rig: &Rig) -> Self {
        let viewer = |viewer: &crate::rig::Viewer| {
            let keys = viewer.keys.as_ref()?;
            Some((viewer.address, keys.outbound(), 1))
        };
        Self {
            viewers: rig.viewers.iter().filter_map(viewer).collect(),
            buffer: Vec::with_capacity(65_536),
            payload: vec![0x5a; PAYLOAD_BYTES],
            packets: 0,
            seal: Duration::ZERO,
            whole: Duration::ZERO,
        }
    }

    /// Forwards a burst of `count` packets to all viewers, once without and once with sending.
    pub(crate) fn burst(&mut self, socket: &Socket, count: usize) {
        let began = cpu_time();
        for viewer in 0..self.viewers.len() {
            self.fill(viewer, count);
        }
        let sealed = cpu_time();
        for viewer in 0..self.viewers.len() {
            let segment = self.fill(viewer, count);
            let to = self.viewers[viewer].0;
            // Packets that find the viewer's buffer full are lost.
            socket.send(to, LOCALHOST, &self.buffer, segment).ok();
        }
        self.seal += sealed - began;
        self.whole += cpu_time() - sealed;
        self.packets += (count * self.viewers.len()) as u64;
    }

    /// Seals `count` packets of a viewer into the buffer. Returns the size of each. Not inlined:
    /// valgrind finds it by its name.
    #[inline(never)]
    fn fill(&mut self, viewer: usize, count: usize) -> usize {
        let (_, keys, seq) = &mut self.viewers[viewer];
        self.buffer.clear();
        for _ in 0..count {
            let start = self.buffer.len();
            let mut header = [0; HEADER];
            header[0] = 0x90;
            header[1] = 96;
            header[2..4].copy_from_slice(&(*seq as u16).to_be_bytes());
            header[4..8].copy_from_slice(&(*seq as u32).to_be_bytes());
            // An SSRC that no viewer knows.
            header[8..12].copy_from_slice(&[1, 2, 3, 4]);
            header[12..16].copy_from_slice(&[0xbe, 0xde, 0, 1]);
            header[16] = 0x31;
            header[17..19].copy_from_slice(&(*seq as u16).to_be_bytes());
            self.buffer.extend_from_slice(&header);
            self.buffer.extend_from_slice(&self.payload);
            keys.seal_rtp(&mut self.buffer, start, HEADER, *seq);
            *seq += 1;
        }
        self.buffer.len() / count
    }
}
