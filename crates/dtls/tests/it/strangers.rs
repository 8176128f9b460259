//! Other implementations over loopback: OpenSSL and GnuTLS, as clients and as servers.
//!
//! A test whose program is missing says so and passes; `scripts/setup-test` installs both.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use headwater_dtls::{
    Connected, Endpoint, Error, Fingerprint, Identity, Output, Role, SrtpProfile, Version,
};
use tempfile::TempDir;

use crate::support::{drain, fingerprint_of_der, wrong_fingerprint};

/// When a test gives up. A handshake over loopback takes milliseconds, with a lost datagram a
/// second.
const PATIENCE: Duration = Duration::from_secs(20);

/// A key and a self-signed certificate, made by OpenSSL.
struct Files {
    folder: TempDir,
    certificate: Vec<u8>,
}

impl Files {
    /// Generates both. `key` holds arguments of `openssl genpkey`.
    fn new(key: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let openssl = |arguments: &[&str]| {
            let mut command = Command::new("openssl");
            let output = command.current_dir(&folder).args(arguments).output();
            let output = output.unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {arguments:?}: {said}");
        };
        openssl(&[&["genpkey", "-out", "key.pem"], key].concat());
        openssl(&[
            "req", "-x509", "-key", "key.pem", "-out", "cert.pem", "-subj", "/CN=peer",
        ]);
        openssl(&[
            "x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der",
        ]);
        let certificate = std::fs::read(folder.path().join("cert.der")).unwrap();
        Self {
            folder,
            certificate,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
const P521: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"];
const P224: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"];
const SECP256K1: &[&str] = &[
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:secp256k1",
];
const ED25519: &[&str] = &["-algorithm", "ED25519"];

fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed, see scripts/setup-test");
    }
    found
}

/// A program that is stopped at the end of the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start(folder: &Path, program: &str, arguments: &[&str]) -> Running {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    // The programs run as long as their input is open.
    command.stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    Running(command.spawn().unwrap())
}

/// The datagram that is lost: whether it goes to the program, and its number in that direction,
/// counted from 1.
type Lost = Option<(bool, usize)>;

/// Exchanges datagrams until the endpoint has connected or failed.
fn pump(endpoint: &mut Endpoint, socket: &UdpSocket, lost: Lost) -> Result<Connected, Error> {
    let start = Instant::now();
    let (mut sent, mut received) = (0, 0);
    let mut peer = None;
    let mut buffer = [0; 4_096];
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let mut last = None;
    loop {
        loop {
            match endpoint.poll_output() {
                // A server that has not started yet refuses the datagram; the endpoint repeats it.
                Output::Datagram(bytes) => {
                    sent += 1;
                    match peer {
                        _ if lost == Some((true, sent)) => {}
                        Some(peer) => drop(socket.send_to(&bytes, peer)),
                        None => drop(socket.send(&bytes)),
                    }
                }
                Output::Connected(connected) => last = Some(Ok(*connected)),
                Output::Failed(error) => last = Some(Err(error)),
                Output::Data(_) | Output::Closed => {}
                Output::Timeout(_) => break,
            }
        }
        if let Some(last) = last {
            return last;
        }
        assert!(Instant::now() - start < PATIENCE, "no end of the handshake");
        if let Ok((length, from)) = socket.recv_from(&mut buffer) {
            peer = Some(from);
            received += 1;
            if lost != Some((false, received)) {
                endpoint.handle_datagram(Instant::now(), &buffer[..length]);
            }
        }
        endpoint.handle_timeout(Instant::now());
    }
}

fn fingerprint(files: &Files) -> Vec<Fingerprint> {
    fingerprint_of_der(&files.certificate)
}

/// OpenSSL as the client.
fn openssl_client(files: &Files, more: &[&str]) -> Result<Connected, Error> {
    openssl_client_after(files, more, None, |_| {})
}

/// OpenSSL as the client, with a datagram lost, or after the endpoint has been through `before`.
fn openssl_client_after(
    files: &Files,
    more: &[&str],
    lost: Lost,
    before: impl FnOnce(&mut Endpoint),
) -> Result<Connected, Error> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let identity = Identity::generate();
    let mut endpoint =
        Endpoint::new(&identity, Role::Server, fingerprint(files), Instant::now()).unwrap();
    before(&mut endpoint);
    let fixed = [
        "s_client", "-connect", &address, "-cert", "cert.pem", "-key", "key.pem",
    ];
    let _running = start(files.path(), "openssl", &[&fixed, more].concat());
    pump(&mut endpoint, &socket, lost)
}

