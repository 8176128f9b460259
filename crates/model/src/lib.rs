//! Names, identities and statuses that all parts of a server share.
//!
//! Control plane and data plane know nothing of each other; both know these.

mod ids;
mod quality;
mod session;
mod stream_name;

pub use ids::{Location, ShardId, StreamId};
pub use quality::Quality;
pub use session::{
    Heard, IceFragment, LayerChoice, LayerStatus, Open, OpenError, Opened, Restarted, Role,
    SessionError, SessionId, StreamStatus, TrackStatus,
};
pub use stream_name::{STREAM_NAME_MAX, StreamName, StreamNameError};
