//! CPU time and memory of a process, from `/proc` (proc(5)).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use std::{fs, io};

use super::figures::{Process, Thread};

/// Ticks of CPU time per second: USER_HZ is 100 on every Linux.
const TICKS: f64 = 100.0;

/// Threads that were busy for a smaller share of the time are not listed.
const THREAD_SHARE_MIN: f64 = 0.005;

/// Measures a process repeatedly.
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

    /// Measures the time since the last look; `None` when the process has ended.
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
        // A thread may have ended since the folder was read.
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

/// The name, and the sum of the ticks in user and kernel mode: fields 2, 14 and 15.
fn stat(path: &str) -> io::Result<(String, u64)> {
    let stat = fs::read_to_string(path)?;
    let fields = || {
        // The name may contain spaces and parentheses, so the numbers begin after the last one.
        let (head, rest) = stat.rsplit_once(") ")?;
        let (_, name) = head.split_once('(')?;
        let mut numbers = rest.split(' ').skip(11).map(str::parse::<u64>);
        let ticks = numbers.next()?.ok()? + numbers.next()?.ok()?;
        Some((name.to_owned(), ticks))
    };
    fields().ok_or_else(|| io::Error::other(format!("{path} has an unexpected format")))
}

/// Resident memory of a process in kB. Fails when the process does not exist.
pub fn memory_kb(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kb.ok_or_else(|| io::Error::other("the process status has no VmRSS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_process_is_measured() {
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
    fn missing_process_is_an_error() {
        assert!(Observer::new(u32::MAX).is_err());
    }
}
