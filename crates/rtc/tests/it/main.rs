//! The crate at its edge: a peer and its negotiator in virtual time, with a client by another
//! library at the other end.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod connecting;
mod ending;
mod forged;
mod hostile;
mod reports;
mod rng;
mod sending;
