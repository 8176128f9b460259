/// The DTLS role of this side (RFC 5763 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This side starts the handshake: `a=setup:active`.
    Client,
    /// The peer starts the handshake: `a=setup:passive`.
    Server,
}
