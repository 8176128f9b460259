//! The two ciphers of SRTP, with their nonces and tags.

use aws_lc_rs::aead::{self, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

/// Bytes of the tag of AES-GCM (RFC 7714 §12) and of HMAC-SHA1-80 (RFC 3711 §5.2).
pub(super) const GCM_TAG: usize = 16;
pub(super) const SHA1_TAG: usize = 10;

/// The word with the E bit and the index at the end of an SRTCP packet (RFC 3711 §3.4).
pub(super) const INDEX: usize = 4;
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// Bytes of an RTCP packet before its encrypted part.
pub(super) const RTCP_HEADER: usize = 8;

/// Bytes of an AES block, and of the longest salt, which leaves room for the block counter.
pub(super) const BLOCK: usize = 16;
pub(super) const SALT_MAX: usize = 14;

/// One cipher with its session key and salt, and what authenticates its packets.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there are four of a connection; boxing costs every packet a load"
)]
pub(super) enum Cipher {
    Gcm {
        key: LessSafeKey,
        salt: [u8; aead::NONCE_LEN],
    },
    CmSha1 {
        key: EncryptingKey,
        salt: [u8; SALT_MAX],
        authentication: hmac::Key,
    },
}

impl Cipher {
    /// Creates AES-GCM; the key must have the length of the algorithm.
    pub(super) fn gcm(
        algorithm: &'static aead::Algorithm,
        key: &[u8],
        salt: [u8; aead::NONCE_LEN],
    ) -> Self {
        let key = UnboundKey::new(algorithm, key).expect("the key has the algorithm's length");
        Self::Gcm {
            key: LessSafeKey::new(key),
            salt,
        }
    }
}

/// Creates the key of AES in counter mode, of 16 or 32 bytes.
pub(super) fn counter_key(key: &[u8]) -> EncryptingKey {
    let algorithm = match key.len() {
        16 => &cipher::AES_128,
        _ => &cipher::AES_256,
    };
    let key = UnboundCipherKey::new(algorithm, key).expect("the key has the algorithm's length");
    EncryptingKey::ctr(key).expect("AES has a counter mode")
}

/// Encrypts or decrypts in counter mode, which is the same operation. Returns false when the
/// library fails.
#[inline]
pub(super) fn counter_mode(key: &EncryptingKey, block: [u8; BLOCK], text: &mut [u8]) -> bool {
    let context = EncryptionContext::Iv128(FixedLength::from(block));
    key.less_safe_encrypt(text, context).is_ok()
}

/// Builds the counter block of RFC 3711 §4.1.1: the salt combined with SSRC and index, and two
/// bytes for the block counter.
#[inline]
pub(super) fn cm_block(salt: &[u8; SALT_MAX], ssrc: u32, index: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..SALT_MAX].copy_from_slice(salt);
    exclusive_or(&mut block[4..8], &ssrc.to_be_bytes());
    exclusive_or(&mut block[8..14], &index.to_be_bytes()[2..]);
    block
}

/// Builds the nonce of an RTP packet (RFC 7714 §8.1).
#[inline]
pub(super) fn gcm_nonce(salt: &[u8; aead::NONCE_LEN], ssrc: u32, roc: u32, seq: u16) -> Nonce {
    let mut nonce = *salt;
    exclusive_or(&mut nonce[2..6], &ssrc.to_be_bytes());
    exclusive_or(&mut nonce[6..10], &roc.to_be_bytes());
    exclusive_or(&mut nonce[10..], &seq.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Builds the nonce of an RTCP packet (RFC 7714 §9.1).
#[inline]
pub(super) fn gcm_rtcp_nonce(salt: &[u8; aead::NONCE_LEN], ssrc: u32, index: u32) -> Nonce {
    let mut nonce = *salt;
    exclusive_or(&mut nonce[2..6], &ssrc.to_be_bytes());
    exclusive_or(&mut nonce[8..], &index.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Builds the associated data of an RTCP packet (RFC 7714 §9.2): the header in the clear, then the
/// word that is sent at the end of the packet.
#[inline]
pub(super) fn gcm_rtcp_aad(head: [u8; RTCP_HEADER], word: u32) -> [u8; RTCP_HEADER + INDEX] {
    let mut aad = [0; RTCP_HEADER + INDEX];
    aad[..RTCP_HEADER].copy_from_slice(&head);
    aad[RTCP_HEADER..].copy_from_slice(&word.to_be_bytes());
    aad
}

/// Computes the tag of HMAC-SHA1-80 over `text` and `more`: the rollover counter for RTP, nothing
/// for RTCP (RFC 3711 §4.2).
#[inline]
pub(super) fn sha1_tag(key: &hmac::Key, text: &[u8], more: &[u8]) -> [u8; SHA1_TAG] {
    let mut context = hmac::Context::with_key(key);
    context.update(text);
    context.update(more);
    let whole = context.sign();
    *whole.as_ref().first_chunk().expect("SHA-1 has 20 bytes")
}

fn exclusive_or(to: &mut [u8], with: &[u8]) {
    to.iter_mut().zip(with).for_each(|(to, with)| *to ^= with);
}

/// Reads the SSRC at the front of `bytes`.
#[inline]
pub(super) fn ssrc(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_be_bytes)
}