/// An address that was free a moment ago, and that no other test in this program gets.
fn free_address() -> SocketAddr {
    static GIVEN: Mutex<BTreeSet<SocketAddr>> = Mutex::new(BTreeSet::new());
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let free = socket.local_addr().unwrap();
        if GIVEN.lock().unwrap().insert(free) {
            return free;
        }
    }
}

/// OpenSSL as the server.
fn openssl_server(files: &Files, more: &[&str], lost: Lost) -> Result<Connected, Error> {
    let free = free_address();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(free).unwrap();
    let address = free.to_string();
    let fixed = [
        "s_server", "-accept", &address, "-cert", "cert.pem", "-key", "key.pem", "-Verify", "1",
        "-quiet",
    ];
    let _running = start(files.path(), "openssl", &[&fixed, more].concat());
    let identity = Identity::generate();
    let mut endpoint =
        Endpoint::new(&identity, Role::Client, fingerprint(files), Instant::now()).unwrap();
    pump(&mut endpoint, &socket, lost)
}

const GCM: &[&str] = &[
    "-dtls1_2",
    "-use_srtp",
    "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM",
];
const CM: &[&str] = &["-dtls1_2", "-use_srtp", "SRTP_AES128_CM_SHA1_80"];

#[test]
fn openssl_client_with_any_certificate_connects() {
    if !is_there("openssl") {
        return;
    }
    for key in [RSA, P224, P256, P384, P521] {
        let files = Files::new(key);
        for (more, profile) in [
            (GCM, SrtpProfile::AeadAes128Gcm),
            (CM, SrtpProfile::Aes128CmSha1_80),
        ] {
            let connected = openssl_client(&files, more).unwrap();
            assert_eq!(connected.keys.profile, profile, "{key:?}");
            assert_eq!(connected.version, Version::Dtls12);
        }
    }
}

#[test]
fn openssl_client_with_fragmented_hello_connects() {
    if !is_there("openssl") {
        return;
    }
    // As GStreamer does it: the first datagram ends before `use_srtp`.
    let files = Files::new(RSA);
    openssl_client(&files, &[CM, &["-mtu", "256"]].concat()).unwrap();
}

#[test]
fn openssl_client_after_a_forged_hello_connects() {
    if !is_there("openssl") {
        return;
    }
    let forge = |endpoint: &mut Endpoint| {
        let (identity, now) = (Identity::generate(), Instant::now());
        let other = Endpoint::new(&identity, Role::Client, wrong_fingerprint(), now);
        for hello in drain(&mut other.unwrap()).datagrams {
            endpoint.handle_datagram(now, &hello);
        }
        assert!(!drain(endpoint).datagrams.is_empty());
    };
    for (key, mtu) in [(P256, "1200"), (RSA, "256")] {
        let more = [CM, &["-mtu", mtu]].concat();
        openssl_client_after(&Files::new(key), &more, None, forge).unwrap();
    }
}

#[test]
fn openssl_client_with_other_certificates_is_refused() {
    if !is_there("openssl") {
        return;
    }
    let refused = openssl_client(&Files::new(SECP256K1), GCM).unwrap_err();
    let kind = "ECDSA secp256k1".to_owned();
    assert_eq!(refused, Error::UnsupportedCertificate { kind });
    // Ed25519 is not requested, so OpenSSL sends no certificate.
    let refused = openssl_client(&Files::new(ED25519), GCM).unwrap_err();
    assert_eq!(refused, Error::NoCertificate);
}

#[test]
fn openssl_client_without_common_ground_is_refused() {
    if !is_there("openssl") {
        return;
    }
    let files = Files::new(P256);
    let refused = |more: &[&str]| openssl_client(&files, more).unwrap_err().label();
    assert_eq!(refused(&["-dtls1_2"]), "no_srtp_profile");
    let suite = ["-cipher", "ECDHE-RSA-AES128-SHA"];
    assert_eq!(refused(&[GCM, &suite].concat()), "no_common_cipher");
    assert_eq!(
        refused(&[GCM, &["-curves", "P-521"]].concat()),
        "unsupported_curve"
    );
    // Without ECDSA signatures OpenSSL also omits the suites that need them.
    let signatures = ["-sigalgs", "RSA+SHA256"];
    assert_eq!(refused(&[GCM, &signatures].concat()), "no_common_cipher");
    let old = [
        "-dtls1",
        "-cipher",
        "ALL:@SECLEVEL=0",
        "-use_srtp",
        "SRTP_AES128_CM_SHA1_80",
    ];
    assert_eq!(refused(&old), "no_common_version");
}

#[test]
fn openssl_server_with_ecdsa_connects() {
    if !is_there("openssl") {
        return;
    }
    for key in [P256, P384] {
        let connected = openssl_server(&Files::new(key), GCM, None).unwrap();
        assert_eq!(connected.keys.role, Role::Client);
        assert_eq!(connected.version, Version::Dtls12);
    }
}

