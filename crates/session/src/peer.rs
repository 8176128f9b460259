//! The peers of participants: what the core knows of each, and the commands that follow.

mod publisher;
mod showing;
mod shown_tracks;
mod subscriber;
mod unified;
mod unified_streams;

pub(crate) use publisher::{Formats, PublisherPeer, track_mapping};
pub(crate) use showing::{ESTIMATE_INITIAL, ShowingPeer};
pub(crate) use shown_tracks::Track;
pub(crate) use subscriber::SubscriberPeer;
pub use unified::UnifiedOptions;
pub(crate) use unified::UnifiedPeer;
pub(crate) use unified_streams::streams;
