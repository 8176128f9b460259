//! The control core of a server: rooms, participants, streams and sessions, without IO.
//!
//! [`Core`] takes requests, events of shards and time, and gives [`Output`]s to carry out. Each kind
//! of request is a method, since each has its own result; everything else that follows from it comes
//! out of [`Core::poll_output`]. Time and chance are arguments, so that a simulation replays exactly.
//!
//! ```text
//!   requests ──► Core::open, enter, publish, … ──► result
//!   shards ────► Core::handle_event                 │
//!   clock ─────► Core::handle_timeout               ▼
//!                       ▲                  Core::poll_output ──► shards, participants, facts
//!                       └── Core::poll_timeout
//! ```
//!
//! The caller takes all outputs after each call, and carries them out in their order.
//!
//! Deliberately absent: sockets, clocks, tokens (`auth` turns these into permissions before), and
//! dialects: how a request was written, and how an event will be.

mod config;
mod core;
mod description;
mod directory;
mod error;
mod events;
mod invariants;
mod now;
mod output;
mod participant;
mod peer;
mod peer_to_peer;
mod random;
mod registry;
mod request;
mod room_outputs;

pub use config::{Config, DirectConfig};
pub use core::Core;
pub use description::Description;
pub use directory::RoomContents;
pub use error::Error;
pub use now::Now;
pub use output::{Changed, ChannelMessage, EventBatch, Fact, Offer, OfferedLine, Output, PeerKind};
pub use participant::TransportKind;
pub use peer::UnifiedOptions;
pub use random::Random;
pub use request::{
    Caller, DeclaredTrack, Enter, LayerStats, Negotiated, NotOpened, Open, Opened, Opener,
    Placement, Publish, Published, Stats,
};
