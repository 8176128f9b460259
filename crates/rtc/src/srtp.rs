//! SRTP and SRTCP with keys from the DTLS handshake (RFC 3711, RFC 5764, RFC 7714).
//!
//! Packets are sealed and opened in place, in the caller's buffer.

use std::fmt;
use std::hint::black_box;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use crate::window::Window;

/// Bytes of the tag of AES-GCM (RFC 7714 §12) and of HMAC-SHA1-80 (RFC 3711 §5.2).
const GCM_TAG: usize = 16;
const SHA1_TAG: usize = 10;

/// The most bytes by which sealing lengthens a packet: the tag, and the index of SRTCP.
pub const OVERHEAD_MAX: usize = GCM_TAG + INDEX;

/// The word with the E bit and the index at the end of an SRTCP packet (RFC 3711 §3.4).
const INDEX: usize = 4;
const ENCRYPTED: u32 = 1 << 31;

/// Bytes of an RTCP packet before its encrypted part.
const RTCP_HEADER: usize = 8;

/// Bytes of an AES block, and of the longest salt, which leaves room for the block counter.
const BLOCK: usize = 16;
const SALT_MAX: usize = 14;

/// Labels of the key derivation (RFC 3711 §4.3.1); those of SRTCP are three higher.
const LABEL_CIPHER: u8 = 0;
const LABEL_AUTHENTICATION: u8 = 1;
const LABEL_SALT: u8 = 2;
const LABEL_RTCP: u8 = 3;

const SHA1_KEY: usize = 20;

/// SSRCs whose SRTCP packets are tracked against replay; a further one replaces the oldest.
const REPLAY_SOURCES: usize = 4;

/// An SRTP protection profile (RFC 5764 §4.1.2, RFC 7714 §14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Aes128CmSha1,
    /// `SRTP_AEAD_AES_128_GCM`.
    Aes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    Aes256Gcm,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128CmSha1 => "AES_CM_128_HMAC_SHA1_80",
            Self::Aes128Gcm => "AEAD_AES_128_GCM",
            Self::Aes256Gcm => "AEAD_AES_256_GCM",
        })
    }
}

impl Protection {
    fn of(profile: dtls::SrtpProfile) -> Self {
        match profile {
            dtls::SrtpProfile::Aes128CmSha1_80 => Self::Aes128CmSha1,
            dtls::SrtpProfile::AeadAes128Gcm => Self::Aes128Gcm,
            dtls::SrtpProfile::AeadAes256Gcm => Self::Aes256Gcm,
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1 | Self::Aes128Gcm => 16,
            Self::Aes256Gcm => 32,
        }
    }

    fn salt_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1 => 14,
            Self::Aes128Gcm | Self::Aes256Gcm => 12,
        }
    }
}

/// The master keys of both directions of one connection.
#[derive(Clone)]
pub struct Keys {
    protection: Protection,
    /// The keys of client and server, then their salts (RFC 5764 §4.2).
    material: Vec<u8>,
    /// This side was the client of the DTLS handshake.
    client: bool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({:?})", self.protection)
    }
}

impl Keys {
    /// Takes the keys of a handshake; `None` when the material is too short for the profile.
    pub(crate) fn agreed(keys: &dtls::SrtpKeys) -> Option<Self> {
        let client = keys.role == dtls::Role::Client;
        Self::new(Protection::of(keys.profile), &keys.material, client)
    }

    /// Creates keys from the output of the DTLS exporter; `None` when `material` is too short for
    /// the profile. `client`: this side was the DTLS client.
    pub fn new(protection: Protection, material: &[u8], client: bool) -> Option<Self> {
        let length = 2 * (protection.key_bytes() + protection.salt_bytes());
        let material = material.get(..length)?.to_vec();
        Some(Self {
            protection,
            material,
            client,
        })
    }

    /// Returns the protection profile.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Derives the session keys for what this side receives.
    pub fn inbound(&self) -> Inbound {
        Inbound(self.session(!self.client))
    }

    /// Derives the session keys for what this side sends. Two results used for one SSRC would
    /// repeat nonces, which gives the key away: each must have SSRCs of its own.
    pub fn outbound(&self) -> Outbound {
        Outbound {
            session: self.session(self.client),
            rtcp_index: 0,
        }
    }

