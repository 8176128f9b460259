//! One module per wire protocol.

pub mod headwater;
pub mod whep;
pub mod whip;
