//! Processor time and memory of a process, from `/proc` (proc(5)).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{fs, io};

use super::figures::{Process, Thread};

/// Ticks of processor time in a second: USER_HZ is 100 on every Linux.
const TICKS: f64 = 100.0;

/// A thread that worked less than this share of the time is not listed.
const THREAD_SHARE_MIN: f64 = 0.005;

/// Looks at a process again and again.
#[derive(Debug)]
pub(super) struct Observer {
    pid: u32,
    last: Seen,
}

#[derive(Debug)]
struct Seen {
    at: Instant,
    ticks: u64,
    threads: BTreeMap<u32, (String, u64)>,
}

impl Observer {
    pub(super) fn new(pid: u32) -> io::Result<Self> {
        Ok(Self {
            pid,
            last: look(pid)?,
        })
    }

    /// What it did since the last look; `None` when it is gone.
    pub(super) fn look(&mut self) -> Option<Process> {
        let seen = look(self.pid).ok()?;
        let time = (seen.at - self.last.at).max(Duration::from_millis(1));
        let share = |now: u64, then: u64| {
            let seconds = now.saturating_sub(then) as f64 / TICKS;
            seconds / time.as_secs_f64()
        };
        let mut threads: Vec<_> = seen
            .threads
            .iter()
            .map(|(id, (name, ticks))| Thread {
                name: name.clone(),
                cores: share(
                    *ticks,
                    self.last.threads.get(id).map_or(0, |(_, then)| *then),
                ),
            })
            .filter(|thread| thread.cores >= THREAD_SHARE_MIN)
            .collect();
        threads.sort_by(|a, b| a.name.cmp(&b.name));
        let process = Process {
            cores: share(seen.ticks, self.last.ticks),
            threads,
            memory_kb: memory_kb(self.pid).ok()?,
        };
        self.last = seen;
        Some(process)
    }
}

fn look(pid: u32) -> io::Result<Seen> {
    let (_, ticks) = stat(&format!("/proc/{pid}/stat"))?;
    let mut threads = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let entry = entry?;
        // One that has just ended is not there any more.
        if let Some(id) = entry.file_name().to_str().and_then(|id| id.parse().ok())
            && let Ok(thread) = stat(&format!("{}/stat", entry.path().display()))
        {
            threads.insert(id, thread);
        }
    }
    Ok(Seen {
        at: Instant::now(),
        ticks,
        threads,
    })
}

/// The name, and ticks in user and kernel mode: fields 2, 14 and 15.
fn stat(path: &str) -> io::Result<(String, u64)> {
    let stat = fs::read_to_string(path)?;
    let fields = || {
        // The name may hold spaces and brackets.
        let (head, rest) = stat.rsplit_once(") ")?;
        let (_, name) = head.split_once('(')?;
        let mut numbers = rest.split(' ').skip(11).map(str::parse::<u64>);
        let ticks = numbers.next()?.ok()? + numbers.next()?.ok()?;
        Some((name.to_owned(), ticks))
    };
    fields().ok_or_else(|| io::Error::other(format!("{path} is not what it should be")))
}

/// Resident memory of a process in kB.
pub fn memory_kb(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kb.ok_or_else(|| io::Error::other("the process has no memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen_working() {
        let mut observer = Observer::new(std::process::id()).unwrap();
        let began = Instant::now();
        let mut sum = 0_u64;
        while began.elapsed() < Duration::from_millis(100) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let seen = observer.look().unwrap();
        assert!(seen.cores > 0.05 && seen.memory_kb > 100, "{seen:?}");
        assert!(!seen.threads.is_empty());
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        assert!(Observer::new(u32::MAX).is_err());
    }
}
