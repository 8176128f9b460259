//! The crate at its edge: recorded conversations, and bytes that nobody recorded.

mod exchange;
mod headwater;
mod hostile;
mod replay;
