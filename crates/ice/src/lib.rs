//! ICE for a server that everybody can reach: STUN messages, a lite agent and the paths it has proved.
//!
//! Clients check connectivity and the agent answers (RFC 8445 §2.5). On top of that it asks back
//! before media moves to another address: a correct check shows only that its sender knows the
//! password, not that its source address wants the media.
//!
//! Deliberately absent: sockets, clocks, candidate gathering, check lists and remote candidates.
//! A client behind any NAT is found by the source address of its checks.
#![forbid(unsafe_code)]

pub mod agent;
mod credentials;
mod path;
pub mod stun;

pub use agent::{Agent, Handled, Reason};
pub use credentials::{Credentials, CredentialsError};
pub use path::{Path, Protocol};
pub use stun::request_ufrag;
