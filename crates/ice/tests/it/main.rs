//! The agent at its edge: datagrams and time in, datagrams and the selected path out.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod checks;
mod client;
mod handshake;
mod hostile;
mod moving;
mod restarts;
