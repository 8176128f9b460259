//! Compound RTCP packets (RFC 3550 §6.1) of what is to be said at one moment.

use rtp::rtcp::{self, ReportBlock};

/// Bytes of a compound before it is sealed: a datagram passes every path with them.
const BYTES_MAX: usize = 1_200;

/// Blocks of one report: their count has five bits.
const BLOCKS_MAX: usize = 31;

/// The name that this side's sources share, for a peer that sends nothing.
const CNAME: &str = "headwater";

/// Gathers packets into compounds. Each begins with a report, since clients that have not agreed
/// on reduced sizes (RFC 5506) expect that.
pub(super) struct Compounds<'a, F: FnMut(Vec<u8>)> {
    sender: u32,
    bytes: Vec<u8>,
    send: &'a mut F,
}

impl<'a, F: FnMut(Vec<u8>)> Compounds<'a, F> {
    pub(super) fn new(sender: u32, send: &'a mut F) -> Self {
        Self {
            sender,
            bytes: Vec::new(),
            send,
        }
    }

    /// Reports begin compounds: they are to be added first.
    pub(super) fn reports(&mut self, blocks: &[ReportBlock]) {
        for blocks in blocks.chunks(BLOCKS_MAX) {
            self.finish();
            rtcp::write_receiver_report(&mut self.bytes, self.sender, blocks);
            rtcp::write_cname(&mut self.bytes, self.sender, CNAME);
        }
    }

    /// Adds one packet of up to about a datagram.
    pub(super) fn add(&mut self, packet: &[u8]) {
        if self.bytes.len() + packet.len() > BYTES_MAX {
            self.finish();
        }
        if self.bytes.is_empty() {
            rtcp::write_receiver_report(&mut self.bytes, self.sender, &[]);
        }
        self.bytes.extend_from_slice(packet);
    }

    /// Sends one packet in a datagram of its own, to a client that has agreed on that.
    pub(super) fn alone(&mut self, packet: &[u8]) {
        (self.send)(packet.to_vec());
    }

    /// Sends what is left.
    pub(super) fn finish(&mut self) {
        if !self.bytes.is_empty() {
            (self.send)(std::mem::take(&mut self.bytes));
        }
    }
}
