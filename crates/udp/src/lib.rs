//! UDP sockets that receive and send many datagrams in one system call.
//!
//! On receipt, the kernel joins datagrams of one sender (generic receive offload, GRO). On sending,
//! it takes several datagrams of one size to one destination at once (generic segmentation offload,
//! GSO). Most of the cost of a small datagram is its way through the kernel, which the joined
//! datagrams share.
#![forbid(unsafe_code)]

mod receive;
mod socket;

pub use receive::Received;
pub use socket::Socket;

#[cfg(test)]
mod tests;
