use std::fmt;

// Credentials are drawn here: randomness passed in by a caller might accidentally be guessable.
use aws_lc_rs::rand as secure_random;
use thiserror::Error;

/// 48 bits: collisions among a server's sessions are negligible, and a ufrag fits into 8 bytes.
/// RFC 8839 §5.4 asks for 24 bits at least.
const UFRAG_LENGTH: usize = 8;
/// 192 bits. RFC 8839 §5.4 asks for 128 bits at least.
const PWD_LENGTH: usize = 32;
/// RFC 8839 §5.4: both strings have at most 256 characters.
const LENGTH_MAX: usize = 256;

/// ice-char of RFC 8839 §5.4. 64 characters, so six random bits choose one without bias.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The username fragment (ufrag) and the password of one side, as in `a=ice-ufrag` and
/// `a=ice-pwd`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    ufrag: Box<str>,
    pwd: Box<str>,
}

impl Credentials {
    /// Takes the credentials of a description.
    ///
    /// # Errors Refuses empty strings, more than 256 characters, and characters that USERNAME
    /// cannot hold. The minimum lengths of RFC 8839 §5.4 are not enforced: short secrets weaken
    /// only their owner.
    pub fn new(ufrag: &str, pwd: &str) -> Result<Self, CredentialsError> {
        let fits = |text: &str| (1..=LENGTH_MAX).contains(&text.len());
        if !fits(ufrag) || !fits(pwd) {
            return Err(CredentialsError::Length);
        }
        if !ufrag
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':')
            || !pwd.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(CredentialsError::Character);
        }
        Ok(Self {
            ufrag: ufrag.into(),
            pwd: pwd.into(),
        })
    }

    /// Draws new credentials from the cryptographic random source: a ufrag of 8 and a password of
    /// 32 characters.
    pub fn generate() -> Self {
        let mut random = [0; UFRAG_LENGTH + PWD_LENGTH];
        fill_random(&mut random);
        let text: String = random
            .iter()
            .filter_map(|byte| ICE_CHARS.get(usize::from(byte % 64)))
            .map(|&char| char::from(char))
            .collect();
        let (ufrag, pwd) = text.split_at(UFRAG_LENGTH);
        Self {
            ufrag: ufrag.into(),
            pwd: pwd.into(),
        }
    }

    /// The username fragment: public, used to route datagrams.
    pub fn ufrag(&self) -> &str {
        &self.ufrag
    }

    /// The password: secret, used as the key of MESSAGE-INTEGRITY.
    pub fn pwd(&self) -> &str {
        &self.pwd
    }
}

impl fmt::Debug for Credentials {
    /// Leaves out the password: more people read logs than may send as this peer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

/// Why a ufrag or a password of a description is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CredentialsError {
    /// Empty, or over 256 characters.
    #[error("ice-ufrag and ice-pwd must have 1 to 256 characters")]
    Length,
    /// A space, a control character, a character outside ASCII, or ':' in the ufrag.
    #[error("ice-ufrag or ice-pwd contains a character that is not allowed")]
    Character,
}

/// Fills `bytes` from the cryptographic random source.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    secure_random::fill(bytes).expect("the system's random source never fails once it is seeded");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_credentials_differ_and_are_ice_chars() {
        let (one, two) = (Credentials::generate(), Credentials::generate());
        assert_ne!(one, two);
        assert_eq!((one.ufrag().len(), one.pwd().len()), (8, 32));
        for byte in one.ufrag().bytes().chain(one.pwd().bytes()) {
            assert!(ICE_CHARS.contains(&byte));
        }
    }

    #[test]
    fn malformed_credentials_are_refused_with_the_reason() {
        let refusal = |ufrag: &str, pwd: &str| Credentials::new(ufrag, pwd).unwrap_err();
        assert_eq!(refusal("", "pwd"), CredentialsError::Length);
        assert_eq!(refusal("u", &"p".repeat(257)), CredentialsError::Length);
        assert_eq!(refusal("a:b", "pwd"), CredentialsError::Character);
        assert_eq!(refusal("ab", "p w"), CredentialsError::Character);
        assert!(Credentials::new("FFmp-1=", "any:pwd").is_ok());
    }

    #[test]
    fn debug_output_hides_the_password() {
        let credentials = Credentials::new("open", "secret").unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("open") && !shown.contains("secret"));
    }
}
