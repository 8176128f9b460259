//! Whole shards with publishers and viewers in virtual time. A failing test prints its seed.

mod across_shards;
mod adaptation;
mod both_ways;
mod congestion;
mod control;
mod forwarding;
mod helpers;
mod keyframes;
mod publisher_return;
mod sessions;
mod wild;
