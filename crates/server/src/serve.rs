//! Starts the parts of the server, runs them, and shuts them down in order.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use auth::Tokens;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat, Secret};
use crate::control::{self, Control};
use crate::http::{self, Service};
use crate::media::{Shards, ShardsConfig, local_addresses};
use crate::metrics::{self, HttpMetrics, MediaMetrics};
use crate::stdout::print;
use crate::webhooks::Webhooks;

/// The most time that a clean shutdown takes; what is left then is cut off.
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);

/// Runs the server until SIGINT or SIGTERM. Fails when it cannot start, for example because a port
/// is taken.
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

/// Nice value (setpriority(2)) of the threads that answer requests. On a core that both want, a
/// media thread then gets three quarters of the time: offers that are expensive to parse slow down
/// other requests, and not the forwarding of media.
const REQUESTS_NICE: i32 = 5;

/// The least number of threads that parse offers and read files; there is one per core. Further
/// offers wait: more threads would not finish them sooner, and each thread keeps some megabytes of
/// what it allocated.
const READERS_MIN: usize = 2;

fn readers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    cores.max(READERS_MIN)
}

/// Lowers the priority of the calling thread below that of the media threads.
fn step_back() {
    if let Err(error) = rustix::process::setpriority_process(None, REQUESTS_NICE) {
        tracing::debug!(%error, "cannot lower the priority of the request threads");
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    // Before anything else, so that no signal is missed.
    let mut signals = Signals::new()?;
    let listener = bind(config.http.listen, "http.listen (--http)").await?;
    let address = listener
        .local_addr()
        .context("read the address of the HTTP listener")?;
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
    let ports = http::ports(service, config);
    let mut opened = Vec::new();
    for http::Listener {
        key,
        address,
        router,
    } in ports.others
    {
        let listener = bind(address, key).await?;
        opened.push((key, listener.local_addr()?));
        servers.spawn(http::serve(
            listener,
            router,
            limits,
            http_metrics.clone(),
            stopping.clone(),
        ));
    }
    servers.spawn(http::serve(
        listener,
        ports.main,
        limits,
        http_metrics,
        stopping.clone(),
    ));
    greet(address)?;
    for (key, address) in opened {
        print(&format!("  {key}: port {}\n", address.port()))?;
    }
    signals.first().await;
    tracing::info!("stopping; a second signal ends the process at once");
    stopping.cancel();
    // Rooms end first: that queues their last events, which the webhooks then deliver.
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
                tracing::warn!("shutdown took too long; open requests were cut off");
                Ok(())
            }
        },
        () = signals.second() => std::process::exit(130),
    }
}

/// Binds a TCP listener; `key` is the setting that an error names.
async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("listen on {address}: set {key} to a free address"))
}

/// Raises the soft limit of open files to the hard limit: each HTTP connection takes one, and so
/// does each viewer of `headwater bench`. The usual soft limit of 1,024 is for programs that use
/// `select`.
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
        tracing::debug!(%error, "cannot raise the limit of open files");
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
            connect_timeout: config.media.connect_timeout(),
            silence_timeout: Duration::from_secs(config.media.silence_timeout_s),
        },
    };
    let running = Shards::start(&shards_config, &sender).context("start the media threads")?;
    let token = |secret: &Secret| secret.reveal().map(str::to_owned);
    let settings = control::Settings {
        tokens: Tokens {
            host: token(&config.auth.host_token),
            publish: token(&config.auth.publish_token),
            watch: token(&config.auth.view_token),
            operate: token(&config.auth.api_token),
        },
        viewers_wait: config.streams.viewers_wait,
        publisher_grace: Duration::from_secs(config.streams.publisher_grace_s),
        sessions_max: config.limits.sessions_max,
        rooms: config.rooms.limits(),
        direct: config.dialects.direct_rooms(),
        trees: config.dialects.peer_trees(),
        announce_ice_lite: config.ice.announce_lite,
    };
    let metrics = MediaMetrics::default();
    let control = Control::start(running, events, settings, metrics.clone(), webhooks);
    Ok((control, metrics))
}

/// Prints the addresses at which a browser finds the pages.
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
            print(&format!("  on your network:   http://{ip}:{port}/\n"))?;
        }
    }
    Ok(())
}

/// Filter directives that silence libraries which warn about malformed input of remotes: the server
/// counts that itself, see [`crate::causes`]. `log.level` can name them to bring their lines back.
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
