//! The metrics that `/metrics` serves, in the OpenMetrics format.

mod encoding;
mod http;
mod media;
mod registry;
mod shards;

pub(crate) use http::HttpMetrics;
pub(crate) use media::MediaMetrics;
pub(crate) use registry::registry;
