//! The crate at its edge: with itself, with the library alone, and with programs of others.

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
