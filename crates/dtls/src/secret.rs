//! The master secret of DTLS 1.2, and the keys that follow from it.
//!
//! The library does not expose the secret, and exports the SRTP keys only when the handshake is
//! complete. Both are needed earlier: to tell the peer's encrypted records from noise, and for a
//! server that has finished and does not repeat its Finished (`proof`).
//!
//! ```text
//! P_hash(secret, seed) = HMAC(secret, A(1) + seed) + HMAC(secret, A(2) + seed) + ...
//! A(0) = seed, A(i) = HMAC(secret, A(i-1))                                 RFC 5246 §5
//! key_block: client_write_key server_write_key client_write_IV server_write_IV    §6.3
//! ```

use std::fmt;

use aws_lc_rs::hmac;
use dimpl::crypto::HashAlgorithm;

use crate::established::{Aead, Direction};
use crate::hello::RANDOM;
use crate::keys::SrtpProfile;
use crate::role::Role;

/// Length in bytes of a master secret (RFC 5246 §8.1).
const MASTER: usize = 48;

const KEY_EXPANSION: &[u8] = b"key expansion";
/// The exporter label of RFC 5764 §4.2.
const EXPORT_SRTP: &[u8] = b"EXTRACTOR-dtls_srtp";

/// What the keys of one handshake are derived from. The extended master secret (RFC 7627) covers
/// the transcript up to the ClientKeyExchange, so both sides have the same secret only if they saw
/// the same messages.
#[derive(Clone)]
pub(crate) struct Secret {
    hash: hmac::Algorithm,
    master: [u8; MASTER],
    client_random: [u8; RANDOM],
    server_random: [u8; RANDOM],
}

impl Secret {
    /// Learns the secret when the library first derives keys from it: `key` and `data` are the
    /// inputs of its HMAC. `None` for an HMAC with another purpose.
    pub(crate) fn used(hash: HashAlgorithm, key: &[u8], data: &[u8]) -> Option<Self> {
        let seed = data.strip_prefix(KEY_EXPANSION)?;
        let (server_random, client_random) = seed.split_at_checked(RANDOM)?;
        Some(Self {
            hash: match hash {
                HashAlgorithm::SHA256 => hmac::HMAC_SHA256,
                HashAlgorithm::SHA384 => hmac::HMAC_SHA384,
                _ => return None,
            },
            master: key.try_into().ok()?,
            client_random: client_random.try_into().ok()?,
            server_random: server_random.try_into().ok()?,
        })
    }

    /// The protection of the peer's records. `own` is the role of this side.
    pub(crate) fn read(&self, aead: Aead, own: Role) -> Option<Direction> {
        let (key, fixed) = aead.lengths();
        let seed = [KEY_EXPANSION, &self.server_random, &self.client_random].concat();
        let block = self.expand(&seed, 2 * (key + fixed));
        let (keys, nonces) = block.split_at_checked(2 * key)?;
        let is_server = usize::from(own == Role::Client);
        let of_peer = |both: &[u8], length: usize, to: &mut [u8]| {
            let bytes = both.iter().skip(is_server * length).take(length);
            to.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        };
        let (mut own_key, mut nonce) = ([0; 32], [0; 12]);
        of_peer(keys, key, &mut own_key);
        of_peer(nonces, fixed, &mut nonce);
        Some(Direction::new(aead, own_key, nonce, 0))
    }

    /// The SRTP keys and salts of both sides (RFC 5705 §4, RFC 5764 §4.2).
    pub(crate) fn srtp(&self, profile: SrtpProfile) -> Vec<u8> {
        let seed = [EXPORT_SRTP, &self.client_random, &self.server_random].concat();
        self.expand(&seed, profile.material())
    }

    /// The first `length` bytes of `P_hash`.
    fn expand(&self, seed: &[u8], length: usize) -> Vec<u8> {
        let key = hmac::Key::new(self.hash, &self.master);
        let mut out = Vec::with_capacity(length + MASTER);
        let mut a = hmac::sign(&key, seed);
        while out.len() < length {
            let mut block = hmac::Context::with_key(&key);
            block.update(a.as_ref());
            block.update(seed);
            out.extend_from_slice(block.sign().as_ref());
            a = hmac::sign(&key, a.as_ref());
        }
        out.truncate(length);
        out
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}
