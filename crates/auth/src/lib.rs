//! Permissions: what a token allows its bearer to do.
//!
//! The edge of the server asks [`Tokens::verify`] once per request, and passes the
//! [`Permissions`] on. Nothing behind the edge sees a token: who may take over a stream is decided
//! by the [`Subject`].

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use thiserror::Error;

/// The tokens that all clients of a server share. `None`: nobody needs one for that.
///
/// A token of a higher role opens what a lower one needs: a host may publish, a publisher may
/// watch. Operators are others: their token opens nothing else.
#[derive(Clone, Default)]
pub struct Tokens {
    /// Needed to be a room's host.
    pub host: Option<String>,
    /// Needed to publish.
    pub publish: Option<String>,
    /// Needed to watch.
    pub watch: Option<String>,
    /// Needed to operate the server over its API. `None`: nobody may, unless no other token is set
    /// either.
    pub operate: Option<String>,
}

/// Whose token it is. Two requests with one subject come from the same person.
///
/// With shared tokens that is the token itself, also where the server needs none: a publisher
/// without an account can bring a secret of its own, to take its stream over later.
#[derive(Clone)]
pub struct Subject(Box<str>);

/// What one request may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// Whose request it is; `None` without a token.
    pub subject: Option<Subject>,
    host: Result<(), Denied>,
    publish: Result<(), Denied>,
    watch: Result<(), Denied>,
    operate: Result<(), NotOperator>,
}

/// Why something is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Denied {
    /// A token is needed, and none came.
    #[error("this needs a token: send `Authorization: Bearer …`")]
    TokenMissing,
    /// The token does not allow it.
    #[error("this token does not allow it")]
    TokenWrong,
}

/// Why a request may not operate the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotOperator {
    /// The operators' token is needed.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The server has tokens, but none for operators.
    #[error("no token for operators is set")]
    TokenNotSet,
}

impl Tokens {
    /// What the bearer of a token may do; `None`: the request brought none.
    pub fn verify(&self, token: Option<&str>) -> Permissions {
        let tokens = self.of_clients();
        let check = |role: usize| match tokens[role] {
            None => Ok(()),
            Some(_) => open(&tokens[..=role], token),
        };
        Permissions {
            subject: token.map(|token| Subject(token.into())),
            host: check(0),
            publish: check(1),
            watch: check(2),
            operate: self.operate(token),
        }
    }

    fn operate(&self, token: Option<&str>) -> Result<(), NotOperator> {
        match self.operate.as_deref() {
            Some(needed) => Ok(open(&[Some(needed)], token)?),
            None if self.of_clients().iter().all(Option::is_none) => Ok(()),
            None => Err(NotOperator::TokenNotSet),
        }
    }

    /// From the highest role to the lowest.
    fn of_clients(&self) -> [Option<&str>; 3] {
        [&self.host, &self.publish, &self.watch].map(Option::as_deref)
    }
}

impl Permissions {
    /// Whether the request may publish a stream.
    pub fn publish(&self) -> Result<(), Denied> {
        self.publish
    }

    /// Whether it may watch a stream.
    pub fn watch(&self) -> Result<(), Denied> {
        self.watch
    }

    /// Whether it may join a room, to watch.
    pub fn join_as_viewer(&self) -> Result<(), Denied> {
        self.watch
    }

    /// Whether it may join a room, to publish and to watch.
    pub fn join_as_publisher(&self) -> Result<(), Denied> {
        self.publish.and(self.watch)
    }

    /// Whether it may join a room as its host, who may also do all that a publisher may.
    pub fn join_as_host(&self) -> Result<(), Denied> {
        self.host.and(self.join_as_publisher())
    }

    /// Whether it may operate the server: read and change all rooms and streams.
    pub fn operate(&self) -> Result<(), NotOperator> {
        self.operate
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        is_same_secret(&self.0, &other.0)
    }
}

impl Eq for Subject {}

impl fmt::Debug for Subject {
    /// A subject may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}

impl fmt::Debug for Tokens {
    /// Says which tokens are set, and none of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("host", &self.host.is_some())
            .field("publish", &self.publish.is_some())
            .field("watch", &self.watch.is_some())
            .field("operate", &self.operate.is_some())
            .finish()
    }
}

/// Whether a token is one of these.
fn open(opening: &[Option<&str>], token: Option<&str>) -> Result<(), Denied> {
    let token = token.ok_or(Denied::TokenMissing)?;
    let mut opening = opening.iter().flatten();
    match opening.any(|needed| is_same_secret(needed, token)) {
        true => Ok(()),
        false => Err(Denied::TokenWrong),
    }
}

