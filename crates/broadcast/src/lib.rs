//! What Headwater is about: streams, who publishes and who watches them, and which
//! packet goes to whom. Pure: time and randomness are arguments, nothing does IO.
//!
//! Two halves that never mix (see ARCHITECTURE.md): the control plane (`name`,
//! `session`, `registry`), where clarity comes first, and the data plane
//! (`forward`), where nothing allocates, locks or logs per packet.

pub mod direct;
pub mod forward;
mod name;
pub mod registry;
pub mod relay;
pub mod room;
mod session;
mod timers;
pub mod tree;

pub use name::{STREAM_NAME_MAX, StreamName, StreamNameError};
pub use session::{
    Heard, IceFragment, LayerChoice, LayerStatus, Open, OpenError, Opened, Restarted, Role,
    SessionError, SessionId, StreamStatus, TrackStatus,
};
