use rtp::Kind;

/// What this side can ask the remote to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A track of this kind.
    Media(Kind),
    /// Data channels (RFC 8841).
    Channels,
}
