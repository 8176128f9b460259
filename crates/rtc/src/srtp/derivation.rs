//! Session keys from master keys (RFC 3711 §4.3).

use std::hint::black_box;

use aws_lc_rs::{aead, hmac};

use super::cipher::{BLOCK, Cipher, SALT_MAX, counter_key, counter_mode};
use super::protection::Protection;

/// Labels of the key derivation (RFC 3711 §4.3.1); those of SRTCP are three higher.
pub(super) const LABEL_CIPHER: u8 = 0;
pub(super) const LABEL_AUTHENTICATION: u8 = 1;
pub(super) const LABEL_SALT: u8 = 2;
const LABEL_RTCP: u8 = 3;

const SHA1_KEY: usize = 20;

/// The session keys of one direction (RFC 3711 §4.3).
#[derive(Debug)]
pub(super) struct Session {
    pub(super) rtp: Cipher,
    pub(super) rtcp: Cipher,
}

impl Session {
    /// Derives the keys of one direction from its master key and salt.
    pub(super) fn derive(protection: Protection, master: &Master<'_>) -> Self {
        Self {
            rtp: Cipher::derive(protection, master, 0),
            rtcp: Cipher::derive(protection, master, LABEL_RTCP),
        }
    }

    /// Loads the keys into the cache.
    pub(super) fn prefetch(&self) {
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
}

/// The master key and salt of one direction.
pub(super) struct Master<'a> {
    pub(super) key: &'a [u8],
    pub(super) salt: &'a [u8],
}

impl Master<'_> {
    /// Derives a session key: AES in counter mode over zeros (RFC 3711 §4.3.3, RFC 6188 §3.2). The
    /// key derivation rate is zero, so this happens once.
    pub(super) fn derive(&self, label: u8, out: &mut [u8]) {
        let mut block = [0; BLOCK];
        block[..self.salt.len()].copy_from_slice(self.salt);
        block[7] ^= label;
        out.fill(0);
        counter_mode(&counter_key(self.key), block, out);
    }
}
