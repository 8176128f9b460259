//! The ICE (RFC 8839) and DTLS (RFC 8122, RFC 8842) parameters of a section.

use std::fmt;

use crate::error::Reason;
use crate::limits::{FINGERPRINT_BYTES_MAX, FINGERPRINTS_MAX, ICE_CREDENTIAL_MAX, ICE_OPTIONS_MAX};
use crate::line::{first_word, is_word};

/// How to reach and authenticate the client, for one section. The sections of a BUNDLE group share
/// one transport: that of the group's first section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transport {
    /// ICE username fragment.
    pub ice_ufrag: Option<String>,
    /// ICE password.
    pub ice_pwd: Option<String>,
    /// ICE options that the client supports, such as `trickle` and `renomination`.
    pub ice_options: Vec<String>,
    /// Hashes of the certificate that the client presents in the DTLS handshake.
    pub fingerprints: Vec<Fingerprint>,
    /// Which side starts the DTLS handshake.
    pub setup: Option<Setup>,
    /// Candidates as received, each beginning with `candidate:`. They may be malformed; see
    /// [`Candidate::parse`](crate::Candidate::parse).
    pub candidates: Vec<String>,
    /// Whether no more candidates will follow (RFC 8840 §8.2).
    pub end_of_candidates: bool,
}

impl Transport {
    /// Reads an attribute that is allowed at both session and section level. Returns `false` for
    /// any other attribute.
    pub(crate) fn read(&mut self, name: &str, value: &str) -> Result<bool, Reason> {
        match name {
            "ice-ufrag" => {
                let ufrag = ice_credential(value).ok_or(Reason::IceUfrag)?;
                self.ice_ufrag = Some(ufrag.to_owned());
            }
            "ice-pwd" => {
                let pwd = ice_credential(value).ok_or(Reason::IcePwd)?;
                self.ice_pwd = Some(pwd.to_owned());
            }
            "ice-options" => self.ice_options = ice_options(value),
            "fingerprint" => {
                let fingerprint = Fingerprint::parse(value)?;
                if self.fingerprints.len() < FINGERPRINTS_MAX {
                    self.fingerprints.push(fingerprint);
                }
            }
            "setup" => self.setup = Some(Setup::parse(value).ok_or(Reason::Setup)?),
            "end-of-candidates" => self.end_of_candidates = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Copies from the session level what this section lacks. Returns the number of bytes copied.
    pub(crate) fn inherit(&mut self, session: &Self) -> usize {
        let mut copied = 0;
        for (own, shared) in [
            (&mut self.ice_ufrag, &session.ice_ufrag),
            (&mut self.ice_pwd, &session.ice_pwd),
        ] {
            if let (None, Some(text)) = (&own, shared) {
                copied += text.len();
                *own = Some(text.clone());
            }
        }
        if self.ice_options.is_empty() {
            self.ice_options.clone_from(&session.ice_options);
            copied += self.ice_options.iter().map(String::len).sum::<usize>();
        }
        if self.fingerprints.is_empty() {
            self.fingerprints.clone_from(&session.fingerprints);
            let bytes = self.fingerprints.iter().map(|f| f.bytes.len());
            copied += bytes.sum::<usize>();
        }
        self.setup = self.setup.or(session.setup);
        self.end_of_candidates |= session.end_of_candidates;
        copied
    }
}

/// Returns `value` if it can be an ICE username fragment or password. RFC 8839 §5.4 allows
/// letters, digits, `+` and `/`. Clients also use the URL-safe base64 alphabet, so any printable
/// ASCII is accepted.
pub(crate) fn ice_credential(value: &str) -> Option<&str> {
    let fits = value.bytes().all(|b| b.is_ascii_graphic());
    (fits && (1..=ICE_CREDENTIAL_MAX).contains(&value.len())).then_some(value)
}

/// Splits the value of `ice-options` into its options.
pub(crate) fn ice_options(value: &str) -> Vec<String> {
    value
        .split_ascii_whitespace()
        .take(ICE_OPTIONS_MAX)
        .map(str::to_owned)
        .collect()
}

/// The hash of a certificate (RFC 8122 §5). Its text form is `sha-256 4A:AD:...`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// The name of the hash in lower case, such as `sha-256`.
    pub algorithm: String,
    /// The hash: 1 to [`FINGERPRINT_BYTES_MAX`] bytes. For a registered algorithm it has exactly
    /// the length of that algorithm's output.
    pub bytes: Vec<u8>,
}

impl Fingerprint {
    /// Parses `sha-256 4A:AD:...`, ignoring the case of both parts. Fails with
    /// [`Reason::Fingerprint`] or [`Reason::FingerprintLength`].
    pub fn parse(value: &str) -> Result<Self, Reason> {
        let (algorithm, hash) = first_word(value);
        let bytes = hash
            .split(':')
            // One byte beyond the limit is enough to refuse the fingerprint.
            .take(FINGERPRINT_BYTES_MAX + 1)
            .map(hex_byte)
            .collect::<Option<Vec<_>>>()
            .filter(|bytes| bytes.len() <= FINGERPRINT_BYTES_MAX && is_word(algorithm))
            .ok_or(Reason::Fingerprint)?;
        let algorithm = algorithm.to_ascii_lowercase();
        if hash_length(&algorithm).is_some_and(|length| length != bytes.len()) {
            return Err(Reason::FingerprintLength);
        }
        Ok(Self { algorithm, bytes })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.algorithm)?;
        for (index, byte) in self.bytes.iter().enumerate() {
            let before = if index == 0 { ' ' } else { ':' };
            write!(f, "{before}{byte:02X}")?;
        }
        Ok(())
    }
}

fn hex_byte(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| u8::from_str_radix(text, 16).ok())?
}

/// The length in bytes of a hash of RFC 8122 §5. `None` for any other algorithm: its length is not
/// checked.
fn hash_length(algorithm: &str) -> Option<usize> {
    match algorithm {
        "md5" => Some(16),
        "sha-1" => Some(20),
        "sha-224" => Some(28),
        "sha-256" => Some(32),
        "sha-384" => Some(48),
        "sha-512" => Some(64),
        _ => None,
    }
}

/// Which side starts the DTLS handshake (RFC 4145 §4, RFC 8842 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// The client that wrote the description starts.
    Active,
    /// The other side starts.
    Passive,
    /// The answer decides. Only offers have this value.
    ActPass,
    /// Neither side starts for now.
    HoldConn,
}

impl Setup {
    fn parse(value: &str) -> Option<Self> {
        [Self::Active, Self::Passive, Self::ActPass, Self::HoldConn]
            .into_iter()
            .find(|setup| setup.as_str().eq_ignore_ascii_case(value))
    }

    /// The value as it is written in the description.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
            Self::HoldConn => "holdconn",
        }
    }
}
