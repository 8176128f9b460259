//! A whole measurement: publishers start, viewers join one after the other, all of them watch for a
//! steady phase, and the outcome says what they received.

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
