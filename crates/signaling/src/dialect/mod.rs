//! The wire protocols, one module each.

pub mod broadcast_recording;
pub mod gortc;
pub mod headwater;
pub mod live_room;
pub mod pion_sfu;
pub mod tributary;
pub mod whep;
pub mod whip;
