use std::time::Duration;

use serde::Serialize;

use crate::publisher::as_seconds;
use crate::{Idle, Settings};

/// What is to be measured.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// WHIP endpoint of a stream, with `{stream}` where its name goes.
    pub whip: String,
    /// WHEP endpoint of a stream, likewise.
    pub whep: String,
    /// Streams are called this and a number.
    pub name: String,
    /// Bearer token of all requests.
    #[serde(skip)]
    pub token: Option<String>,
    /// Streams, each with a publisher; 0 when others publish them already.
    pub publishers: usize,
    /// Streams that are watched; the same as publishers unless there are none.
    pub streams: usize,
    /// What is published.
    pub settings: Settings,
    /// Viewers that watch before the others come: they show whether a crowd at the door disturbs
    /// those inside.
    pub watching: usize,
    /// Viewers that come, of all streams together, one stream after the other.
    pub viewers: usize,
    /// Viewers that come in a second.
    pub ramp: f64,
    /// How long all of them watch, and how long each number while the largest is looked for; in
    /// reports in seconds.
    #[serde(serialize_with = "as_seconds")]
    pub time: Duration,
    /// Threads that receive.
    pub threads: usize,
    /// What they do when nothing has arrived.
    pub idle: Idle,
    /// Viewers take datagrams that the kernel has joined (GRO); browsers do not.
    pub gro: bool,
    /// The server's process, when it runs on this machine: its processor time and memory are
    /// measured too.
    pub pid: Option<u32>,
    /// Look for the largest number of viewers that stays within these, up to `viewers`.
    pub find_max: Option<Bounds>,
}

/// What a server has to keep to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bounds {
    /// Share of packets lost, 0 to 1.
    pub loss: f64,
    /// 99 of 100 packets take no longer; in reports in seconds.
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
