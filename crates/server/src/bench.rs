//! `headwater bench`: measures a WHIP and WHEP server, this one or another.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use loadgen::bench::{self, Bounds, Phase, Plan, Sample};
use loadgen::{Cut, Idle, Settings, Video};
use rtp::{Bitrate, Codec};

use crate::serve;
use crate::stdout::print;

/// Codecs that the synthetic publishers can offer.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shape {
    Vp8,
    H264,
    Av1,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CutInto {
    Even,
    Full,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Base URL of a server whose endpoints are /whip/NAME and /whep/NAME.
    #[arg(default_value = "http://127.0.0.1:8080", value_name = "URL")]
    server: String,
    /// WHIP endpoint of another server, with {stream} for the stream's name.
    #[arg(long, value_name = "URL")]
    whip: Option<String>,
    /// WHEP endpoint of another server, with {stream} for the stream's name.
    #[arg(long, value_name = "URL")]
    whep: Option<String>,
    /// Prefix of the stream names; a number follows.
    #[arg(long, default_value = "bench", value_name = "NAME")]
    name: String,
    /// Bearer token of all requests.
    #[arg(long, env = "HEADWATER_BENCH_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Number of streams to publish; 0 to watch streams of other publishers.
    #[arg(long, default_value_t = 1, value_name = "N")]
    publishers: usize,
    /// Number of streams to watch [default: as many as are published].
    #[arg(long, value_name = "N")]
    streams: Option<usize>,
    /// Number of viewers, over all streams.
    #[arg(long, default_value_t = 100, value_name = "N")]
    viewers: usize,
    /// Number of further viewers that connect before the measured ones.
    #[arg(long, default_value_t = 0, value_name = "N")]
    watching: usize,
    /// Viewers that connect per second.
    #[arg(long, default_value_t = 50.0, value_name = "RATE")]
    ramp: f64,
    /// Seconds to measure after all viewers have connected.
    #[arg(long, default_value_t = 20.0, value_name = "SECONDS")]
    time: f64,
    /// Codec of the synthetic video.
    #[arg(long, default_value = "vp8", value_name = "CODEC")]
    codec: Shape,
    /// Publish this IVF file (VP8) in a loop instead of synthetic video.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["codec", "bitrate", "fps", "keyframes", "layers"])]
    file: Option<PathBuf>,
    /// Bit rate of the best layer in kbit/s.
    #[arg(long, default_value_t = 2_500, value_name = "KBIT")]
    bitrate: u64,
    /// Frames per second.
    #[arg(long, default_value_t = 30, value_name = "N")]
    fps: u32,
    /// Seconds between key frames, besides those that viewers request.
    #[arg(long, default_value_t = 4.0, value_name = "SECONDS")]
    keyframes: f64,
    /// Simulcast layers, 1 to 3.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    layers: u8,
    /// Publish audio too.
    #[arg(long)]
    audio: bool,
    /// Send all packets of a frame at once instead of pacing them as browsers do.
    #[arg(long)]
    bursts: bool,
    /// How frames are cut into packets: into even packets as browsers do, or into full ones and a
    /// shorter last one.
    #[arg(long, default_value = "even", value_name = "HOW")]
    cut: CutInto,
    /// Receive without GRO, as browsers do. On one machine the server then pays for splitting what
    /// it sends with GSO.
    #[arg(long)]
    no_gro: bool,
    /// Number of receiving threads.
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Receive without sleeping, so that a server on this machine does not pay for waking the
    /// generator, and delays are measured to the microsecond. Keeps a core busy.
    #[arg(long)]
    spin: bool,
    /// Process id of the server on this machine, to measure its processor time and memory too.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Find the largest number of viewers, up to --viewers, that stays within the bounds.
    #[arg(long)]
    find_max: bool,
    /// Bound: packets lost, in percent.
    #[arg(long, default_value_t = 0.1, value_name = "PERCENT")]
    loss_max: f64,
    /// Bound: 99th percentile of the delay in milliseconds.
    #[arg(long, default_value_t = 50.0, value_name = "MS")]
    delay_max: f64,
    /// Write the report as JSON to this file, or to standard output with -.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as a page with graphs to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let plan = self.plan()?;
        serve::raise_open_files();
        let stop = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let asked = stop.clone();
        // The first Ctrl-C ends the measurement with a report. Listening replaces the default
        // action, so a second one has to end the process here.
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    while tokio::signal::ctrl_c().await.is_ok() {
                        if asked.swap(true, Ordering::Relaxed) {
                            std::process::exit(130);
                        }
                    }
                });
            })?;
        let bar = ProgressBar::new_spinner().with_style(
            ProgressStyle::with_template("{spinner} {elapsed} {msg}").context("a template")?,
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        bar.set_message("publishing");
        let outcome = bench::run(&plan, |sample| {
            bar.set_message(line(sample));
            !stop.load(Ordering::Relaxed)
        })?;
        bar.finish_and_clear();
        let json = serde_json::to_string_pretty(&outcome).context("write the report as JSON")?;
        match &self.json {
            Some(path) if path.as_os_str() == "-" => print(&format!("{json}\n"))?,
            file => {
                if let Some(path) = file {
                    fs::write(path, json).with_context(|| named(path))?;
                }
                print(&format!("{}\n", bench::table(&outcome)))?;
            }
        }
        if let Some(path) = &self.html {
            fs::write(path, bench::page(&outcome)?).with_context(|| named(path))?;
        }
        Ok(())
    }

    fn plan(&self) -> anyhow::Result<Plan> {
        let server = self.server.trim_end_matches('/');
        let endpoint = |given: &Option<String>, kind: &str| {
            let endpoint = given.clone();
            endpoint.unwrap_or_else(|| format!("{server}/{kind}/{{stream}}"))
        };
        let positive = |flag: &str, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(value),
            false => bail!("--{flag} must be more than 0"),
        };
        let seconds = |flag, value: f64| {
            let value = positive(flag, value)?.min(SECONDS_MAX);
            anyhow::Ok(Duration::from_secs_f64(value))
        };
        if self.bitrate == 0 || self.fps == 0 {
            bail!("--bitrate and --fps must be more than 0");
        }
        let streams = self.streams.unwrap_or(self.publishers);
        if streams == 0 {
            bail!("--publishers 0 needs --streams: the number of streams to watch");
        }
        let plan = Plan {
            whip: endpoint(&self.whip, "whip"),
            whep: endpoint(&self.whep, "whep"),
            name: self.name.clone(),
            token: self.token.clone(),
            publishers: self.publishers,
            streams,
            settings: Settings {
                codec: match self.codec {
                    Shape::Vp8 => Codec::Vp8,
                    Shape::H264 => Codec::H264,
                    Shape::Av1 => Codec::Av1,
                },
                bitrate: Bitrate::kbps(self.bitrate),
                fps: self.fps,
                keyframes: seconds("keyframes", self.keyframes)?,
                layers: usize::from(self.layers),
                audio: self.audio,
                payload_bytes_max: PAYLOAD_BYTES,
                file: self.file.as_deref().map(video).transpose()?,
                cut: match self.cut {
                    CutInto::Even => Cut::Even,
                    CutInto::Full => Cut::Full,
                },
                paced: !self.bursts,
            },
            watching: self.watching,
            viewers: self.viewers,
            ramp: positive("ramp", self.ramp)?.max(1.0 / SECONDS_MAX),
            time: seconds("time", self.time)?,
            threads: self.threads,
            idle: if self.spin { Idle::Spin } else { Idle::Sleep },
            gro: !self.no_gro,
            pid: self.pid,
            find_max: self.find_max.then_some(Bounds {
                loss: self.loss_max / 100.0,
                delay: seconds("delay-max", self.delay_max)? / 1_000,
            }),
        };
        if streams > 1 && !(plan.whip.contains("{stream}") && plan.whep.contains("{stream}")) {
            bail!("--whip and --whep need {{stream}} in place of the stream name");
        }
        Ok(plan)
    }
}

