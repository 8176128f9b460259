use ice::Path;

use crate::datagrams::Datagrams;
use crate::srtp::Outbound;

/// The way out of one connected peer: its keys, its path, and the buffer that goes to the kernel.
///
/// There is one sealing side for all that a peer sends, so no nonce comes twice (RFC 7714 §8.1).
#[derive(Debug)]
pub(crate) struct Outlet<'a> {
    pub(crate) srtp: &'a mut Outbound,
    pub(crate) path: Path,
    pub(crate) to: &'a mut Datagrams,
}

impl Outlet<'_> {
    /// Sends the RTP packet that `write` appends, of which it returns the header's length. `index`
    /// is its sequence number extended by the count of wraps. Returns the size of the datagram.
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

    /// Sends a compound RTCP packet of at least eight bytes.
    pub(crate) fn send_rtcp(&mut self, mut compound: Vec<u8>) {
        self.srtp.seal_rtcp(&mut compound);
        self.to.push(self.path, &compound);
    }
}
