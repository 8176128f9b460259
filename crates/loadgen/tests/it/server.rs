//! A running `headwater` process, observed from outside.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_loadgen::{Client, bench};

/// How many servers may run at a time. A test mostly waits; two cores carry four of them.
const SERVERS_MAX: usize = 4;

/// How many servers run.
static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Time limit of a read, longer than any timeout of the server that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server's process. Dropping this value kills it.
pub(crate) struct Server {
    process: Child,
    address: String,
    media: SocketAddr,
    log: tempfile::TempDir,
    client: Client,
    _place: Place,
}

impl Server {
    /// Starts a server with one shard on free ports of the loopback interface, once fewer than
    /// `SERVERS_MAX` run.
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        let place = Place::wait();
        let probe = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let media = probe.local_addr().expect("its address");
        drop(probe);
        let log = tempfile::tempdir().expect("a folder");
        let stderr = File::create(log.path().join("stderr")).expect("a file");
        let mut process = Command::new(binary())
            .args(["--http", "127.0.0.1:0", "--shards", "1", "--media-port"])
            .arg(media.port().to_string())
            .env("HEADWATER_MEDIA__PUBLIC_IPS", "127.0.0.1")
            .env("HEADWATER_LOG__LEVEL", "warn")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("headwater starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("its first line");
        let (_, url) = line.split_once("http://").expect("an address to open");
        let (address, _) = url.split_once('/').expect("a path behind the address");
        Self {
            process,
            address: address.to_owned(),
            media,
            log,
            client: Client::default(),
            _place: place,
        }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The id of the server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The server's media address.
    pub(crate) fn media(&self) -> SocketAddr {
        self.media
    }

    /// The sum of the values of `/metrics` with this name, labels included; 0 when there are none.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let metrics = self.client.get(&self.url("/metrics")).expect("metrics");
        let lines = metrics
            .body
            .lines()
            .filter_map(|line| line.rsplit_once(' '));
        let values = lines.filter(|(found, _)| *found == format!("headwater_{name}"));
        values
            .map(|(_, value)| value.parse::<u64>().expect("a whole number"))
            .sum()
    }

    /// Waits until the media threads hold `wanted` sessions. Returns how long that took.
    pub(crate) fn wait_for_sessions(&self, wanted: u64, patience: Duration) -> Duration {
        let start = Instant::now();
        loop {
            let sessions = self.metric("sessions");
            if sessions == wanted {
                return start.elapsed();
            }
            assert!(
                start.elapsed() < patience,
                "{sessions} sessions instead of {wanted} after {patience:?}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Resident memory in kB.
    pub(crate) fn memory_kb(&self) -> u64 {
        bench::memory_kb(self.pid()).expect("the process lives")
    }

    /// Opens a TCP connection to the HTTP port without sending anything.
    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("the port is open")
    }

    /// Sends one HTTP request exactly as given, plus `Host` and `Connection: close`. Returns the
    /// status; `None` when the server closed the connection without a response.
    pub(crate) fn send(&self, head: &str, body: &[u8]) -> Option<u16> {
        let mut stream = self.connect();
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let head = format!(
            "{head}\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        // The server may answer and close before it has read everything.
        let sent = stream.write_all(head.as_bytes());
        sent.and_then(|()| stream.write_all(body)).ok();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).ok()?;
        let status = answer.get(9..).map(String::from_utf8_lossy);
        status.and_then(|status| status.parse().ok())
    }

    /// The lines that the server has logged so far.
    pub(crate) fn log(&self) -> Vec<String> {
        let log = fs::read(self.log.path().join("stderr")).expect("its log");
        let lines = String::from_utf8_lossy(&log);
        lines.lines().map(str::to_owned).collect()
    }

    /// Panics when the process has ended or one of its threads has panicked.
    pub(crate) fn assert_unharmed(&mut self) {
        let ended = self.process.try_wait().expect("a child");
        let log = fs::read_to_string(self.log.path().join("stderr")).expect("its log");
        assert!(ended.is_none(), "the server ended with {ended:?}:\n{log}");
        let panicked = log.lines().any(|line| line.contains("panicked"));
        assert!(!panicked, "a thread panicked:\n{log}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The right to run a server. Dropping this value passes it on.
struct Place;

impl Place {
    fn wait() -> Self {
        let full = |running: &mut usize| *running == SERVERS_MAX;
        let mut running = ENDED
            .wait_while(Self::running(), full)
            .unwrap_or_else(PoisonError::into_inner);
        *running += 1;
        Self
    }

    fn running() -> MutexGuard<'static, usize> {
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *Self::running() -= 1;
        ENDED.notify_one();
    }
}

/// The binary to test: `HEADWATER_BIN`, or that of the same build, in the folder above the test's
/// own.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("HEADWATER_BIN") {
        return named.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    let built = test
        .ancestors()
        .nth(2)
        .expect("a target folder")
        .join("headwater");
    assert!(
        built.exists(),
        "{} does not exist: run cargo build -p headwater-server, or set HEADWATER_BIN",
        built.display()
    );
    built
}
