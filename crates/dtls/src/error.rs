//! Why a handshake or a connection failed.

use crate::alert::Description;

/// Why a handshake or a connection failed. `Display` writes one line for a log, [`Error::label`]
/// gives the value of a metric's label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer presents another certificate than its SDP names: another program answers, or the
    /// peer is broken.
    #[error("the peer's certificate does not match the fingerprint in its SDP")]
    FingerprintMismatch,
    /// None of the SDP's fingerprints uses a supported hash (SHA-256, SHA-384, SHA-512).
    #[error("none of the fingerprints in the SDP uses SHA-256, SHA-384 or SHA-512")]
    UnsupportedFingerprint,
    /// The peer offers neither DTLS 1.2 nor DTLS 1.3.
    #[error("no common DTLS version: the peer offers {offered:04x?}, served are 1.2 and 1.3")]
    NoCommonVersion {
        /// The versions that the peer offers, at most 64 of them.
        offered: Vec<u16>,
    },
    /// There is no common cipher suite.
    #[error("no common cipher suite: the peer offers {offered:04x?}")]
    NoCommonCipher {
        /// The cipher suites that the peer offers, at most 64 of them.
        offered: Vec<u16>,
    },
    /// There is no common curve for the key exchange: X25519, P-256 and P-384 are served.
    #[error(
        "no common curve for the key exchange: the peer offers {offered:04x?}, served are X25519, P-256 and P-384"
    )]
    UnsupportedCurve {
        /// The named groups that the peer offers, at most 64 of them.
        offered: Vec<u16>,
    },
    /// The peer does not accept ECDSA with P-256 and SHA-256, which our certificate needs.
    #[error("the peer does not accept ECDSA signatures with P-256 and SHA-256")]
    NoCommonSignature,
    /// The peer does not offer the extended master secret (RFC 7627).
    #[error("the peer does not offer the extended master secret (RFC 7627)")]
    NoExtendedMasterSecret,
    /// There is no common SRTP profile (RFC 5764), so the handshake would be useless.
    #[error("no common SRTP profile: the peer offers {offered:04x?}")]
    NoSrtpProfile {
        /// The profiles that the peer offers, at most 64 of them; empty without `use_srtp`.
        offered: Vec<u16>,
    },
    /// The peer sent no certificate, although one was requested.
    #[error("the peer sent no certificate")]
    NoCertificate,
    /// The peer's certificate has a kind of key that is not supported.
    #[error("the key of the peer's certificate is not supported: {kind}")]
    UnsupportedCertificate {
        /// The kind of key, such as `ECDSA secp256k1`.
        kind: String,
    },
    /// The peer ended the handshake or the connection with an alert.
    #[error("the peer gave up with alert {received}")]
    Alert {
        /// The alert that the peer sent.
        received: Description,
    },
    /// The handshake did not complete in time.
    #[error("the handshake timed out")]
    TimedOut,
    /// A message or the certificate named here could not be parsed.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The handshake failed for another reason, such as a wrong signature.
    #[error("the handshake failed: {0}")]
    Protocol(String),
}

impl Error {
    /// A short name of the cause, as the value of a metric's label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::FingerprintMismatch => "fingerprint_mismatch",
            Self::UnsupportedFingerprint => "unsupported_fingerprint",
            Self::NoCommonVersion { .. } => "no_common_version",
            Self::NoCommonCipher { .. } => "no_common_cipher",
            Self::UnsupportedCurve { .. } => "unsupported_curve",
            Self::NoCommonSignature => "no_common_signature",
            Self::NoExtendedMasterSecret => "no_extended_master_secret",
            Self::NoSrtpProfile { .. } => "no_srtp_profile",
            Self::NoCertificate => "no_certificate",
            Self::UnsupportedCertificate { .. } => "unsupported_certificate",
            Self::Alert { .. } => "alert",
            Self::TimedOut => "timed_out",
            Self::Malformed(_) => "malformed",
            Self::Protocol(_) => "protocol",
        }
    }

    /// The alert to send to the peer; `None` if the peer gave up itself, or was never spoken to.
    pub(crate) fn alert(&self) -> Option<Description> {
        match self {
            Self::FingerprintMismatch => Some(Description::BAD_CERTIFICATE),
            Self::UnsupportedCertificate { .. } => Some(Description::UNSUPPORTED_CERTIFICATE),
            Self::NoCommonVersion { .. } => Some(Description::PROTOCOL_VERSION),
            Self::Malformed(_) => Some(Description::DECODE_ERROR),
            Self::Alert { .. } | Self::UnsupportedFingerprint => None,
            _ => Some(Description::HANDSHAKE_FAILURE),
        }
    }
}
