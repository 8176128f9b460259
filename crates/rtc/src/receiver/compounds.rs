//! Builds compound RTCP packets (RFC 3550 §6.1) from the RTCP that is due at one moment.

use rtp::rtcp::{self, ReportBlock};

/// Bytes of a compound before it is sealed: small enough for the MTU of every path.
const BYTES_MAX: usize = 1_200;

/// Blocks of one report: the count field has five bits.
const BLOCKS_MAX: usize = 31;

/// The CNAME of the receiver's RTCP, which belongs to no stream.
const CNAME: &str = "headwater";

/// Gathers RTCP packets into compounds. Each compound begins with a report, which clients without
/// reduced-size RTCP (RFC 5506) expect.
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

    /// Adds report blocks. Each report begins a compound, so this comes before [`Self::add`].
    pub(super) fn reports(&mut self, blocks: &[ReportBlock]) {
        for blocks in blocks.chunks(BLOCKS_MAX) {
            self.finish();
            rtcp::write_receiver_report(&mut self.bytes, self.sender, blocks);
            rtcp::write_cname(&mut self.bytes, self.sender, CNAME);
        }
    }

    /// Adds one packet; sends the compound so far if the packet no longer fits. A packet must fit
    /// into a datagram.
    pub(super) fn add(&mut self, packet: &[u8]) {
        if self.bytes.len() + packet.len() > BYTES_MAX {
            self.finish();
        }
        if self.bytes.is_empty() {
            rtcp::write_receiver_report(&mut self.bytes, self.sender, &[]);
        }
        self.bytes.extend_from_slice(packet);
    }

    /// Sends one packet in a datagram of its own. Only for clients with reduced-size RTCP.
    pub(super) fn alone(&mut self, packet: &[u8]) {
        (self.send)(packet.to_vec());
    }

    /// Sends the compound that was gathered, if there is one.
    pub(super) fn finish(&mut self) {
        if !self.bytes.is_empty() {
            (self.send)(std::mem::take(&mut self.bytes));
        }
    }
}
