use std::time::{Duration, Instant};

use crate::running::Running;

#[test]
fn server_exits_with_success_within_5s_of_sigterm() {
    let mut server = Running::start(&[]);
    assert_eq!(server.ask("GET /healthz", "").status, 200);
    let start = Instant::now();
    server.signal("-TERM");
    let status = server.process.wait().expect("it ends");
    assert!(status.success(), "{status}");
    assert!(start.elapsed() < Duration::from_secs(5));
}
