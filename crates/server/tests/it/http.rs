use crate::running::Running;

const SESSION: &str = "/whip/live/session/0123456789abcdef0123456789abcdef";

#[test]
fn refusals_say_what_to_fix() {
    let server = Running::start(&[("HEADWATER_LIMITS__BODY_TIMEOUT_MS", "300")]);
    let sdp = "Content-Type: application/sdp";
    let post = format!("POST /whip/live\r\n{sdp}");
    let big = "x".repeat(70_000);
    for (head, body, status) in [
        (post.as_str(), "hello", 400),
        (post.as_str(), "", 400),
        (post.as_str(), big.as_str(), 413),
        ("POST /whip/live\r\nContent-Type: text/plain", "v=0", 415),
        ("PUT /whip/live", "", 405),
        ("PUT /whep/room/cam", "", 405),
        ("POST /whip/a/b/c", "", 404),
    ] {
        let answer = server.ask(head, body);
        assert_eq!(answer.status, status, "{head}: {answer:?}");
        assert!(!answer.detail().is_empty());
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("*"),
            "{head}"
        );
        assert_eq!(answer.header("allow").is_some(), status == 405, "{head}");
    }
    let slow = server.send(&format!("{post}\r\nContent-Length: 100"), "v=0");
    assert_eq!(slow.status, 408, "{slow:?}");
}

#[test]
fn unknown_session_is_404_for_every_method() {
    let server = Running::start(&[]);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let answer = server.ask(&format!("{method} {SESSION}"), "");
        assert_eq!(answer.status, 404, "{method}: {answer:?}");
    }
}

#[test]
fn preflight_is_allowed_on_every_path() {
    let server = Running::start(&[]);
    for path in ["/whip/live", "/whep/room/cam", SESSION, "/api/v1/streams"] {
        let answer = server.ask(
            &format!("OPTIONS {path}\r\nOrigin: https://elsewhere.example"),
            "",
        );
        assert_eq!(answer.status, 204, "{path}: {answer:?}");
        let methods = answer
            .header("access-control-allow-methods")
            .unwrap_or_default();
        assert!(methods.contains("patch"), "{path}: {answer:?}");
        let headers = answer
            .header("access-control-allow-headers")
            .unwrap_or_default();
        assert!(
            headers.contains("if-match") && headers.contains("authorization"),
            "{path}"
        );
        assert_eq!(answer.header("link"), None);
    }
}

#[test]
fn burst_of_sessions_gets_429_with_retry_after() {
    let server = Running::start(&[("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "1")]);
    let mut answers =
        (0..10).map(|_| server.ask("POST /whip/live\r\nContent-Type: application/sdp", "v=0"));
    let refused = answers
        .find(|answer| answer.status == 429)
        .expect("more than one a second");
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn operator_endpoints_answer_200() {
    let server = Running::start(&[]);
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/streams"] {
        assert_eq!(server.ask(&format!("GET {path}"), "").status, 200, "{path}");
    }
    let metrics = server.ask("GET /metrics", "").body;
    assert!(metrics.contains("# EOF"), "{metrics}");
}

#[test]
fn pages_are_served_or_say_how_to_build_them() {
    let server = Running::start(&[]);
    for path in ["/", "/watch/room/cam"] {
        let answer = server.ask(&format!("GET {path}\r\nAccept-Encoding: br"), "");
        match answer.status {
            200 => assert_eq!(
                answer.header("content-type"),
                Some("text/html; charset=utf-8")
            ),
            503 => assert!(answer.body.contains("make web"), "{answer:?}"),
            _ => panic!("{path}: {answer:?}"),
        }
    }
    assert_eq!(server.ask("GET /assets/nothing.js", "").status, 404);
}
