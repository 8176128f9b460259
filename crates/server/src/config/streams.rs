use serde::{Deserialize, Serialize};

/// `[streams]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Streams {
    /// Let viewers connect before the publisher does, and wait for it. Otherwise they get 404.
    pub(crate) viewers_wait: bool,
    /// Seconds without a publisher after which the viewers' sessions end.
    pub(crate) publisher_grace_s: u64,
    /// Refuse a PATCH without `If-Match` with 428.
    pub(crate) strict: bool,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            viewers_wait: true,
            publisher_grace_s: 300,
            strict: false,
        }
    }
}
