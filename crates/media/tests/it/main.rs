//! Streams of units in each codec, through packets and back, and those that FFmpeg sends.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "FFmpeg is at the other end of a socket"
)]

mod packets;
mod round_trip;
mod strangers;
mod units;
