use std::fmt;

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
    pub(super) fn of(profile: dtls::SrtpProfile) -> Self {
        match profile {
            dtls::SrtpProfile::Aes128CmSha1_80 => Self::Aes128CmSha1,
            dtls::SrtpProfile::AeadAes128Gcm => Self::Aes128Gcm,
            dtls::SrtpProfile::AeadAes256Gcm => Self::Aes256Gcm,
        }
    }

    pub(super) fn key_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1 | Self::Aes128Gcm => 16,
            Self::Aes256Gcm => 32,
        }
    }

    pub(super) fn salt_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1 => 14,
            Self::Aes128Gcm | Self::Aes256Gcm => 12,
        }
    }
}
