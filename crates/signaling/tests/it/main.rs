//! The crate at its edge: recorded conversations, and bytes that nobody recorded.

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
