//! Why a connection did not come about, or ended.

use crate::alert::Description;

/// Why a handshake failed. `Display` is one line for a log, [`Error::label`] a value for a metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The peer shows another certificate than its SDP names: another program answers, or the peer
    /// is broken.
    #[error("the peer's certificate does not match the fingerprint in its SDP")]
    FingerprintMismatch,
    /// None of the SDP's fingerprints uses a hash that is served (SHA-256, SHA-384, SHA-512).
    #[error("none of the fingerprints in the SDP uses SHA-256, SHA-384 or SHA-512")]
    UnsupportedFingerprint,
    /// The peer speaks neither DTLS 1.2 nor 1.3.
    #[error("the peer offers {offered:04x?} and neither DTLS 1.2 nor DTLS 1.3")]
    NoCommonVersion {
        /// The versions that it offers.
        offered: Vec<u16>,
    },
    /// No cipher suite is common.
    #[error("no common cipher suite: the peer offers {offered:04x?}")]
    NoCommonCipher {
        /// The cipher suites that the peer offers, at most 64 of them.
        offered: Vec<u16>,
    },
    /// No curve for the key exchange is common: X25519, P-256 and P-384 are served.
    #[error(
        "no common curve for the key exchange: the peer offers {offered:04x?}, served are X25519, P-256 and P-384"
    )]
    UnsupportedCurve {
        /// The named groups that the peer offers, at most 64 of them.
        offered: Vec<u16>,
    },
    /// The peer cannot verify ECDSA with P-256 and SHA-256, the kind of our certificate.
    #[error("the peer does not accept ECDSA signatures with P-256 and SHA-256")]
    NoCommonSignature,
    /// The peer does without the extended master secret (RFC 7627).
    #[error("the peer does not offer the extended master secret (RFC 7627)")]
    NoExtendedMasterSecret,
    /// There is no SRTP profile in common (RFC 5764): without it the handshake leads nowhere.
    #[error("no common SRTP profile: the peer offers {offered:04x?}")]
    NoSrtpProfile {
        /// The profiles that the peer offers, empty when it has no `use_srtp` at all.
        offered: Vec<u16>,
    },
    /// The peer gave no certificate, though one was asked for.
    #[error("the peer gave no certificate")]
    NoCertificate,
    /// The peer's certificate has a key that is not served.
    #[error("the peer's certificate has a key that is not served: {kind}")]
    UnsupportedCertificate {
        /// The kind of key, such as `ECDSA secp256k1`.
        kind: String,
    },
    /// The peer gave up.
    #[error("the peer gave up with alert {received}")]
    Alert {
        /// What it said.
        received: Description,
    },
    /// The handshake did not end within the time for it.
    #[error("the handshake did not end in time")]
    TimedOut,
    /// A message could not be understood.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The handshake broke off for another reason, such as a wrong signature.
    #[error("the handshake broke off: {0}")]
    Protocol(String),
}

impl Error {
    /// A short name of the cause, for a metric's label.
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

    /// What the peer is told before this side gives up; `None` when it gave up itself.
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
