//! `headwater bench` as a library, against the real server.

use std::time::Duration;

use headwater_loadgen::bench::{self, Bounds, Phase, Plan, RunError};
use headwater_loadgen::{Idle, Settings};
use rtp::Codec;

use crate::server::Server;
use crate::stream::LIGHT;

fn plan(server: &Server) -> Plan {
    Plan {
        whip: server.url("/whip/{stream}"),
        whep: server.url("/whep/{stream}"),
        name: "bench".to_owned(),
        token: None,
        publishers: 1,
        streams: 1,
        settings: LIGHT,
        watching: 0,
        viewers: 10,
        ramp: 50.0,
        time: Duration::from_secs(3),
        threads: 1,
        idle: Idle::Sleep,
        gro: true,
        pid: Some(server.pid()),
        find_max: None,
    }
}

#[test]
fn measurement_reports_viewers_and_server_cost() {
    let mut server = Server::start(&[]);
    let plan = Plan {
        publishers: 2,
        streams: 2,
        watching: 4,
        threads: 2,
        ..plan(&server)
    };
    let mut phases = Vec::new();
    let outcome = bench::run(&plan, |sample| {
        phases.push(sample.phase);
        true
    });
    let outcome = outcome.expect("a measurement");
    eprintln!("{}", bench::table(&outcome));
    let (steady, joins) = (&outcome.steady, &outcome.joins);
    assert_eq!((steady.viewers, joins.asked), (14, 14));
    assert_eq!(joins.refused, []);
    assert_eq!(
        [
            joins.setup.count,
            joins.first_packet.count,
            joins.keyframe.count
        ],
        [14; 3]
    );
    assert!(
        steady.seconds >= 3.0 && steady.packets > 1_000,
        "{steady:?}"
    );
    // One packet in sixteen is decrypted and measured for its delay.
    let sampled = steady.packets / 16;
    assert!(
        (sampled / 2..sampled * 2).contains(&steady.opened),
        "{steady:?}"
    );
    assert!(steady.delay.count > 0 && steady.delay.p50_ms < 1_000.0);
    assert_eq!(steady.broken, 0);
    assert!(
        outcome
            .watching
            .as_ref()
            .is_some_and(|figures| figures.viewers == 4)
    );
    let process = outcome.process.as_ref().expect("the server's process");
    assert!(process.cores > 0.0 && process.threads.iter().any(|t| t.name == "media-0"));
    assert!(outcome.memory_kb_per_viewer.is_some());
    assert!(phases.is_sorted_by_key(|phase| *phase as u8) && phases.contains(&Phase::Steady));

    let json: serde_json::Value =
        serde_json::from_str(&serde_json::to_string(&outcome).expect("JSON")).expect("JSON");
    assert_eq!(json["steady"]["viewers"], 14);
    assert_eq!(json["plan"]["settings"]["codec"], "VP8");
    let page = bench::page(&outcome).expect("a page");
    assert!(page.contains("\"packets_per_second\"") && !page.contains("{{outcome}}"));
    server.wait_for_sessions(0, Duration::from_secs(5));
    server.assert_unharmed();
}

#[test]
fn each_synthetic_codec_is_forwarded_with_key_frames() {
    let server = Server::start(&[]);
    for codec in [Codec::Vp8, Codec::H264, Codec::Av1] {
        let plan = Plan {
            name: codec.to_string(),
            settings: Settings { codec, ..LIGHT },
            viewers: 2,
            time: Duration::from_secs(1),
            ..plan(&server)
        };
        let outcome = bench::run(&plan, |_| true).expect("a measurement");
        assert_eq!(outcome.joins.keyframe.count, 2, "{codec}");
        assert_eq!(outcome.whole.broken, 0, "{codec}");
    }
}

/// The server lets 20 sessions in: a publisher and 19 viewers.
#[test]
fn search_finds_the_largest_number_of_viewers() {
    let server = Server::start(&[("HEADWATER_LIMITS__SESSIONS_MAX", "20")]);
    let plan = Plan {
        viewers: 100,
        time: Duration::from_secs(1),
        find_max: Some(Bounds {
            loss: 0.5,
            delay: Duration::from_secs(2),
        }),
        ..plan(&server)
    };
    let outcome = bench::run(&plan, |_| true).expect("a measurement");
    assert_eq!(outcome.viewers_max, Some(19));
    assert_eq!(outcome.steady.viewers, 19);
    let reasons = &outcome.joins.refused;
    assert!(
        reasons.iter().any(|refusal| refusal.reason.contains("503")),
        "{reasons:?}"
    );
}

#[test]
fn unreachable_server_is_named_in_the_error() {
    let server = Server::start(&[]);
    let plan = Plan {
        whip: "http://127.0.0.1:9/whip/{stream}".to_owned(),
        ..plan(&server)
    };
    let error = bench::run(&plan, |_| true).expect_err("nothing listens there");
    assert!(matches!(error, RunError::Publish { .. }), "{error}");
    assert!(
        error.to_string().contains("http://127.0.0.1:9/whip/bench0"),
        "{error}"
    );
}

#[test]
fn stopped_measurement_returns_what_it_has() {
    let server = Server::start(&[]);
    let plan = Plan {
        time: Duration::from_secs(600),
        ..plan(&server)
    };
    let outcome = bench::run(&plan, |sample| sample.phase != Phase::Steady);
    let outcome = outcome.expect("what it has");
    assert!(outcome.steady.viewers == 10 && outcome.steady.seconds < 5.0);
}
