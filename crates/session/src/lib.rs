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

mod caller;
mod core;
mod directory;
mod enter;
mod error;
mod events;
mod invariants;
mod open;
mod output;
mod participant;
mod peer_to_peer;
mod publisher_peer;
mod random;
mod registry;
mod room_outputs;
mod showing_peer;
mod shown_tracks;
mod subscriber_peer;
mod unified_peer;
mod unified_streams;

pub use caller::{Caller, Description};
pub use core::{Config, Core, Now};
pub use directory::RoomInside;
pub use enter::{Enter, TransportKind, UnifiedOptions};
pub use error::Error;
pub use open::{Negotiated, NotOpened, Open, Opened, Opener, Placement};
pub use output::{Changed, ChannelMessage, EventBatch, Fact, Offer, OfferedLine, Output, PeerKind};
pub use peer_to_peer::DirectConfig;
pub use publisher_peer::{DeclaredTrack, Publish, Published};
pub use random::Random;
pub use subscriber_peer::{LayerStats, Stats};
