//! The heart of Headwater: streams, their publishers and viewers, and which packet goes to which
//! viewer. Pure: time and randomness are arguments, and nothing does IO.
//!
//! It has two halves that never mix (see ARCHITECTURE.md): the control plane (`name`, `session` and
//! the rooms), where clarity comes first, and the data plane (`forward`), where nothing allocates,
//! locks or logs per packet.

pub mod direct;
pub mod forward;
mod name;
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
