//! The whole server on one core, and `headwater bench` on another.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::terminal::progress;

/// Viewers of one publisher, in the curve of delay over load.
const LOADS: [usize; 7] = [50, 225, 450, 900, 1_500, 2_000, 2_800];

/// Viewers and seconds of the runs that show what the loopback hides.
pub(crate) const HIDDEN_VIEWERS: [usize; 2] = [100, 450];
pub(crate) const HIDDEN_SECONDS: u32 = 12;

/// A load under which hardly any packets are sent together, so its cost is that of a session and a
/// packet.
pub(crate) const PAIRS: &str = "--publishers 1000 --viewers 1000 --bitrate 100 --fps 10 --time 10";

/// The script that creates a link to a second host, and measures the server over it.
const OVER_VETH: &str = include_str!("veth.sh");

/// The results of the whole server.
pub(crate) struct Whole {
    /// Increasing numbers of viewers of one publisher.
    pub(crate) curve: Vec<Measured>,
    /// The same packets in bursts, as some encoders send them.
    pub(crate) bursts: Measured,
    /// The same loads with trains that are split on the server's core, and with longer trains.
    pub(crate) hidden: Vec<Measured>,
    /// Other shapes of load, on one shard.
    pub(crate) shapes: Vec<Measured>,
    /// One shard and two, with everything on two cores.
    pub(crate) shards: Vec<Measured>,
    /// 1,000 viewers of nearly nothing, of little and of much.
    pub(crate) memory: Vec<Measured>,
    /// 500 viewers in five seconds, beside 200.
    pub(crate) storm: Measured,
    /// 50 viewers a second.
    pub(crate) setup: Measured,
}

/// The result of one run.
pub(crate) struct Measured {
    pub(crate) name: String,
    /// The flags given to `headwater bench`.
    pub(crate) flags: String,
    /// The report that it printed.
    pub(crate) report: Value,
}

impl Measured {
    /// A number of the report by its path, such as `steady.delay.p99_ms`.
    pub(crate) fn number(&self, path: &str) -> f64 {
        let value = path.split('.').try_fold(&self.report, |v, key| v.get(key));
        value.and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// Packets per second, for each core that the server was busy on.
    pub(crate) fn packets_per_core(&self) -> f64 {
        self.number("packets_per_core")
    }
}

pub(crate) fn run_all(server: &Path) -> anyhow::Result<Whole> {
    let one = |name: &str, flags: &str| measure(server, server, name, flags, 1, true);
    let curve = LOADS.map(|viewers| {
        let flags = format!("--viewers {viewers} --ramp 150 --time 12 --spin");
        one(&format!("{viewers} viewers"), &flags)
    });
    let shape = |(name, flags): (&str, &str)| one(name, flags);
    let shapes = [
        ("1 publisher, 1 viewer", "--viewers 1 --time 10 --spin"),
        ("1 publisher, 10 viewers", "--viewers 10 --time 10 --spin"),
        ("1 publisher, 100 viewers", "--viewers 100 --time 10 --spin"),
        (
            "10 publishers, 450 viewers",
            "--publishers 10 --viewers 450 --time 10 --spin",
        ),
        (
            "100 publishers, 450 viewers",
            "--publishers 100 --viewers 450 --time 10 --spin",
        ),
        ("1,000 publishers of 100 kbit/s, one viewer each", PAIRS),
        (
            "20 streams of 500 kbit/s, each seen by the same 20",
            "--publishers 20 --viewers 400 --bitrate 500 --time 10 --spin",
        ),
    ];
    let memory = [
        (
            "1,000 viewers of 20 kbit/s",
            "--viewers 1000 --ramp 100 --bitrate 20 --fps 2 --time 10 --spin",
        ),
        (
            "1,000 viewers of 1 Mbit/s",
            "--viewers 1000 --ramp 100 --bitrate 1000 --time 10 --spin",
        ),
        (
            "1,000 viewers of 2.5 Mbit/s",
            "--viewers 1000 --ramp 100 --time 10 --spin",
        ),
    ];
    let two = "--viewers 400 --bursts --time 10";
    let shards = [1, 2].map(|count| {
        measure(
            server,
            server,
            &format!("{count} shard(s)"),
            two,
            count,
            false,
        )
    });
    Ok(Whole {
        curve: curve.into_iter().collect::<anyhow::Result<_>>()?,
        bursts: one(
            "900 viewers, bursts",
            "--viewers 900 --ramp 150 --time 12 --bursts --spin",
        )?,
        hidden: run_hidden(server, &HIDDEN_VIEWERS, HIDDEN_SECONDS)?,
        shapes: shapes
            .into_iter()
            .map(shape)
            .collect::<anyhow::Result<_>>()?,
        shards: shards.into_iter().collect::<anyhow::Result<_>>()?,
        memory: memory
            .into_iter()
            .map(shape)
            .collect::<anyhow::Result<_>>()?,
        storm: one(
            "500 viewers in 5 s",
            "--watching 200 --viewers 500 --ramp 100 --bitrate 500 --time 10",
        )?,
        setup: one(
            "50 viewers a second",
            "--viewers 500 --ramp 50 --bitrate 500 --time 5",
        )?,
    })
}

/// Measures what the loopback and the generator hide, with each of these numbers of viewers, for
/// this many seconds each.
pub(crate) fn run_hidden(
    server: &Path,
    viewers: &[usize],
    seconds: u32,
) -> anyhow::Result<Vec<Measured>> {
    let mut found = Vec::new();
    for viewers in viewers {
        let flags = format!("--viewers {viewers} --ramp 100 --time {seconds} --spin");
        let mut here = |what: &str, further: &str| -> anyhow::Result<()> {
            let (name, flags) = (
                format!("{viewers} viewers{what}"),
                format!("{flags}{further}"),
            );
            found.push(measure(server, server, &name, &flags, 1, true)?);
            Ok(())
        };
        here("", "")?;
        here(", only the last packet shorter", " --cut full")?;
        here(", without GRO", " --no-gro")?;
        let name = format!("{viewers} viewers, veth, no GSO, no GRO");
        let flags = format!("{flags} --no-gro");
        found.extend(over_veth(server, server, Trains::Cut, &name, &flags)?);
    }
    Ok(found)
}

/// What the server's network card does with trains.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trains {
    Whole,
    Cut,
}

