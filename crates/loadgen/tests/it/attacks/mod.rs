//! Each attack on the connection that is known, on a stream with 50 viewers: none of them loses
//! a packet, the server's memory stays within a bound that has a name, and no session is left.
//!
//! An attack lasts two seconds; `HEADWATER_ATTACK_SECONDS=20` makes it longer, and then asks for a
//! delay of less than 50 ms of 99 % of the packets. `make soak` does. `docs/attacks.md` has the
//! table of the attacks, their bounds and these tests.
//!
//! The server has one core to itself and attackers, publisher and viewers have the others, where
//! there are two. One server serves tests that run one after the other.

mod arena;
mod handshakes;
mod hostile;
mod log_lines;
mod media;
mod offers;
mod patches;
mod paths;
mod raw_http;
mod reports;
mod strangers;