/// Compares in a time that does not tell how much of the text was right.
fn is_same_secret(a: &str, b: &str) -> bool {
    verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: Result<(), Denied> = Err(Denied::TokenMissing);
    const WRONG: Result<(), Denied> = Err(Denied::TokenWrong);

    fn tokens(host: &str, publish: &str, watch: &str) -> Tokens {
        let set = |token: &str| (!token.is_empty()).then(|| token.to_owned());
        Tokens {
            host: set(host),
            publish: set(publish),
            watch: set(watch),
            operate: None,
        }
    }

    #[test]
    fn server_without_tokens_allows_all() {
        let anybody = Tokens::default().verify(None);
        assert_eq!(anybody.join_as_host(), Ok(()));
        assert_eq!(anybody.subject, None);
    }

    #[test]
    fn higher_token_opens_what_lower_ones_need() {
        let all = tokens("host", "publish", "watch");
        for (token, host, publisher, viewer) in [
            (Some("host"), Ok(()), Ok(()), Ok(())),
            (Some("publish"), WRONG, Ok(()), Ok(())),
            (Some("watch"), WRONG, WRONG, Ok(())),
            (Some("watcH"), WRONG, WRONG, WRONG),
            (Some("watchh"), WRONG, WRONG, WRONG),
            (None, MISSING, MISSING, MISSING),
        ] {
            let permissions = all.verify(token);
            assert_eq!(permissions.join_as_host(), host, "{token:?}");
            assert_eq!(permissions.join_as_publisher(), publisher, "{token:?}");
            assert_eq!(permissions.join_as_viewer(), viewer, "{token:?}");
            assert_eq!(permissions.publish(), publisher, "{token:?}");
            assert_eq!(permissions.watch(), viewer, "{token:?}");
        }
    }

    #[test]
    fn role_without_token_needs_those_of_lower_roles() {
        let publishing = tokens("", "publish", "");
        assert_eq!(publishing.verify(None).join_as_host(), MISSING);
        assert_eq!(publishing.verify(Some("publish")).join_as_host(), Ok(()));
        assert_eq!(publishing.verify(None).join_as_viewer(), Ok(()));
        let watching = tokens("", "", "watch");
        assert_eq!(watching.verify(Some("x")).join_as_host(), WRONG);
        assert_eq!(watching.verify(Some("watch")).join_as_publisher(), Ok(()));
        // Who joins a room also watches; who only sends a stream does not.
        assert_eq!(watching.verify(None).publish(), Ok(()));
        assert_eq!(watching.verify(None).join_as_publisher(), MISSING);
    }

    #[test]
    fn subject_is_the_token_even_where_none_is_needed() {
        let open = Tokens::default();
        let subject = |token| open.verify(Some(token)).subject;
        assert_eq!(subject("mine"), subject("mine"));
        assert_ne!(subject("mine"), subject("yours"));
        assert_ne!(subject("mine"), None);
    }

    #[test]
    fn operators_need_a_token_of_their_own() {
        let own = Tokens {
            operate: Some("operate".to_owned()),
            ..tokens("host", "", "")
        };
        let operate = |token| own.verify(token).operate();
        assert_eq!(
            operate(None),
            Err(NotOperator::Denied(Denied::TokenMissing))
        );
        for token in ["host", "operatE", "operate "] {
            let wrong = Err(NotOperator::Denied(Denied::TokenWrong));
            assert_eq!(operate(Some(token)), wrong, "{token}");
        }
        assert_eq!(operate(Some("operate")), Ok(()));
        assert_eq!(own.verify(Some("operate")).join_as_host(), WRONG);
    }

    #[test]
    fn api_without_token_is_open_only_where_everything_is() {
        for (tokens, expected) in [
            (tokens("", "", ""), Ok(())),
            (tokens("", "", "watch"), Err(NotOperator::TokenNotSet)),
            (tokens("host", "", ""), Err(NotOperator::TokenNotSet)),
        ] {
            assert_eq!(tokens.verify(None).operate(), expected);
            assert_eq!(tokens.verify(Some("host")).operate(), expected);
        }
    }

    #[test]
    fn debug_output_has_no_token() {
        let all = Tokens {
            operate: Some("operate-secret".to_owned()),
            ..tokens("host-secret", "publish-secret", "watch-secret")
        };
        let text = format!("{all:?} {:?}", all.verify(Some("publish-secret")));
        assert!(!text.contains("secret"), "{text}");
    }
}
