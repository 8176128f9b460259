//! The ports and paths of tributary, and its command line.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::*;

/// Starts `headwater tributary` with these flags on a free port. The result has the address of that
/// port.
fn original(flags: &[&str], dash: &str) -> Running {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = probe.local_addr().expect("its address").port().to_string();
    drop(probe);
    let mut process = Command::new(env!("CARGO_BIN_EXE_headwater"))
        .args(["tributary", &format!("{dash}port"), &port])
        .args(flags)
        .args([
            "--http",
            "127.0.0.1:0",
            "--shards",
            "1",
            "--media-port",
            "0",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("headwater starts");
    let stdout = process.stdout.take().expect("a pipe");
    let mut line = String::new();
    let read = BufReader::new(stdout).read_line(&mut line);
    assert!(read.is_ok() && line.contains("ready"), "{line}");
    Running {
        process,
        address: format!("127.0.0.1:{port}"),
    }
}

#[test]
fn flags_of_the_original_work_with_one_dash_or_two() {
    for dash in ["-", "--"] {
        let servers = r#"[{"urls":"stun:s.example"}]"#;
        let flags = [
            &format!("{dash}max-listeners"),
            "1",
            &format!("{dash}ice-servers"),
            servers,
        ];
        let server = original(&flags, dash);
        let mut mona = Peer::broadcasts(&server, "mona");
        mona.says(&command("FETCH_CONFIG"));
        let expected: Value = serde_json::from_str(servers).expect("JSON");
        assert_eq!(mona.wire.next()["iceServers"], expected);
        let (mut per, mut ida) = (Peer::comes(&server, "per"), Peer::comes(&server, "ida"));
        per.arrives(&mut mona);
        ida.arrives(&mut per);
        assert_eq!(mona.tree(), "mona(per(ida))");
    }
}

#[test]
fn socket_of_any_origin_is_taken_on_both_ports() {
    let own = original(&[], "-");
    let main = server(3);
    for address in [&own.address, &main.address] {
        for origin in ["https://elsewhere.example", "null"] {
            let wire = Wire::open_with(address, "/api/ws", &[("origin", origin)]);
            assert!(wire.is_ok(), "{address} {origin}");
        }
    }
}

#[test]
fn own_port_serves_its_directory_and_nothing_outside_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let files = directory.path().join("static");
    std::fs::create_dir_all(files.join("lib")).expect("a directory");
    std::fs::write(directory.path().join("secret.txt"), "secret").expect("a file");
    std::fs::write(files.join("index.html"), "<p>the page</p>").expect("a file");
    std::fs::write(files.join("lib/adapter.js"), "// adapter").expect("a file");
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = probe.local_addr().expect("its address").to_string();
    drop(probe);
    let mut server = Running::start(&[
        ("HEADWATER_DIALECTS__TRIBUTARY__LISTEN", &address),
        (
            "HEADWATER_DIALECTS__TRIBUTARY__STATIC_DIR",
            files.to_str().expect("a path"),
        ),
    ]);
    server.address = address;
    for (path, body) in [
        ("/", "<p>the page</p>"),
        ("/index.html?wshost=x", "<p>the page</p>"),
        ("/lib/adapter.js", "// adapter"),
    ] {
        let answer = server.ask(&format!("GET {path}"), "");
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
    }
    for path in [
        "/none",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/lib/..%2f..%2fsecret.txt",
    ] {
        let answer = server.ask(&format!("GET {path}"), "");
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("secret"), "{path}");
    }
    let _mona = Peer::broadcasts(&server, "mona");
}

#[test]
fn missing_directory_gives_404_and_the_socket_works() {
    // The default directory does not exist here.
    let server = original(&[], "-");
    assert_eq!(server.ask("GET /", "").status, 404);
    let _mona = Peer::broadcasts(&server, "mona");
}

#[test]
fn clients_get_the_configured_ice_servers_unchanged() {
    let servers = r#"[{"urls":["turn:t.example:3478"],"username":"u","credential":"p","x":{}}]"#;
    let configured = [("HEADWATER_DIALECTS__TRIBUTARY__ICE_SERVERS", servers)];
    for (environment, expected) in [(configured.as_slice(), servers), (&[], "[]")] {
        let server = Running::start(environment);
        let mut per = Peer::comes(&server, "per");
        let expected: Value = serde_json::from_str(expected).expect("JSON");
        for _ in 0..2 {
            per.says(&command("FETCH_CONFIG"));
            let config = json!({ "command": "FETCH_CONFIG_RECEIVED", "iceServers": expected });
            assert_eq!(per.wire.next(), config);
        }
    }
}

#[test]
fn invalid_ice_servers_json_is_an_error_for_the_client() {
    let server = original(&["-ice-servers", "[{"], "-");
    let mut per = Peer::comes(&server, "per");
    per.says(&command("FETCH_CONFIG"));
    assert_eq!(per.wire.next(), error("Invalid ICE server JSON"));
}
