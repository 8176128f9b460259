//! The server under load and under attack, as a process of its own.
//!
//! `HEADWATER_BIN` names another binary than the one that was built with the tests;
//! `HEADWATER_SOAK_S` makes the soak longer than its 20 seconds.

mod bench;
mod bodies;
mod datagrams;
mod half_open;
mod oversized;
mod server;
mod soak;
mod stream;
