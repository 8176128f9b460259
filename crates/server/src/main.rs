//! x
mod control;
fn main() {}
