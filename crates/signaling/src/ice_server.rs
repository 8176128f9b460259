//! ICE servers in `Link` headers (RFC 8288, RFC 9725 §4.6).

use http::HeaderValue;

/// A STUN or TURN server that the server recommends to its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceServer {
    /// A `stun:`, `turn:` or `turns:` URL.
    pub url: String,
    /// The TURN user name; `None` for STUN.
    pub username: Option<String>,
    /// The TURN password; `None` for STUN.
    pub credential: Option<String>,
}

impl IceServer {
    /// Returns the value of the `Link` header, with credentials only when both parts are set.
    /// `None` when a part contains characters that a header cannot carry.
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

/// Escapes text for use inside a quoted-string (RFC 9110 §5.6.4).
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turn_link_has_quoted_credentials_and_stun_link_has_none() {
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
