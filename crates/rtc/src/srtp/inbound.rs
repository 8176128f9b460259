use aws_lc_rs::aead::Aad;
use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::cipher::{
    Cipher, ENCRYPTED, INDEX, RTCP_HEADER, SHA1_TAG, cm_block, counter_mode, gcm_nonce,
    gcm_rtcp_aad, gcm_rtcp_nonce, sha1_tag, ssrc,
};
use super::derivation::Session;

/// Opens the packets of one sending side.
#[derive(Debug)]
pub struct Inbound(pub(super) Session);

impl Inbound {
    /// Loads the keys into the cache.
    pub(crate) fn prefetch(&self) {
        self.0.prefetch();
    }

    /// Opens an SRTP packet in place. `header` is the length of its RTP header, `index` its
    /// sequence number extended by the rollover counter. Returns the payload with its padding;
    /// `None` when the packet is not authentic.
    pub fn open_rtp<'a>(
        &self,
        packet: &'a mut [u8],
        header: usize,
        index: u64,
    ) -> Option<&'a [u8]> {
        let ssrc = ssrc(packet.get(8..)?)?;
        match &self.0.rtp {
            Cipher::Gcm { key, salt } => {
                let (aad, sealed) = packet.split_at_mut_checked(header)?;
                let nonce = gcm_nonce(salt, ssrc, (index >> 16) as u32, index as u16);
                let opened = key.open_in_place(nonce, Aad::from(aad), sealed).ok()?;
                Some(opened)
            }
            Cipher::CmSha1 {
                key,
                salt,
                authentication,
            } => {
                let end = packet.len().checked_sub(SHA1_TAG)?;
                let roc = ((index >> 16) as u32).to_be_bytes();
                let (text, tag) = packet.split_at_mut(end);
                verify_slices_are_equal(&sha1_tag(authentication, text, &roc), tag).ok()?;
                let payload = text.get_mut(header..)?;
                let applied = counter_mode(key, cm_block(salt, ssrc, index), payload);
                applied.then_some(payload)
            }
        }
    }

    /// Reads SSRC and index of an SRTCP packet before it is authenticated; `None` when it is too
    /// short.
    pub fn rtcp_index(&self, packet: &[u8]) -> Option<(u32, u32)> {
        let word = match &self.0.rtcp {
            Cipher::Gcm { .. } => packet.last_chunk::<INDEX>()?,
            Cipher::CmSha1 { .. } => {
                let (text, _) = packet.split_last_chunk::<SHA1_TAG>()?;
                text.last_chunk::<INDEX>()?
            }
        };
        Some((
            ssrc(packet.get(4..)?)?,
            u32::from_be_bytes(*word) & !ENCRYPTED,
        ))
    }

    /// Opens an SRTCP packet in place. Returns the compound RTCP packet; `None` when it is not
    /// authentic. An AES-GCM packet without the E bit is refused as well.
    pub fn open_rtcp<'a>(&self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        let ssrc = ssrc(packet.get(4..)?)?;
        match &self.0.rtcp {
            Cipher::Gcm { key, salt } => {
                let (sealed, word) = packet.split_last_chunk_mut::<INDEX>()?;
                let index = u32::from_be_bytes(*word);
                if index & ENCRYPTED == 0 {
                    return None;
                }
                let head: [u8; RTCP_HEADER] = *sealed.first_chunk()?;
                let aad = gcm_rtcp_aad(head, index);
                let nonce = gcm_rtcp_nonce(salt, ssrc, index & !ENCRYPTED);
                let body = sealed.get_mut(RTCP_HEADER..)?;
                let opened = key.open_in_place(nonce, Aad::from(aad), body).ok()?.len();
                packet.get(..RTCP_HEADER + opened)
            }
            Cipher::CmSha1 {
                key,
                salt,
                authentication,
            } => {
                let (text, tag) = packet.split_last_chunk_mut::<SHA1_TAG>()?;
                verify_slices_are_equal(&sha1_tag(authentication, text, &[]), tag).ok()?;
                let (body, word) = text.split_last_chunk_mut::<INDEX>()?;
                let index = u32::from_be_bytes(*word);
                let end = body.len();
                if index & ENCRYPTED != 0 {
                    let block = cm_block(salt, ssrc, (index & !ENCRYPTED).into());
                    counter_mode(key, block, body.get_mut(RTCP_HEADER..)?).then_some(())?;
                }
                packet.get(..end)
            }
        }
    }
}
