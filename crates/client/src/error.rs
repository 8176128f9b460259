use thiserror::Error;

/// Why a session description was not accepted.
#[derive(Debug, Error)]
pub enum Error {
    /// The text is not valid SDP.
    #[error("not valid SDP: {0}")]
    Unreadable(String),
    /// The text is SDP, but the library rejects it.
    #[error("rejected by the client library: {0}")]
    Refused(String),
    /// The text is an answer, but this peer has no offer pending.
    #[error("no offer is pending")]
    NothingOffered,
}

/// Why a packet was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// This side does not send on the m-line, or the m-line has no such layer.
    #[error("this m-line sends no such layer")]
    NotSending,
    /// The remote did not negotiate a format that takes such packets.
    #[error("the remote did not negotiate this format")]
    Codec,
    /// The payload exceeds the peer's limit, [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX) unless
    /// raised.
    #[error("the payload is too large")]
    TooLarge,
}
