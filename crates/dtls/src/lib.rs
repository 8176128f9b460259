//! DTLS with any WebRTC client: the handshake, the SRTP keys, and the reason for a failure.
//!
//! An [`Endpoint`] does one handshake without IO or a clock: datagrams and times go in,
//! [`Output`]s come out. It checks the peer's certificate against the fingerprints of the SDP
//! (RFC 8122), exports the SRTP keys (RFC 5764) and then keeps only what closing and application
//! data need.
//!
//! The state machine is the library `dimpl`. The modules around it add what the library leaves out;
//! `docs/decisions/0017-dtls.md` gives the reasons:
//!
//! - `hello`: reassembles and checks the ClientHello before any handshake state exists, so that a
//!   refusal has a reason and costs nothing.
//! - `widen`: accepts RSA, P-224 and P-521 certificates as well.
//! - `watch` and `established`: keep the keys of DTLS 1.2, so that the library can be dropped.
//! - `pieces`: gives the library whole messages, however the peer fragments them.
//! - `screen`: keeps noise from the library, which would queue it and then fail.
//! - `secret` and `proof`: keep encrypted records that are noise from the library. As the client,
//!   they let data that only the server can have sent stand for a lost Finished.
//! - `repeat`: as the server, sends nothing on a timer. A repeated client flight is answered with
//!   ours, so that a forged ClientHello brings back one flight.
//! - `hearsay`: keeps datagrams that may be forged from ending a handshake that goes on.
//! - `rival`: asks a second, different ClientHello for a cookie.
//!
//! `dimpl` logs through the crate `log` under the target `dimpl`. Everything that it logs is also
//! returned as an [`Error`], so a server switches that target off.

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
mod role;
mod screen;
mod secret;
mod watch;
mod widen;
mod wire;

pub use alert::Description;
pub use endpoint::{Connected, Endpoint, Output};
pub use error::Error;
pub use identity::{Fingerprint, Hash, Identity};
pub use keys::{SrtpKeys, SrtpProfile, Version};
pub use role::Role;

/// The target of everything that the library logs, for a server's log filter (`dimpl=off`).
pub const LOG_TARGET: &str = "dimpl";
