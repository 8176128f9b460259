use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// When each peer is to be looked at.
///
/// A peer is looked at no later than it wants to be woken, and has one entry that counts. One
/// that comes to want a later time, as most do with every packet, keeps its entry, and is put
/// back when that is due; one that wants an earlier time gets another, and the old one is passed
/// over. Both are cheaper than finding an entry.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
}

/// When one peer wants to be woken.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    wanted: Option<Instant>,
    /// Of the entry that counts.
    entry: Option<Instant>,
}

impl Timers {
    /// Sets a peer's timer.
    pub(crate) fn set(&mut self, timer: &mut Timer, at: Instant, key: usize) {
        timer.wanted = Some(at);
        if timer.entry.is_none_or(|entry| at < entry) {
            timer.entry = Some(at);
            self.heap.push(Reverse((at, key)));
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// The next entry that is due: its time, and the peer, which may be gone.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<(Instant, usize)> {
        self.next().filter(|at| *at <= now)?;
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// Whether a peer is to be woken now that this entry was due; clears its timer then.
    pub(crate) fn wakes(
        &mut self,
        timer: &mut Timer,
        now: Instant,
        at: Instant,
        key: usize,
    ) -> bool {
        if timer.entry != Some(at) {
            return false;
        }
        timer.entry = None;
        match timer.wanted {
            Some(wanted) if wanted > now => {
                self.set(timer, wanted, key);
                false
            }
            wanted => {
                timer.wanted = None;
                wanted.is_some()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_peer_wakes_once_and_at_the_time_it_wanted_last() {
        let (mut timers, mut timer) = (Timers::default(), Timer::default());
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        timers.set(&mut timer, at(10), 7);
        timers.set(&mut timer, at(30), 7);
        timers.set(&mut timer, at(5), 7);
        timers.set(&mut timer, at(20), 7);
        let mut woken = Vec::new();
        for ms in 0..40 {
            while let Some((entry, key)) = timers.pop_due(at(ms)) {
                if timers.wakes(&mut timer, at(ms), entry, key) {
                    woken.push((ms, key));
                }
            }
        }
        assert_eq!(woken, [(20, 7)]);
        assert_eq!(timers.next(), None);
    }
}
