//! Counts the steps of a call, so that tests can check its cost on any machine.

use std::cell::Cell;

std::thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts a step: a look at a member, or a comparison of two places.
pub(super) fn count() {
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// Runs an action, and returns its result and the number of steps it took.
pub(super) fn of<T>(action: impl FnOnce() -> T) -> (T, u64) {
    let before = STEPS.with(Cell::get);
    let result = action();
    (result, STEPS.with(Cell::get) - before)
}
