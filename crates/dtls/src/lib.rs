//! DTLS with every client behind one type: the handshake, the keys for SRTP and what went wrong.
//!
//! An [`Endpoint`] does one handshake without IO or a clock: datagrams and times go in,
//! [`Output`]s come out. It checks the peer's certificate against the fingerprints of the SDP
//! (RFC 8122), hands over the keys for SRTP (RFC 5764) and then keeps only what closing and
//! application data need.
//!
//! The state machine is `dimpl`'s. Around it stands what that library leaves out, and why is in
//! `docs/decisions/0017-dtls.md`:
//!
//! - `hello`: the ClientHello is put together and judged before any handshake state exists, so a
//!   refusal has a reason and costs nothing.
//! - `widen`: RSA and P-521 certificates are asked for as well.
//! - `watch` and `established`: the keys of DTLS 1.2 are kept and the library is dropped.
//! - `pieces`: the library gets whole messages, however the peer cuts them.
//! - `screen`: noise is kept from the library, which would wait for it to make sense.
//! - `secret` and `proof`: sealed records that are noise never reach the library, and as the client a
//!   server is taken to have finished when it says what only it can say.
//! - As the passive side nothing is sent on a timer: the client's repetition is answered with ours
//!   (`repeat`), so a forged ClientHello brings back one flight.
//! - What anybody may have sent ends no handshake that goes on (`hearsay`), and a second ClientHello
//!   has to bring a cookie back (`rival`).
//!
//! `dimpl` logs through the crate `log` under the target `dimpl`. All it says is also returned as an
//! [`Error`]; a server switches that target off.

mod alert;
mod certificate;
mod endpoint;
mod error;
mod established;
mod handshake;
mod hearsay;
mod hello;
mod identity;
mod keys;
mod pieces;
mod proof;
mod repeat;
mod rival;
mod screen;
mod secret;
mod watch;
mod widen;
mod wire;

pub use alert::Description;
pub use endpoint::{Connected, Endpoint, Output, Role};
pub use error::Error;
pub use identity::{Fingerprint, Hash, Identity};
pub use keys::{SrtpKeys, SrtpProfile, Version};

/// The prefix of everything that the library logs, for a server's log filter (`dimpl=off`).
pub const LOG_TARGET: &str = "dimpl";
