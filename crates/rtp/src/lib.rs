//! RTP building blocks shared by every crate that touches media.
//!
//! Nothing here does IO or reads a clock. Headers are parsed as views over bytes, without an
//! allocation per packet; beside them are arithmetic on wrapping numbers and a bounded cache of
//! recent packets.
//!
//! Deliberately absent: encryption, and anything that knows about peers or rooms.
#![forbid(unsafe_code)]

pub mod av1;
mod bitrate;
mod by_codec;
pub mod cache;
pub mod dependency_descriptor;
mod fit;
mod format;
pub mod h264;
mod h264_profile;
pub mod h265;
mod header;
mod layer_index;
mod nal;
mod packet;
mod parameter_sets;
mod payload_info;
mod picture_fields;
mod picture_ids;
pub mod red;
pub mod rtcp;
pub mod seq;
mod set_id;
mod sprop;
pub mod vp8;
pub mod vp9;

pub use bitrate::Bitrate;
pub use fit::{Fit, Grade};
pub use format::{Codec, Format, Kind, Profile};
pub use header::{DatagramKind, Elements, Header};
pub use layer_index::LayerIndex;
pub use nal::Fragment;
pub use packet::{CaptureTime, Extensions, Packet, Rewrite};
pub use parameter_sets::{DescribedSet, ParameterSets};
pub use payload_info::{PayloadInfo, SwitchUp};
pub use picture_ids::PictureIds;
