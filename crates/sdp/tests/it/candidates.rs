//! ICE candidates: those of clients are parsed, malformed ones are refused with the part named.

use sdp::{Address, Candidate, CandidateKind, CandidatePart, Protocol, Reason};

#[test]
fn client_candidates_are_parsed() {
    let parse = |text: &str| Candidate::parse(text).unwrap();
    let host = parse(
        "candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 \
         ufrag EsAw network-id 1",
    );
    assert_eq!(host.foundation, "1387637174");
    assert_eq!((host.component, host.priority), (1, 2_122_260_223));
    assert_eq!(host.protocol, Protocol::Udp);
    let address = "192.0.2.1:61764".parse().unwrap();
    assert_eq!(host.address, Address::Ip(address));
    assert_eq!(host.kind, CandidateKind::Host);

    let name = "b1d2a4a1-3c5a-4d0c-8c0c-1b1b1b1b1b1b.local";
    let hidden = parse(&format!("candidate:0 1 UDP 1 {name} 9 typ host"));
    let name = name.to_owned();
    assert_eq!(hidden.address, Address::Name { name, port: 9 });

    let tcp = parse("candidate:x 2 TCP 0 ::1 9 typ prflx tcptype active");
    assert_eq!(tcp.protocol, Protocol::Tcp);
    assert_eq!(tcp.address, Address::Ip("[::1]:9".parse().unwrap()));

    let scoped = parse("candidate:x 1 udp 1 fe80::1%eth0 9 typ host");
    assert_eq!(scoped.address, Address::Ip("[fe80::1]:9".parse().unwrap()));

    let relayed = parse("candidate:x 1 udp 1 192.0.2.1 9 typ relay raddr 0.0.0.0 rport 0");
    assert_eq!(relayed.kind, CandidateKind::Relayed);
}

#[test]
fn malformed_candidate_error_names_the_part() {
    use CandidatePart::*;
    let long = format!("candidate:{} 1 udp 1 192.0.2.1 9 typ host", "f".repeat(33));
    for (text, part) in [
        ("", Foundation),
        ("candidate:", Foundation),
        ("1 1 udp 1 192.0.2.1 9 typ host", Foundation),
        (long.as_str(), Foundation),
        ("candidate:1", Component),
        ("candidate:1 0 udp 1 192.0.2.1 9 typ host", Component),
        ("candidate:1 257 udp 1 192.0.2.1 9 typ host", Component),
        ("candidate:1 1 u/dp 1 192.0.2.1 9 typ host", Protocol),
        (
            "candidate:1 1 udp 4294967296 192.0.2.1 9 typ host",
            Priority,
        ),
        ("candidate:1 1 udp -1 192.0.2.1 9 typ host", Priority),
        ("candidate:1 1 udp 1 192.0.2.999 9 typ host", Address),
        ("candidate:1 1 udp 1 a..b 9 typ host", Address),
        ("candidate:1 1 udp 1 ::g 9 typ host", Address),
        ("candidate:1 1 udp 1 1.2.3.4%x 9 typ host", Address),
        ("candidate:1 1 udp 1 192.0.2.1 65536 typ host", Port),
        ("candidate:1 1 udp 1 192.0.2.1 x typ host", Port),
        ("candidate:1 1 udp 1 192.0.2.1 9", Kind),
        ("candidate:1 1 udp 1 192.0.2.1 9 typ", Kind),
        ("candidate:1 1 udp 1 192.0.2.1 9 host", Kind),
        ("candidate:1 1 udp 1 192.0.2.1 9 typ nonsense", Kind),
    ] {
        let refused = Candidate::parse(text);
        assert_eq!(refused, Err(Reason::Candidate(part)), "{text}");
    }
}

#[test]
fn parsed_candidate_is_written_back_unchanged() {
    for text in [
        "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host",
        "candidate:1 1 tcp 1 2001:db8::1 9 typ srflx",
        "candidate:1 1 udp 1 x.local 9 typ relay",
    ] {
        assert_eq!(Candidate::parse(text).unwrap().to_string(), text);
    }
}
