//! An allocator that counts live bytes, and allocations, for memory tests. Each test is a program of
//! its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

struct Counting;

/// Bytes that are allocated at present.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The maximum of [`LIVE`] since [`forget_peak`].
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// Allocations while [`COUNTING`].
static COUNTED: AtomicUsize = AtomicUsize::new(0);

/// See [`count`].
static COUNTING: AtomicBool = AtomicBool::new(false);

// SAFETY: every call is passed to the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        if COUNTING.load(Ordering::Relaxed) {
            COUNTED.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: see above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: see above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the bytes that are allocated at present.
pub fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Returns the most bytes that were allocated at once since [`forget_peak`].
pub fn peak() -> usize {
    PEAK.load(Ordering::Relaxed)
}

/// Resets the peak to what is allocated at present.
pub fn forget_peak() {
    PEAK.store(live(), Ordering::Relaxed);
}

/// Begins to count allocations, or stops.
pub fn count(counts: bool) {
    COUNTING.store(counts, Ordering::Relaxed);
}

/// Returns the number of allocations that were counted so far.
pub fn counted() -> usize {
    COUNTED.load(Ordering::Relaxed)
}
