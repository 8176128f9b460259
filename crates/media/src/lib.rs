//! Access units: from RTP packets, and into them.
//!
//! An access unit is what is shown or heard at one time. Files, RTMP, SRT and HLS carry access
//! units, WebRTC carries packets; this crate stands between. Nothing here does IO or reads a clock.
//!
//! On the way in, [`Reorder`] puts packets in order and waits for those that are sent again, and a
//! [`Depacketizer`] joins them: it hands out whole units only, and says where some are missing. On
//! the way out, a [`Packetizer`] cuts a unit into payloads.
#![forbid(unsafe_code)]

mod access_unit;
mod depacketizer;
mod nal;
mod obu;
mod packetizer;
mod reorder;
mod vpx;

pub use access_unit::AccessUnit;
pub use depacketizer::{Depacketizer, Part, UNIT_BYTES_MAX};
pub use packetizer::{Malformed, Packetizer, Payload};
pub use reorder::{Limits, Reorder};
