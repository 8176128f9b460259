use ice::Path;

use crate::datagrams::Datagrams;
use crate::srtp::Outbound;

/// Where one connected peer sends: its outbound keys, its path, and the buffer of datagrams.
///
/// All packets of a peer are sealed by the one [`Outbound`], so no nonce repeats (RFC 7714 §8.1).
#[derive(Debug)]
pub(crate) struct Outlet<'a> {
    pub(crate) srtp: &'a mut Outbound,
    pub(crate) path: Path,
    pub(crate) to: &'a mut Datagrams,
}

impl Outlet<'_> {
    /// Seals and sends the RTP packet that `write` appends to the buffer; `write` returns the
    /// length of its header. `index` is the sequence number extended by the rollover counter.
    /// Returns the size of the datagram in bytes.
    pub(crate) fn send_rtp(
        &mut self,
        index: u64,
        write: impl FnOnce(&mut Vec<u8>) -> usize,
    ) -> usize {
        let buffer = self.to.buffer();
        let start = buffer.len();
        let header = write(buffer);
        self.srtp.seal_rtp(buffer, start, header, index);
        let bytes = buffer.len() - start;
        self.to.commit(self.path, start);
        bytes
    }

    /// Seals and sends a compound RTCP packet of at least eight bytes.
    pub(crate) fn send_rtcp(&mut self, mut compound: Vec<u8>) {
        self.srtp.seal_rtcp(&mut compound);
        self.to.push(self.path, &compound);
    }
}
