//! The control core of a whole server with the clients around it, in virtual time, from one seed.
//!
//! A [`ControlWorld`] holds a [`session::Core`], what a control plane sees of its shards, and clients
//! that join rooms, publish, watch, break, come back, take over, and do what they should not.
//! After each step it compares what every participant was told with what is the case, and asks the
//! core whether its parts agree. The same seed gives the same trace, byte for byte.
//!
//! ```text
//!   Rng ─► step ─► session::Core ─► outputs ─► Shards (a model: sessions and their lines)
//!                       ▲               └────► Participants (what each was told)
//!                       └── events, a moment later ──┘
//! ```
//!
//! The shards are a model here, since a step with real ones takes a thousand times as long: of the
//! media plane the core sees commands and events alone. [`World`](crate::World) has real shards.
//! Negotiators and peers are the server's own.

mod actions;
mod client_sdp;
mod directory;
mod external;
mod faults;
mod participant;
mod peer_to_peer;
mod shards;
mod trace;
mod world;

pub use faults::Fault;
pub use world::ControlWorld;
