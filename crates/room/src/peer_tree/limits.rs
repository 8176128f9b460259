use std::time::Duration;

/// The time after its answer at which a peer has media, and may be a parent. A browser without
/// media drops an offer silently; connecting takes it some hundred milliseconds.
pub const READY_AFTER: Duration = Duration::from_secs(1);

/// A parent that has not answered for this long is passed over.
pub const ANSWER_MAX: Duration = Duration::from_secs(3);

/// How long to wait before looking for another parent again, if there was none to ask.
pub const RETRY_EVERY: Duration = Duration::from_secs(1);

/// The number of parents that are asked with one offer. Then it is given up: if so many do not
/// answer, the offer is at fault.
pub const ASKED_MAX: usize = 8;

/// The watchers of a tree are told of a change at once if members times watchers are no more than
/// this number. If they are more, changes are gathered for ten microseconds times their product.
pub const PUSHED_AT_ONCE: u32 = 10_000;

/// The time that telling one watcher of one member may take: at some hundred bytes each, this makes
/// ten megabytes a second for one broadcast of any size.
pub(super) const PUSH_COST: Duration = Duration::from_micros(10);

/// Limits of all broadcasts.
///
/// A refusal names the limit that is reached as `dialects.tributary.` and the name of the field.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Other peers that one peer feeds. Further ones are fed by these.
    pub listeners_max: u32,
    /// Broadcasts in the process; one more is refused.
    pub broadcasts_max: usize,
    /// Peers of a broadcast, with the owner; one more is refused.
    pub members_max: usize,
    /// Trees that a peer watches; one more is refused.
    pub watched_max: usize,
    /// Length of the name of a broadcast or a peer, in bytes; a longer one is refused.
    pub name_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            listeners_max: 3,
            broadcasts_max: 1_000,
            members_max: 10_000,
            watched_max: 16,
            name_bytes_max: 256,
        }
    }
}
