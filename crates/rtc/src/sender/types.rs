use rtp::Packet;

/// How packets of one format are sent to this receiver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Types {
    pub(crate) payload_type: u8,
    /// Payload type of its retransmissions; `None` without RTX.
    pub(crate) rtx: Option<u8>,
    /// The receiver sends NACKs for lost packets.
    pub(crate) nack: bool,
    /// The receiver accepts redundant audio (RFC 2198).
    pub(crate) red: bool,
}

impl Types {
    /// Returns the payload to send: the primary block of redundant audio for a receiver without it.
    #[inline]
    pub(crate) fn payload<'a>(&self, packet: &'a Packet) -> &'a [u8] {
        match &packet.primary {
            Some(primary) if !self.red => primary,
            _ => &packet.payload,
        }
    }
}
