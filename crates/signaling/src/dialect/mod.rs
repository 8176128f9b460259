//! One module per wire protocol.

pub mod whep;
pub mod whip;
