use thiserror::Error;

/// Why a description was not taken.
#[derive(Debug, Error)]
pub enum Error {
    /// It is no SDP.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// It is SDP, and the library does not take it.
    #[error("refused: {0}")]
    Refused(String),
    /// It answers an offer, and this peer waits for no answer.
    #[error("no offer waits for an answer")]
    NothingOffered,
}

/// Why a packet was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// Nothing can be sent on this line, or it has no such layer.
    #[error("nothing is sent on this line and layer")]
    NotSending,
    /// The remote takes no packets of this format.
    #[error("the remote does not take this format")]
    Codec,
    /// The payload is larger than the peer sends.
    #[error("the payload is too large")]
    TooLarge,
}
