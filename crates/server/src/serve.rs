//! Puts the parts together, runs them, and ends them in order.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use broadcast::{forward, registry};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::cli::print;
use crate::config::{Config, LogFormat};
use crate::control::{self, Control};
use crate::http::{self, Service};
use crate::media::{Shards, ShardsConfig, local_addresses};
use crate::metrics::{self, HttpMetrics, MediaMetrics};
use crate::webhooks::Webhooks;

/// A clean end takes at most this long.
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// Runs until a signal ends it.
pub(crate) fn run(config: &Config) -> anyhow::Result<()> {
    start_logging(config)?;
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(step_back)
        .max_blocking_threads(readers())
        .build()
        .context("start the runtime")?;
    let result = runtime.block_on(serve(config));
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

/// Nice value (setpriority(2)) of the threads that answer requests. On a core that is wanted by
/// both, a media thread then gets three parts of four: offers that are dear to read take their time
/// from requests, and not from what is being watched.
const REQUESTS_NICE: i32 = 5;

/// Threads that read offers, and files: one for each core, and no fewer than this. Further offers
/// wait: more at once are not read sooner, and each thread keeps some megabytes of what it
/// allocated.
const READERS_MIN: usize = 2;

fn readers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.max(READERS_MIN)
}

/// Puts media threads before the calling one.
fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(None, REQUESTS_NICE) {
        tracing::debug!(%error, "requests are as urgent as media");
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    // First of all, so that no signal is missed.
    let mut signals = Signals::new()?;
    let listener = bind(config.http.listen, "http.listen (--http)").await?;
    let address = listener
        .local_addr()
        .context("the address that was bound")?;
    let webhooks = Webhooks::start(&config.webhooks)?;
    let (control, media_metrics) = start_media(config, webhooks.clone())?;
    let http_metrics = HttpMetrics::default();
    let mut registry = metrics::registry(&http_metrics, &media_metrics, control.clone());
    webhooks.register(&mut registry);
    let stopping = CancellationToken::new();
    let service = Service::new(
        control.clone(),
        config,
        http_metrics.clone(),
        registry,
        stopping.clone(),
    );
    let limits = http::Limits {
        connections_max: config.limits.connections_max,
        header_timeout: Duration::from_millis(config.limits.header_timeout_ms),
    };
    let mut servers = JoinSet::new();
    let mut ports = Vec::new();
    for http::Listener {
        key,
        address,
        router,
    } in http::listeners(&service, &config.dialects)
    {
        let listener = bind(address, key).await?;
        ports.push((key, listener.local_addr()?));
        servers.spawn(http::serve(
            listener,
            router,
            limits,
            http_metrics.clone(),
            stopping.clone(),
        ));
    }
    let router = http::router(service);
    servers.spawn(http::serve(
        listener,
        router,
        limits,
        http_metrics,
        stopping.clone(),
    ));
    greet(address)?;
    for (key, address) in ports {
        print(&format!("  {key}: port {}\n", address.port()))?;
    }
    signals.first().await;
    tracing::info!("stopping: a second signal ends it at once");
    stopping.cancel();
    let clean = async {
        control.shutdown().await;
        webhooks.finish().await;
        servers.join_all().await;
        Ok(())
    };
    tokio::select! {
        ended = tokio::time::timeout(SHUTDOWN_MAX, clean) => match ended {
            Ok(result) => result,
            Err(_) => {
                tracing::warn!("some requests were cut off");
                Ok(())
            }
        },
        () = signals.second() => std::process::exit(130),
    }
}

/// Listens; `key` says where the address comes from.
async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("listen on {address}: set {key} to a free address"))
}

/// Lets the process open as many files as the system allows: each HTTP connection is one, and
/// each viewer of a measurement. The usual soft limit of 1,024 is for programs that use `select`.
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::debug!(%error, "the limit of open files stays");
    }
}

fn start_media(config: &Config, webhooks: Webhooks) -> anyhow::Result<(Control, MediaMetrics)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let shards = if config.media.shards == 0 {
        cores
    } else {
        config.media.shards
    };
    let addresses = match config.media.public_ips.as_slice() {
        [] => local_addresses(true),
        configured => configured.to_vec(),
    };
    let (sender, events) = mpsc::channel(control::EVENTS_MAX);
    let shards_config = ShardsConfig {
        count: shards,
        first_port: config.media.port,
        addresses,
        shard: shard::Config {
            track: forward::Limits {
                cache_bytes: config.limits.cache_bytes_max,
                cache_time: Duration::from_millis(config.limits.cache_ms_max),
            },
            connect_timeout: config.connect_timeout(),
            silence_timeout: Duration::from_secs(config.media.silence_timeout_s),
        },
    };
    let running = Shards::start(&shards_config, &sender).context("start the media threads")?;
    let registry = registry::Config {
        host_token: config.auth.host_token.reveal().map(str::to_owned),
        publish_token: config.auth.publish_token.reveal().map(str::to_owned),
        view_token: config.auth.view_token.reveal().map(str::to_owned),
        viewers_wait: config.streams.viewers_wait,
        publisher_grace: Duration::from_secs(config.streams.publisher_grace_s),
        sessions_max: config.limits.sessions_max,
        shards,
    };
    let metrics = MediaMetrics::default();
    let control = Control::start(
        running,
        events,
        registry,
        config.rooms.limits(),
        config.ice.announce_lite,
        metrics.clone(),
        webhooks,
    );
    Ok((control, metrics))
}

/// The one line that a person needs.
fn greet(address: SocketAddr) -> anyhow::Result<()> {
    let host = if address.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        address.ip().to_string()
    };
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let port = address.port();
    print(&format!(
        "Headwater is ready: open http://{host}:{port}/ and press Go live\n"
    ))?;
    if address.ip().is_unspecified() {
        for ip in local_addresses(false)
            .into_iter()
            .filter(|ip| !ip.is_loopback())
        {
            print(&format!("  in your network:   http://{ip}:{port}/\n"))?;
        }
    }
    Ok(())
}

/// Libraries that warn of what strangers send, which is no news: it is counted, see
/// [`crate::causes`]. `log.level` can name them, and then they talk.
const QUIET: &str = "dimpl=off,sctp_proto=off,h2=off";

fn start_logging(config: &Config) -> anyhow::Result<()> {
    let directives = format!("{QUIET},{}", config.log.level);
    let filter = EnvFilter::try_new(directives).with_context(|| {
        format!(
            "log.level {:?}: write it like info or info,headwater=debug",
            config.log.level
        )
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// The signals that end the server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn first(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    async fn second(&mut self) {
        self.first().await;
    }
}
