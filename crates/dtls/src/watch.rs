//! Learns the record keys of DTLS 1.2, which the library does not expose.
//!
//! A connected endpoint of the library keeps the transcript, queues and buffers of the handshake,
//! and cannot free them. Closing a connection, and noticing that it was closed, needs only two keys
//! and a counter. So the ciphers that the library gets from its provider report the keys that they
//! are used with, and the endpoint drops the library after the handshake ([`crate::established`]).
//!
//! The HMAC reports the master secret, when the library derives keys from it: see
//! [`crate::secret`].
//!
//! Reports go through a thread-local variable, because providers are static. It is set and taken
//! within one call of the endpoint into the library, see [`during`].

use std::cell::Cell;
use std::fmt;

use dimpl::CryptoError;
use dimpl::crypto::{
    Aad, Buf, Cipher, CryptoProvider, Dtls12CipherSuite, HashAlgorithm, HmacProvider, Nonce,
    SupportedDtls12CipherSuite, TmpBuf, aws_lc_rs,
};

use crate::established::{Aead, Direction};
use crate::secret::Secret;

thread_local! {
    static SEEN: Cell<Keys> = const { Cell::new(NONE) };
}

const NONE: Keys = Keys {
    read: None,
    write: None,
    secret: None,
    aead: None,
};

/// The keys that have been reported so far.
#[derive(Default)]
pub(crate) struct Keys {
    /// The protection of the peer's records, and the sequence number of the last genuine one.
    pub(crate) read: Option<(Direction, u64)>,
    /// The protection of our records, and the sequence number of the last one.
    pub(crate) write: Option<(Direction, u64)>,
    /// The master secret.
    pub(crate) secret: Option<Secret>,
    /// The negotiated cipher.
    pub(crate) aead: Option<Aead>,
}

/// Adds to the report of the current call.
fn report(add: impl FnOnce(&mut Keys)) {
    let mut keys = SEEN.take();
    add(&mut keys);
    SEEN.set(keys);
}

/// Runs a call into the library, and adds the keys that it used to `keys`. A newer report replaces
/// an older one.
pub(crate) fn during<T>(keys: &mut Keys, call: impl FnOnce() -> T) -> T {
    SEEN.set(NONE);
    let result = call();
    let seen = SEEN.take();
    keys.read = seen.read.or(keys.read.take());
    keys.write = seen.write.or(keys.write.take());
    keys.secret = seen.secret.or(keys.secret.take());
    keys.aead = seen.aead.or(keys.aead);
    result
}

/// A provider with the library's suites that reports the keys. The rest is that of `inner`.
pub(crate) fn provider(inner: CryptoProvider) -> CryptoProvider {
    CryptoProvider {
        cipher_suites: &[
            &Watched(Dtls12CipherSuite::ECDHE_ECDSA_AES256_GCM_SHA384),
            &Watched(Dtls12CipherSuite::ECDHE_ECDSA_AES128_GCM_SHA256),
            &Watched(Dtls12CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256),
        ],
        hmac_provider: &WatchedHmac,
        ..inner
    }
}

/// A suite of the library's own provider, whose ciphers report their keys.
#[derive(Debug)]
struct Watched(Dtls12CipherSuite);

impl Watched {
    fn inner(&self) -> &'static dyn SupportedDtls12CipherSuite {
        let suites = aws_lc_rs::default_provider().cipher_suites;
        let found = suites.iter().find(|suite| suite.suite() == self.0);
        *found.expect("the library's own provider has these suites")
    }

    fn aead(&self) -> Aead {
        match self.0 {
            Dtls12CipherSuite::ECDHE_ECDSA_AES256_GCM_SHA384 => Aead::Aes256Gcm,
            Dtls12CipherSuite::ECDHE_ECDSA_AES128_GCM_SHA256 => Aead::Aes128Gcm,
            _ => Aead::ChaCha20Poly1305,
        }
    }
}

impl SupportedDtls12CipherSuite for Watched {
    fn suite(&self) -> Dtls12CipherSuite {
        self.0
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.inner().hash_algorithm()
    }

    fn key_lengths(&self) -> (usize, usize, usize) {
        self.inner().key_lengths()
    }

    fn explicit_nonce_len(&self) -> usize {
        self.inner().explicit_nonce_len()
    }

    fn tag_len(&self) -> usize {
        self.inner().tag_len()
    }

    fn create_cipher(&self, key: &[u8]) -> Result<Box<dyn Cipher>, CryptoError> {
        let mut copy = [0; 32];
        copy.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        report(|keys| keys.aead = Some(self.aead()));
        Ok(Box::new(WatchedCipher {
            inner: self.inner().create_cipher(key)?,
            aead: self.aead(),
            key: copy,
        }))
    }
}

/// The library's own HMAC, which reports the master secret.
#[derive(Debug)]
pub(crate) struct WatchedHmac;

impl HmacProvider for WatchedHmac {
    fn hmac(
        &self,
        hash: HashAlgorithm,
        key: &[u8],
        data: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        if let Some(secret) = Secret::used(hash, key, data) {
            report(|keys| keys.secret = Some(secret));
        }
        let provider = aws_lc_rs::default_provider().hmac_provider;
        provider.hmac(hash, key, data, out)
    }
}

struct WatchedCipher {
    inner: Box<dyn Cipher>,
    aead: Aead,
    key: [u8; 32],
}

impl WatchedCipher {
    /// The protection and the sequence number of a record. The additional data begin with epoch and
    /// sequence number (RFC 5246 §6.2.3.3).
    fn used(&self, aad: &Aad, nonce: &Nonce) -> (Direction, u64) {
        let number = aad.first_chunk::<8>().map_or(0, |n| u64::from_be_bytes(*n));
        let direction = Direction::new(self.aead, self.key, nonce.0, number);
        (direction, number & ((1 << 48) - 1))
    }
}

impl Cipher for WatchedCipher {
    fn encrypt(&mut self, plaintext: &mut Buf, aad: Aad, nonce: Nonce) -> Result<(), CryptoError> {
        let used = self.used(&aad, &nonce);
        self.inner.encrypt(plaintext, aad, nonce)?;
        report(|keys| keys.write = Some(used));
        Ok(())
    }

    fn decrypt(
        &mut self,
        ciphertext: &mut TmpBuf<'_>,
        aad: Aad,
        nonce: Nonce,
    ) -> Result<(), CryptoError> {
        let used = self.used(&aad, &nonce);
        self.inner.decrypt(ciphertext, aad, nonce)?;
        report(|keys| keys.read = Some(used));
        Ok(())
    }
}

impl fmt::Debug for WatchedCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedCipher").finish_non_exhaustive()
    }
}