impl Trains {
    /// Number of datagrams that the card takes in one piece: as many as the kernel puts into a
    /// train, or one.
    fn segments(self) -> &'static str {
        match self {
            Self::Whole => "64",
            Self::Cut => "1",
        }
    }
}

/// Measures between two hosts, with the `bench` of `generator`; `None` when this user may not
/// create a link between them.
pub(crate) fn over_veth(
    server: &Path,
    generator: &Path,
    trains: Trains,
    name: &str,
    flags: &str,
) -> anyhow::Result<Option<Measured>> {
    const NAMESPACES: &str = "-n -m -p -f --mount-proc --kill-child";
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(NAMESPACES.split(' '));
        command
    };
    let may = "ip link add v0 gso_max_segs 1 type veth peer name v1";
    let tried = unshare().args(["sh", "-c", may]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        progress("no run between two hosts: it needs root, unshare and ip");
        return Ok(None);
    }
    progress(&format!("{name}: headwater bench {flags}"));
    let mut command = unshare();
    command
        .args(["sh", "-c", OVER_VETH, "veth.sh"])
        .args([server, generator])
        .arg(trains.segments());
    let output = command
        .args(flags.split(' '))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("headwater bench {flags} failed over veth");
    }
    Ok(Some(Measured {
        name: name.to_owned(),
        flags: flags.to_owned(),
        report: serde_json::from_slice(&output.stdout)?,
    }))
}

/// Starts a server with `shards` shards, and measures it with the `bench` of `generator`. With
/// `apart` the server has the first core, and the generator the second.
pub(crate) fn measure(
    server: &Path,
    generator: &Path,
    name: &str,
    flags: &str,
    shards: usize,
    apart: bool,
) -> anyhow::Result<Measured> {
    progress(&format!("{name}: headwater bench {flags}"));
    let running = Running::start(server, shards, apart)?;
    let mut command = on_core(generator, apart.then_some(1));
    command
        .arg("bench")
        .arg(&running.url)
        .args(["--json", "-", "--pid"])
        .arg(running.process.id().to_string())
        .args(flags.split(' '));
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("headwater bench {flags} failed");
    }
    Ok(Measured {
        name: name.to_owned(),
        flags: flags.to_owned(),
        report: serde_json::from_slice(&output.stdout)?,
    })
}

/// A command that runs the program on one core, if `taskset` is installed and there is more than
/// one core.
fn on_core(program: &Path, core: Option<usize>) -> Command {
    let several = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
    match core {
        Some(core) if several && Command::new("taskset").arg("-V").output().is_ok() => {
            let mut command = Command::new("taskset");
            command.args(["-c", &core.to_string()]).arg(program);
            command
        }
        _ => Command::new(program),
    }
}

/// A server, killed when this value is dropped.
struct Running {
    process: Child,
    url: String,
}

impl Running {
    fn start(server: &Path, shards: usize, apart: bool) -> anyhow::Result<Self> {
        let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut process = on_core(server, apart.then_some(0))
            .args(["serve", "--http", "127.0.0.1:0", "--media-port"])
            .arg(port.to_string())
            .args(["--shards", &shards.to_string(), "--public-ip", "127.0.0.1"])
            .env("HEADWATER_LOG__LEVEL", "warn")
            .env("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "10000")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| server.display().to_string())?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("a pipe")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split('/').next());
        let url = format!(
            "http://{}",
            address.context("the server prints its address")?
        );
        Ok(Self { process, url })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
