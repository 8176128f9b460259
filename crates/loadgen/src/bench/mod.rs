//! A whole measurement: publishers, viewers that come one after the other, a time in which
//! nothing changes, and what was seen of it all.

mod figures;
mod html;
mod plan;
mod process;
mod run;
mod table;

pub use figures::{Figures, Joins, Outcome, Phase, Process, Refusal, Sample, Thread};
pub use html::page;
pub use plan::{Bounds, Plan};
pub use process::memory_kb;
pub use run::{RunError, run};
pub use table::table;
