//! Every known attack on connections, tried on a stream with 50 viewers. No viewer may lose a
//! packet, the server's memory stays within a named bound, and no session of the attack is left.
//!
//! An attack lasts two seconds. `HEADWATER_ATTACK_SECONDS=20` makes it longer and then requires a
//! delay of less than 50 ms for 99 % of the packets; `make soak` does so. `docs/attacks.md` has the
//! table of attacks, their bounds and these tests.
//!
//! On a machine with two or more cores the server has one to itself; attackers, publisher and
//! viewers share the others. Tests that follow each other use the same server.

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
