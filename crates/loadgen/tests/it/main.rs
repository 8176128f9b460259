//! The server under load and under attack, as a process of its own.
//!
//! `HEADWATER_BIN` names another binary than the one that was built with the tests;
//! `HEADWATER_SOAK_S` makes the soak longer than its 20 seconds; `HEADWATER_FUZZ_STEPS` does the
//! same for the messages that nobody should send, `HEADWATER_FUZZ_SEED` repeats them.
//! `HEADWATER_ROOMS_FULL=1` fills rooms with thousands.

mod attacks;
mod bench;
mod bodies;
mod datagrams;
mod half_open;
mod oversized;
mod room_client;
mod room_fuzz;
mod rooms;
mod server;
mod soak;
mod stream;
mod trains;
