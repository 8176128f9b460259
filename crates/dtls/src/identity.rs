//! Our certificate, and the fingerprints by which the SDP identifies the peer's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;

use crate::{rival, watch, widen};

/// As the client: the time before a flight is repeated for the first time. FFmpeg never reads the
/// first datagram, so each of its users would wait for the RFC's second (RFC 6347 §4.2.4.1), which
/// is long for the paths of today. On a path with a longer round trip the repetition is
/// superfluous.
const FLIGHT_FIRST_WAIT: Duration = Duration::from_millis(100);

/// How often a flight is repeated. The wait doubles each time, so they last until
/// `HANDSHAKE_MAX` of the endpoint.
const FLIGHT_RETRIES: usize = 8;

/// A hash function of fingerprints (RFC 8122 §5). SHA-1 and older are not supported: every current
/// client sends SHA-256, and a weaker hash would be the weakest link of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// `sha-256`
    Sha256,
    /// `sha-384`
    Sha384,
    /// `sha-512`
    Sha512,
}

impl Hash {
    /// Returns the hash with this name in `a=fingerprint`, ignoring case; `None` if it is not
    /// supported.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|hash| hash.name().eq_ignore_ascii_case(name))
    }

    /// The name of the hash in `a=fingerprint`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        }
    }

    fn of(self, bytes: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes)
    }
}

/// The hash of a certificate, as in `a=fingerprint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash function.
    pub algorithm: Hash,
    /// The hash of the DER-encoded certificate.
    pub bytes: Vec<u8>,
}

impl Fingerprint {
    /// Whether this is the fingerprint of the certificate, which is in DER.
    pub fn matches(&self, certificate: &[u8]) -> bool {
        self.algorithm.of(certificate).as_ref() == self.bytes
    }
}

/// A certificate and its private key, generated once and shared by all endpoints of a process.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) certificate: dimpl::DtlsCertificate,
    fingerprint: [u8; 32],
    /// Settings are shared because building them runs tests of all the cryptography, which takes
    /// three quarters of a millisecond.
    pub(crate) server_12: Arc<dimpl::Config>,
    /// For a ClientHello that has brought a cookie back.
    pub(crate) cookie_12: Arc<dimpl::Config>,
    pub(crate) client_12: Arc<dimpl::Config>,
    pub(crate) any_13: Arc<dimpl::Config>,
}

impl Identity {
    /// Generates a self-signed certificate with an ECDSA key on P-256. Takes milliseconds.
    ///
    /// # Panics
    ///
    /// If the cryptographic library fails its own tests.
    pub fn generate() -> Self {
        let certificate = dimpl::certificate::generate_self_signed_certificate()
            .expect("a certificate of our own making");
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(Hash::Sha256.of(&certificate.certificate).as_ref());
        let plain = dimpl::crypto::aws_lc_rs::default_provider();
        let settings = |provider, cookie| {
            let settings = dimpl::Config::builder()
                .with_crypto_provider(provider)
                // Without a cookie, a forged ClientHello brings back one flight, see `repeat`.
                .use_server_cookie(cookie)
                .flight_start_rto(FLIGHT_FIRST_WAIT)
                .flight_retries(FLIGHT_RETRIES)
                .build();
            Arc::new(settings.expect("settings of our own making"))
        };
        let passive = widen::provider(watch::provider(plain.clone()));
        Self(Arc::new(Shared {
            certificate,
            fingerprint,
            server_12: settings(passive.clone(), false),
            cookie_12: settings(rival::provider(passive), true),
            client_12: settings(
                widen::active_provider(watch::provider(plain.clone())),
                false,
            ),
            any_13: settings(plain, false),
        }))
    }

    /// The SHA-256 hash of the certificate, for `a=fingerprint:sha-256`.
    pub fn fingerprint_sha256(&self) -> [u8; 32] {
        self.0.fingerprint
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_of_own_certificate_matches() {
        let identity = Identity::generate();
        let mut own = Fingerprint {
            algorithm: Hash::Sha256,
            bytes: identity.fingerprint_sha256().to_vec(),
        };
        assert!(own.matches(&identity.0.certificate.certificate));
        own.bytes[31] ^= 1;
        assert!(!own.matches(&identity.0.certificate.certificate));
    }

    #[test]
    fn hash_names_are_case_insensitive() {
        assert_eq!(Hash::from_name("SHA-256"), Some(Hash::Sha256));
        assert_eq!(Hash::from_name("sha-512"), Some(Hash::Sha512));
        assert_eq!(Hash::from_name("sha-1"), None);
    }
}