#[test]
fn openssl_server_with_other_keys_ends_with_an_alert() {
    if !is_there("openssl") {
        return;
    }
    // RSA needs a cipher suite that we do not offer. OpenSSL sends certificates only on curves that
    // the client offers for the key exchange; GnuTLS sends any.
    for key in [RSA, P224, P521] {
        let refused = openssl_server(&Files::new(key), GCM, None).unwrap_err();
        assert_eq!(refused.label(), "alert", "{key:?}");
    }
}

/// The arguments of GnuTLS on either side.
fn gnutls_arguments<'a>(priority: &'a str, port: &'a str) -> [&'a str; 8] {
    [
        "--udp",
        "--srtp-profiles=SRTP_AES128_CM_HMAC_SHA1_80",
        "--x509certfile=cert.pem",
        "--x509keyfile=key.pem",
        "--priority",
        priority,
        "-p",
        port,
    ]
}

/// GnuTLS as the client.
fn gnutls_client(files: &Files, priority: &str, lost: Lost) -> Result<Connected, Error> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let identity = Identity::generate();
    let mut endpoint =
        Endpoint::new(&identity, Role::Server, fingerprint(files), Instant::now()).unwrap();
    let own = ["--insecure", "--no-ca-verification"];
    let of_both = gnutls_arguments(priority, &port);
    let arguments = [&own[..], &of_both, &["127.0.0.1"]].concat();
    let _running = start(files.path(), "gnutls-cli", &arguments);
    pump(&mut endpoint, &socket, lost)
}

#[test]
fn gnutls_client_with_any_certificate_connects() {
    if !is_there("openssl") || !is_there("gnutls-cli") {
        return;
    }
    for key in [RSA, P224, P256, P384, P521] {
        let connected = gnutls_client(&Files::new(key), priority(key), None).unwrap();
        assert_eq!(
            connected.keys.profile,
            SrtpProfile::Aes128CmSha1_80,
            "{key:?}"
        );
    }
}

/// GnuTLS as the server.
fn gnutls_server(files: &Files, priority: &str, lost: Lost) -> Result<Connected, Error> {
    let free = free_address();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(free).unwrap();
    let port = free.port().to_string();
    let own = ["--echo", "--require-client-cert"];
    let arguments = [&own[..], &gnutls_arguments(priority, &port)].concat();
    let _running = start(files.path(), "gnutls-serv", &arguments);
    let identity = Identity::generate();
    let mut endpoint =
        Endpoint::new(&identity, Role::Client, fingerprint(files), Instant::now()).unwrap();
    pump(&mut endpoint, &socket, lost)
}

/// The priority string of GnuTLS. GnuTLS accepts a P-224 certificate only if a program asks for it,
/// as FFmpeg does.
fn priority(key: &[&str]) -> &'static str {
    if key == P224 {
        "NORMAL:+CURVE-SECP224R1:+SIGN-ALL"
    } else {
        "NORMAL"
    }
}

#[test]
fn gnutls_server_with_ecdsa_connects() {
    if !is_there("openssl") || !is_there("gnutls-serv") {
        return;
    }
    for key in [P224, P256, P384, P521] {
        let connected = gnutls_server(&Files::new(key), priority(key), None).unwrap();
        assert_eq!(connected.keys.role, Role::Client, "{key:?}");
    }
}

/// Checks that the handshake completes whichever datagram is lost. All cases run at the same time,
/// since they mostly wait for timers.
fn survives(connect: impl Fn(Lost) -> Result<Connected, Error> + Sync) {
    let connect = &connect;
    std::thread::scope(|scope| {
        let all = (1..=8).flat_map(|number| [(true, number), (false, number)]);
        let running = all.map(|lost| (lost, scope.spawn(move || connect(Some(lost)))));
        for (lost, one) in running.collect::<Vec<_>>() {
            let connected = one.join().expect("no panic");
            assert!(connected.is_ok(), "{lost:?} lost: {connected:?}");
        }
    });
}

#[test]
fn openssl_connects_whichever_datagram_is_lost() {
    if !is_there("openssl") {
        return;
    }
    let files = Files::new(P256);
    survives(|lost| openssl_client_after(&files, GCM, lost, |_| {}));
    survives(|lost| openssl_server(&files, GCM, lost));
}

#[test]
fn gnutls_connects_whichever_datagram_is_lost() {
    if !is_there("openssl") || !is_there("gnutls-serv") {
        return;
    }
    let files = Files::new(P256);
    survives(|lost| gnutls_client(&files, "NORMAL", lost));
    survives(|lost| gnutls_server(&files, "NORMAL", lost));
}
