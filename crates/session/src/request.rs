//! What clients ask of the core, one file for each kind of request.

mod caller;
mod enter;
mod open;
mod publish;
mod stats;
mod subscribe;
mod unified;

pub use caller::Caller;
pub use enter::Enter;
pub use open::{Negotiated, NotOpened, Open, Opened, Opener, Placement};
pub use publish::{DeclaredTrack, Publish, Published};
pub use stats::{LayerStats, Stats};
