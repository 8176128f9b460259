use thiserror::Error;

/// Why a packet was not sent. The caller counts these; a log line for each would be too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// The line does not exist or does not send, or the connection is not up yet.
    #[error("the m-line does not send")]
    NotSending,
    /// The remote did not accept the packet's codec.
    #[error("the remote did not accept this codec")]
    Codec,
    /// The payload is larger than [`PAYLOAD_BYTES_MAX`](crate::PAYLOAD_BYTES_MAX).
    #[error("the payload is too large")]
    TooLarge,
    /// The sequence number was used already, or is too far behind the newest one.
    #[error("the sequence number was used, or is too old")]
    Late,
}