    fn session(&self, client: bool) -> Session {
        let (key, salt) = (self.protection.key_bytes(), self.protection.salt_bytes());
        let side = usize::from(!client);
        let (keys, salts) = self.material.split_at(2 * key);
        let master = Master {
            key: &keys[side * key..][..key],
            salt: &salts[side * salt..][..salt],
        };
        Session {
            rtp: Cipher::derive(self.protection, &master, 0),
            rtcp: Cipher::derive(self.protection, &master, LABEL_RTCP),
        }
    }
}

/// Opens the packets of one sending side.
#[derive(Debug)]
pub struct Inbound(Session);

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

/// Replay protection for SRTCP (RFC 3711 §3.3.2).
#[derive(Debug, Default)]
pub struct Replay {
    sources: [Option<(u32, Window<1>)>; REPLAY_SOURCES],
    next: usize,
}

impl Replay {
    /// Records an authentic packet; returns whether it is new. A packet too old for the window
    /// counts as replayed.
    pub fn is_new(&mut self, ssrc: u32, index: u32) -> bool {
        let mut known = self.sources.iter_mut().flatten();
        if let Some((_, window)) = known.find(|(source, _)| *source == ssrc) {
            return window.take(index.into());
        }
        let mut window = Window::default();
        window.take(index.into());
        self.sources[self.next] = Some((ssrc, window));
        self.next = (self.next + 1) % REPLAY_SOURCES;
        true
    }
}

/// Seals the packets that this side sends.
#[derive(Debug)]
pub struct Outbound {
    session: Session,
    rtcp_index: u32,
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

/// The session keys of one direction (RFC 3711 §4.3).
#[derive(Debug)]
struct Session {
    rtp: Cipher,
    rtcp: Cipher,
}

#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there are four of a connection; boxing costs every packet a load"
)]
enum Cipher {
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

impl Session {
    fn prefetch(&self) {
        for cipher in [&self.rtp, &self.rtcp] {
            black_box(
                match cipher {
                    Cipher::Gcm { salt, .. } => salt.first(),
                    Cipher::CmSha1 { salt, .. } => salt.first(),
                }
                .copied(),
            );
        }
    }
}

impl Cipher {
    fn derive(protection: Protection, master: &Master<'_>, labels: u8) -> Self {
        let mut key = [0; 32];
        let key = &mut key[..protection.key_bytes()];
        master.derive(labels + LABEL_CIPHER, key);
        let gcm = |algorithm: &'static aead::Algorithm| {
            let mut salt = [0; aead::NONCE_LEN];
            master.derive(labels + LABEL_SALT, &mut salt);
            Self::gcm(algorithm, key, salt)
        };
        match protection {
            Protection::Aes128Gcm => gcm(&aead::AES_128_GCM),
            Protection::Aes256Gcm => gcm(&aead::AES_256_GCM),
            Protection::Aes128CmSha1 => {
                let (mut salt, mut authentication) = ([0; SALT_MAX], [0; SHA1_KEY]);
                master.derive(labels + LABEL_SALT, &mut salt);
                master.derive(labels + LABEL_AUTHENTICATION, &mut authentication);
                Self::CmSha1 {
                    key: counter_key(key),
                    salt,
                    authentication: hmac::Key::new(
                        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                        &authentication,
                    ),
                }
            }
        }
    }

    fn gcm(algorithm: &'static aead::Algorithm, key: &[u8], salt: [u8; aead::NONCE_LEN]) -> Self {
        let key = UnboundKey::new(algorithm, key).expect("the key has the algorithm's length");
        Self::Gcm {
            key: LessSafeKey::new(key),
            salt,
        }
    }
}

struct Master<'a> {
    key: &'a [u8],
    salt: &'a [u8],
}

impl Master<'_> {
    /// Derives a session key: AES in counter mode over zeros (RFC 3711 §4.3.3, RFC 6188 §3.2). The
    /// key derivation rate is zero, so this happens once.
    fn derive(&self, label: u8, out: &mut [u8]) {
        let mut block = [0; BLOCK];
        block[..self.salt.len()].copy_from_slice(self.salt);
        block[7] ^= label;
        out.fill(0);
        counter_mode(&counter_key(self.key), block, out);
    }
}

