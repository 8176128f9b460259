//! Tests at the edge of the crate: a peer and its negotiator in virtual time, against a client that
//! uses another WebRTC library.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod connecting;
mod ending;
mod forged;
mod hostile;
mod reports;
mod rng;
mod sending;
