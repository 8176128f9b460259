//! The data plane: decides which packet goes to which viewer, and under which numbers.
//!
//! A [`Track`] is the source side: one audio or video source with its layers, each with a
//! cache that begins at the last key frame. A [`Subscription`] is one viewer's side of a
//! track: the layer that it gets now, and the rewrite that hides every change of layer or
//! publisher. A [`LayerSelector`] decides which layer that should be.
//!
//! Nothing here allocates per packet after warm-up, locks, or logs.

mod audio_level;
mod bandwidth_allocator;
mod catch_up;
#[cfg(debug_assertions)]
mod egress_guard;
mod estimate;
mod keyframes;
mod layer;
mod layer_selector;
mod limits;
mod meter;
mod prober;
mod rewriter;
mod subscription;
mod track;

pub use audio_level::AudioLevel;
pub use bandwidth_allocator::BandwidthAllocator;
pub use estimate::Estimate;
pub use keyframes::KEYFRAME_INTERVAL_MIN;
pub use layer::Layer;
pub use layer_selector::{Choice, LayerSelector};
pub use limits::Limits;
pub use rewriter::Rewriter;
pub use subscription::{Forward, Subscription};
pub use track::Track;

#[cfg(test)]
mod tests;