fn counter_key(key: &[u8]) -> EncryptingKey {
    let algorithm = match key.len() {
        16 => &cipher::AES_128,
        _ => &cipher::AES_256,
    };
    let key = UnboundCipherKey::new(algorithm, key).expect("the key has the algorithm's length");
    EncryptingKey::ctr(key).expect("AES has a counter mode")
}

/// Encrypts or decrypts in counter mode, which is the same operation. Returns false when the
/// library fails.
fn counter_mode(key: &EncryptingKey, block: [u8; BLOCK], text: &mut [u8]) -> bool {
    let context = EncryptionContext::Iv128(FixedLength::from(block));
    key.less_safe_encrypt(text, context).is_ok()
}

/// Builds the counter block of RFC 3711 §4.1.1: the salt combined with SSRC and index, and two
/// bytes for the block counter.
fn cm_block(salt: &[u8; SALT_MAX], ssrc: u32, index: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..SALT_MAX].copy_from_slice(salt);
    exclusive_or(&mut block[4..8], &ssrc.to_be_bytes());
    exclusive_or(&mut block[8..14], &index.to_be_bytes()[2..]);
    block
}

/// Builds the nonce of an RTP packet (RFC 7714 §8.1).
fn gcm_nonce(salt: &[u8; aead::NONCE_LEN], ssrc: u32, roc: u32, seq: u16) -> Nonce {
    let mut nonce = *salt;
    exclusive_or(&mut nonce[2..6], &ssrc.to_be_bytes());
    exclusive_or(&mut nonce[6..10], &roc.to_be_bytes());
    exclusive_or(&mut nonce[10..], &seq.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Builds the nonce of an RTCP packet (RFC 7714 §9.1).
fn gcm_rtcp_nonce(salt: &[u8; aead::NONCE_LEN], ssrc: u32, index: u32) -> Nonce {
    let mut nonce = *salt;
    exclusive_or(&mut nonce[2..6], &ssrc.to_be_bytes());
    exclusive_or(&mut nonce[8..], &index.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Builds the associated data of an RTCP packet (RFC 7714 §9.2): the header in the clear, then the
/// word that is sent at the end of the packet.
fn gcm_rtcp_aad(head: [u8; RTCP_HEADER], word: u32) -> [u8; RTCP_HEADER + INDEX] {
    let mut aad = [0; RTCP_HEADER + INDEX];
    aad[..RTCP_HEADER].copy_from_slice(&head);
    aad[RTCP_HEADER..].copy_from_slice(&word.to_be_bytes());
    aad
}

/// Computes the tag of HMAC-SHA1-80 over `text` and `more`: the rollover counter for RTP, nothing
/// for RTCP (RFC 3711 §4.2).
fn sha1_tag(key: &hmac::Key, text: &[u8], more: &[u8]) -> [u8; SHA1_TAG] {
    let mut context = hmac::Context::with_key(key);
    context.update(text);
    context.update(more);
    let whole = context.sign();
    *whole.as_ref().first_chunk().expect("SHA-1 has 20 bytes")
}

fn exclusive_or(to: &mut [u8], with: &[u8]) {
    to.iter_mut().zip(with).for_each(|(to, with)| *to ^= with);
}

fn ssrc(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Protection; 3] = [
        Protection::Aes128CmSha1,
        Protection::Aes128Gcm,
        Protection::Aes256Gcm,
    ];

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
        digits.chunks(2).map(|d| (d[0] << 4 | d[1]) as u8).collect()
    }

    fn both_sides(protection: Protection) -> (Outbound, Inbound) {
        let material: Vec<u8> = (0..200).collect();
        let side = |client| Keys::new(protection, &material, client).unwrap();
        (side(true).outbound(), side(false).inbound())
    }

    #[test]
    fn session_keys_match_rfc_3711_appendix_b3() {
        let master = Master {
            key: &hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            salt: &hex("0EC675AD498AFEEBB6960B3AABE6"),
        };
        let derived = |label, length| {
            let mut out = vec![0; length];
            master.derive(label, &mut out);
            out
        };
        assert_eq!(
            derived(LABEL_CIPHER, 16),
            hex("C61E7A93744F39EE10734AFE3FF7A087")
        );
        assert_eq!(derived(LABEL_SALT, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(
            derived(LABEL_AUTHENTICATION, 20),
            hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
        );
    }

    #[test]
    fn sealed_packet_matches_rfc_7714_section_16() {
        let key: Vec<u8> = (0..16).collect();
        let salt = hex("517569642070726f2071756f").try_into().unwrap();
        let cipher = || Cipher::gcm(&aead::AES_128_GCM, &key, salt);
        let session = Session {
            rtp: cipher(),
            rtcp: cipher(),
        };
        let outbound = Outbound {
            session,
            rtcp_index: 0,
        };
        let mut packet = hex(
            "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120
             696e2070 61727465 73207472 6573",
        );
        outbound.seal_rtp(&mut packet, 0, 12, 0xf17b);
        let sealed = hex(
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
             42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
        );
        assert_eq!(packet, sealed);
    }

    #[test]
    fn sealed_packets_are_opened_by_the_other_side() {
        for protection in ALL {
            let (mut outbound, inbound) = both_sides(protection);
            let mut packet = vec![0x80; 100];
            let index = 3 << 16 | 7;
            outbound.seal_rtp(&mut packet, 0, 12, index);
            assert!(packet.len() <= 100 + OVERHEAD_MAX && packet[12..100] != [0x80; 88]);
            assert_eq!(
                inbound.open_rtp(&mut packet, 12, index),
                Some(&[0x80; 88][..])
            );
            for _ in 0..2 {
                let mut packet = vec![0x81; 40];
                outbound.seal_rtcp(&mut packet);
                assert!(packet.len() <= 40 + OVERHEAD_MAX && packet[8..40] != [0x81; 32]);
                assert_eq!(inbound.open_rtcp(&mut packet), Some(&[0x81; 40][..]));
            }
        }
    }

    #[test]
    fn altered_or_truncated_packets_are_refused() {
        for protection in ALL {
            let (mut outbound, inbound) = both_sides(protection);
            let (mut rtp, mut rtcp) = (vec![0x80; 60], vec![0x80; 60]);
            outbound.seal_rtp(&mut rtp, 0, 12, 7);
            outbound.seal_rtcp(&mut rtcp);
            for place in 0..rtp.len() {
                let mut changed = rtp.clone();
                changed[place] ^= 1;
                assert_eq!(inbound.open_rtp(&mut changed, 12, 7), None);
                assert_eq!(inbound.open_rtp(&mut rtp[..place].to_vec(), 12, 7), None);
            }
            for place in 0..rtcp.len() {
                let mut changed = rtcp.clone();
                changed[place] ^= 1;
                assert_eq!(inbound.open_rtcp(&mut changed), None);
                assert_eq!(inbound.open_rtcp(&mut rtcp[..place].to_vec()), None);
            }
            let wrapped = 7 + (1 << 16);
            assert_eq!(inbound.open_rtp(&mut rtp, 12, wrapped), None);
        }
    }

    #[test]
    fn srtcp_packet_yields_its_ssrc_and_index() {
        for protection in ALL {
            let (mut outbound, inbound) = both_sides(protection);
            for index in 0..2 {
                let mut packet = vec![0x81; 40];
                outbound.seal_rtcp(&mut packet);
                assert_eq!(inbound.rtcp_index(&packet), Some((0x8181_8181, index)));
                for end in 0..8 {
                    assert_eq!(inbound.rtcp_index(&packet[..end]), None);
                }
            }
        }
    }

    #[test]
    fn srtcp_packet_is_new_only_once() {
        let mut replay = Replay::default();
        let mut new = |index| replay.is_new(1, index);
        assert_eq!([new(100), new(100)], [true, false]);
        // Overtaken ones are new as long as they are among the latest 64.
        assert_eq!([new(37), new(37), new(36)], [true, false, false]);
        assert_eq!([new(101), new(37), new(100)], [true, false, false]);
    }

    #[test]
    fn each_source_has_its_own_srtcp_window() {
        let mut replay = Replay::default();
        for ssrc in 1..=4 {
            assert!(replay.is_new(ssrc, 7));
        }
        assert!((1..=4).all(|ssrc| !replay.is_new(ssrc, 7)));
        // One more takes the place of the oldest, and of no other.
        assert!(replay.is_new(5, 7));
        assert!((2..=5).all(|ssrc| !replay.is_new(ssrc, 7)));
    }
}
