//! Hostile input for every parser, and for whole peers.
//!
//! A [`Target`] takes arbitrary bytes and panics when a promise does not hold for them.
//! `scripts/soak-fuzz` runs the targets with libFuzzer, which is guided by coverage and stops at an
//! input that takes too much time or memory. The crate's test runs each target for a moment with
//! mutated seeds, and with every input that was ever a finding, which `found/` keeps.

mod access_units;
mod connection;
mod datagrams;
mod descriptions;
mod dialects;
mod script;
mod sctp;
mod whole_shard;

/// A part of the server that takes untrusted bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Name of the target, on the command line and in `found/`.
    pub name: &'static str,
    /// Takes an input; a panic is a finding.
    pub run: fn(&[u8]),
    /// Returns the inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets: first the parsers, then the peers and shards that contain them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "sdp",
        run: descriptions::sdp,
        seeds: descriptions::offers,
    },
    Target {
        name: "fragment",
        run: descriptions::fragment,
        seeds: descriptions::fragments,
    },
    Target {
        name: "negotiation",
        run: descriptions::negotiation,
        seeds: descriptions::offers,
    },
    Target {
        name: "stun",
        run: datagrams::stun,
        seeds: datagrams::checks,
    },
    Target {
        name: "dtls",
        run: datagrams::dtls,
        seeds: datagrams::handshakes,
    },
    Target {
        name: "rtp",
        run: datagrams::rtp,
        seeds: datagrams::packets,
    },
    Target {
        name: "rtcp",
        run: datagrams::rtcp,
        seeds: datagrams::reports,
    },
    Target {
        name: "units",
        run: access_units::units,
        seeds: access_units::streams,
    },
    Target {
        name: "channels",
        run: sctp::channels,
        seeds: sctp::chunks,
    },
    Target {
        name: "dialects",
        run: dialects::frames,
        seeds: dialects::recorded_frames,
    },
    Target {
        name: "requests",
        run: dialects::requests,
        seeds: dialects::recorded_requests,
    },
    Target {
        name: "peer",
        run: connection::peer,
        seeds: connection::scripts,
    },
    Target {
        name: "shard",
        run: whole_shard::run,
        seeds: whole_shard::scripts,
    },
];

/// Returns the target with this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
