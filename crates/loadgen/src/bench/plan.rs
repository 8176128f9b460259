use std::time::Duration;

use serde::Serialize;

use crate::publisher::as_seconds;
use crate::{Idle, Settings};

/// The settings of a measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// URL of the WHIP endpoints; `{stream}` stands for the name of the stream.
    pub whip: String,
    /// URL of the WHEP endpoints; `{stream}` stands for the name of the stream.
    pub whep: String,
    /// Prefix of the streams' names; a number follows, counted from 0.
    pub name: String,
    /// Bearer token for all requests.
    #[serde(skip)]
    pub token: Option<String>,
    /// Number of publishers, one for each stream; 0 when the streams are published by others.
    pub publishers: usize,
    /// Number of streams to watch; the same as `publishers` unless that is 0.
    pub streams: usize,
    /// What the publishers send.
    pub settings: Settings,
    /// Viewers that watch before the others join: they show whether many joins disturb viewers that
    /// watch already.
    pub watching: usize,
    /// Viewers that join, of all streams together. They are assigned to the streams in turn.
    pub viewers: usize,
    /// Viewers that join per second.
    pub ramp: f64,
    /// Length of the steady phase, and of each step of the search for the largest number of
    /// viewers; serialized in seconds.
    #[serde(serialize_with = "as_seconds")]
    pub time: Duration,
    /// Threads that receive the viewers' media.
    pub threads: usize,
    /// What these threads do when no packet has arrived.
    pub idle: Idle,
    /// Whether viewers use GRO, by which the kernel joins datagrams; browsers do not.
    pub gro: bool,
    /// The server's process if it runs on this machine. Its CPU time and memory are then measured
    /// too.
    pub pid: Option<u32>,
    /// Search for the largest number of viewers, up to `viewers`, that stays within these bounds.
    pub find_max: Option<Bounds>,
}

/// The limits that a server has to meet.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// Largest share of lost packets, 0 to 1.
    pub loss: f64,
    /// Largest delay of 99 % of the packets; serialized in seconds.
    #[serde(serialize_with = "as_seconds")]
    pub delay: Duration,
}

impl Plan {
    pub(super) fn whip(&self, stream: usize) -> String {
        self.endpoint(&self.whip, stream)
    }

    pub(super) fn whep(&self, stream: usize) -> String {
        self.endpoint(&self.whep, stream)
    }

    fn endpoint(&self, template: &str, stream: usize) -> String {
        template.replace("{stream}", &format!("{}{stream}", self.name))
    }
}
