//! Events that any remote can cause at will: counted by cause, and logged once a minute for each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// At most one line per cause in this time, so that no remote can fill the log. Events in between
/// are counted, and the next line has their number.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// One kind of event, counted by cause. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Causes {
    counted: Family<Labels, Counter>,
    seldom: Seldom,
}

/// Limits the log lines of each cause, for events that are counted elsewhere. Cheap to clone;
/// clones share the limit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seldom {
    /// By cause. Bounded, since the program names all causes.
    lines: Arc<Mutex<BTreeMap<&'static str, LastLine>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    cause: &'static str,
}

#[derive(Debug)]
struct LastLine {
    at: Instant,
    /// Events since then, which had no line.
    since: u64,
}

impl Causes {
    /// Counts one event. Returns what [`Seldom::pass`] does.
    pub(crate) fn count(&self, cause: &'static str, now: Instant) -> Option<u64> {
        self.counted.get_or_create(&Labels { cause }).inc();
        self.seldom.pass(cause, now)
    }

    /// The counters, for a registry of metrics.
    pub(crate) fn metric(&self) -> impl prometheus_client::registry::Metric + use<> {
        self.counted.clone()
    }
}

impl Seldom {
    /// `Some` when a line may be written for this cause, with the number of events without a line
    /// since the last one.
    pub(crate) fn pass(&self, cause: &'static str, now: Instant) -> Option<u64> {
        let mut all = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = LastLine { at: now, since: 0 };
        let Some(last) = all.get_mut(cause) else {
            all.insert(cause, fresh);
            return Some(0);
        };
        if now.saturating_duration_since(last.at) < TOLD_EVERY {
            last.since += 1;
            return None;
        }
        Some(std::mem::replace(last, fresh).since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cause_passes_once_a_minute_with_the_count_between() {
        let (causes, now) = (Causes::default(), Instant::now());
        assert_eq!(causes.count("one", now), Some(0));
        let rest = (0..1_000).filter_map(|_| causes.count("one", now)).count();
        assert_eq!(rest, 0);
        assert_eq!(causes.count("other", now), Some(0));
        assert_eq!(causes.count("one", now + TOLD_EVERY), Some(1_000));
        assert_eq!(causes.count("one", now + 2 * TOLD_EVERY), Some(0));
    }
}
