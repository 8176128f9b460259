//! Media that arrives before the DTLS handshake has completed on this side.

use rtp::Header;

use crate::srtp::{Inbound, Keys};

/// Keys with which a DTLS client verifies media while the DTLS server's Finished is missing.
/// FFmpeg sends its Finished only once, directly followed by media.
#[derive(Default)]
pub(crate) struct Early(Option<Box<Inbound>>);

impl Early {
    /// Whether the packet authenticates, which proves that the DTLS server has finished. The packet
    /// itself stays sealed: the receiver opens it. False when no keys are known yet.
    pub(crate) fn is_proved(&mut self, dtls: &dtls::Endpoint, packet: &[u8]) -> bool {
        if self.0.is_none() {
            let keys = dtls.early_keys();
            let keys = keys.and_then(|keys| Keys::agreed(&keys));
            self.0 = keys.map(|keys| Box::new(keys.inbound()));
        }
        let Some((keys, header)) = self.0.as_ref().zip(Header::read(packet)) else {
            return false;
        };
        // A source begins with the rollover counter at zero (RFC 3711 §3.3.1).
        let index = header.seq.into();
        let mut copy = packet.to_vec();
        keys.open_rtp(&mut copy, header.length, index).is_some()
    }
}
