//! UDP sockets that receive and send many datagrams in one system call.
//!
//! The kernel joins datagrams of one sender on receipt (generic receive offload, GRO) and takes
//! several of one size to one destination at once (generic segmentation offload, GSO). Most of
//! what a small datagram costs is the way through the kernel, which they then go together.
#![forbid(unsafe_code)]

mod receive;
mod socket;

pub use receive::Received;
pub use socket::Socket;

#[cfg(test)]
mod tests;