fn video(path: &Path) -> anyhow::Result<Arc<Video>> {
    let bytes = fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let video = Video::read(&bytes).with_context(|| path.display().to_string())?;
    Ok(Arc::new(video))
}

/// The longest time that a flag can set, over eleven days; longer ones are cut.
const SECONDS_MAX: f64 = 1e6;

/// RTP payload of full packets in bytes, as media servers are usually measured.
const PAYLOAD_BYTES: usize = 1_200;

/// The progress line: the figures of the latest second.
fn line(sample: &Sample) -> String {
    let phase = match sample.phase {
        Phase::Publishing => "publishing",
        Phase::Joining => "connecting viewers",
        Phase::Steady => "watching",
    };
    let seen = &sample.figures;
    let mut line = format!(
        "{phase}: {} viewers, {:.0} packets/s, {:.0} Mbit/s, lost {}, delay p50 {:.1} p99 {:.1} ms",
        seen.viewers,
        seen.packets_per_second,
        seen.mbit_per_second,
        seen.lost,
        seen.delay.p50_ms,
        seen.delay.p99_ms,
    );
    if let Some(process) = &sample.process {
        let mb = process.memory_kb as f64 / 1e3;
        line += &format!("; server {:.2} cores, {mb:.0} MB", process.cores);
    }
    line
}

fn named(path: &Path) -> String {
    format!("write {}", path.display())
}
