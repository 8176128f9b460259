//! ICE for a server with a public address: STUN messages, a lite agent and the paths that it has
//! proved.
//!
//! Clients send connectivity checks and the agent answers them (RFC 8445 §2.5). Beyond that, the
//! agent probes an address itself before media moves there: a correct check shows only that its
//! sender knows the password, not that its source address wants the media.
//!
//! Deliberately absent: sockets, clocks, candidate gathering, check lists and remote candidates.
//! A client behind any NAT is reached at the source address of its checks.
#![forbid(unsafe_code)]

pub mod agent;
mod credentials;
mod path;
pub mod stun;

pub use agent::{Agent, Handled, Reason};
pub use credentials::{Credentials, CredentialsError};
pub use path::{Path, Protocol};
pub use stun::request_ufrag;
