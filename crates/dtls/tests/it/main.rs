//! The crate at its edge: against itself, against the library on its own, and against OpenSSL and
//! GnuTLS.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "tests may panic, and talk to other programs over sockets"
)]

mod drops;
mod hostile;
mod library;
mod pair;
mod strangers;
mod support;
