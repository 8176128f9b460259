//! Tests at the crate's edge: recorded transcripts, and hostile input.

mod broadcast_recording;
mod exchange;
mod gortc;
mod headwater;
mod hostile;
mod live_room;
mod pion_sfu;
mod replay;
mod transcripts;
mod tributary;
