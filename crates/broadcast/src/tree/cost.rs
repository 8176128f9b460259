//! Counts what a call looks at, so that tests can say what it costs on any machine.

use std::cell::Cell;

std::thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// One more member looked at, or two places compared.
pub(super) fn count() {
    STEPS.with(|steps| steps.set(steps.get() + 1));
}

/// How many steps an action takes.
pub(super) fn of<T>(action: impl FnOnce() -> T) -> (T, u64) {
    let before = STEPS.with(Cell::get);
    let result = action();
    (result, STEPS.with(Cell::get) - before)
}
