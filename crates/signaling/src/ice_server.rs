//! ICE servers in `Link` headers (RFC 8288, RFC 9725 §4.6).

use http::HeaderValue;

/// One STUN or TURN server that clients are told to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:…` or `turn:…`.
    pub url: String,
    /// For TURN.
    pub username: Option<String>,
    /// For TURN.
    pub credential: Option<String>,
}

impl IceServer {
    /// The header's value; `None` when something in it cannot stand in a header.
    pub fn link(&self) -> Option<HeaderValue> {
        let mut link = format!("<{}>; rel=\"ice-server\"", self.url);
        if let (Some(username), Some(credential)) = (&self.username, &self.credential) {
            link += &format!(
                "; username=\"{}\"; credential=\"{}\"; credential-type=\"password\"",
                quoted(username),
                quoted(credential)
            );
        }
        HeaderValue::try_from(link).ok()
    }
}

/// The inside of a quoted-string (RFC 9110 §5.6.4).
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turn_carries_quoted_credentials_and_stun_none() {
        let stun = IceServer {
            url: "stun:a:3478".into(),
            username: None,
            credential: None,
        };
        assert_eq!(
            stun.link(),
            Some(HeaderValue::from_static(
                "<stun:a:3478>; rel=\"ice-server\""
            ))
        );
        let turn = IceServer {
            url: "turn:a:3478?transport=udp".into(),
            username: Some("u\"1".into()),
            credential: Some("p".into()),
        };
        let link = turn.link().expect("plain characters");
        assert!(link.to_str().is_ok_and(|l| {
            l.contains(r#"username="u\"1"; credential="p"; credential-type="password""#)
        }));
    }
}
