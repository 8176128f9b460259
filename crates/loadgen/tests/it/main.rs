//! Tests of the server under load and under attack. The server runs as a process of its own.
//!
//! `HEADWATER_BIN` names another binary than the one built with the tests. `HEADWATER_SOAK_S` makes
//! the soak longer than its 10 seconds. `HEADWATER_FUZZ_STEPS` sets the number of steps that each
//! fuzzing participant takes, and `HEADWATER_FUZZ_SEED` repeats a run. `HEADWATER_ROOMS_FULL=1`
//! fills rooms with thousands of participants.

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
