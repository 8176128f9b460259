use aws_lc_rs::aead::Aad;

use super::cipher::{
    Cipher, ENCRYPTED, RTCP_HEADER, cm_block, counter_mode, gcm_nonce, gcm_rtcp_aad,
    gcm_rtcp_nonce, sha1_tag, ssrc,
};
use super::derivation::Session;

/// Seals the packets that this side sends.
#[derive(Debug)]
pub struct Outbound {
    pub(super) session: Session,
    pub(super) rtcp_index: u32,
}

impl Outbound {
    /// Loads the keys into the cache.
    pub(crate) fn prefetch(&self) {
        self.session.prefetch();
    }

    /// Seals the packet from `start` to the end of the buffer, and appends its tag. Its first
    /// `header` bytes stay in the clear. `index` is its sequence number extended by the rollover
    /// counter, and must not repeat for an SSRC unless the packet is the same to the last byte.
    ///
    /// Panics when the packet has no complete RTP header.
    pub fn seal_rtp(&self, buffer: &mut Vec<u8>, start: usize, header: usize, index: u64) {
        let packet = &mut buffer[start..];
        let ssrc = ssrc(&packet[8..]).expect("the packet has a header");
        match &self.session.rtp {
            Cipher::Gcm { key, salt } => {
                let nonce = gcm_nonce(salt, ssrc, (index >> 16) as u32, index as u16);
                let (aad, payload) = packet.split_at_mut(header);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), payload);
                buffer.extend_from_slice(
                    tag.expect("a packet is shorter than AES-GCM allows")
                        .as_ref(),
                );
            }
            Cipher::CmSha1 {
                key,
                salt,
                authentication,
            } => {
                counter_mode(key, cm_block(salt, ssrc, index), &mut packet[header..]);
                let roc = ((index >> 16) as u32).to_be_bytes();
                let tag = sha1_tag(authentication, packet, &roc);
                buffer.extend_from_slice(&tag);
            }
        }
    }

    /// Seals a compound RTCP packet, and appends its tag and index. Panics when it has fewer than
    /// eight bytes.
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) {
        let index = self.rtcp_index;
        self.rtcp_index = (self.rtcp_index + 1) & !ENCRYPTED;
        let word = (index | ENCRYPTED).to_be_bytes();
        let ssrc = ssrc(&packet[4..]).expect("the packet has a header");
        match &self.session.rtcp {
            Cipher::Gcm { key, salt } => {
                let (head, body) = packet.split_at_mut(RTCP_HEADER);
                let head: [u8; RTCP_HEADER] = head.try_into().expect("split there");
                let aad = gcm_rtcp_aad(head, index | ENCRYPTED);
                let nonce = gcm_rtcp_nonce(salt, ssrc, index);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), body);
                packet.extend_from_slice(
                    tag.expect("a packet is shorter than AES-GCM allows")
                        .as_ref(),
                );
                packet.extend_from_slice(&word);
            }
            Cipher::CmSha1 {
                key,
                salt,
                authentication,
            } => {
                counter_mode(
                    key,
                    cm_block(salt, ssrc, index.into()),
                    &mut packet[RTCP_HEADER..],
                );
                packet.extend_from_slice(&word);
                let tag = sha1_tag(authentication, packet, &[]);
                packet.extend_from_slice(&tag);
            }
        }
    }
}
