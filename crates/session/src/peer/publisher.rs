//! The peer of all streams that a participant publishes: the participant offers.

use std::collections::BTreeMap;

use contract::{Command, TrackMapping};
use model::{SessionId, ShardId, StreamName};
use rtc::{Agreed, Negotiator};
use rtp::Kind;

use crate::registry::Registry;

/// A publisher peer.
#[derive(Debug)]
pub(crate) struct PublisherPeer {
    pub(crate) session: SessionId,
    pub(crate) shard: ShardId,
    pub(crate) negotiator: Negotiator,
    /// The m-lines of each stream, by `a=mid`.
    pub(crate) streams: BTreeMap<StreamName, Vec<String>>,
}

impl PublisherPeer {
    /// The m-lines, each with its stream.
    pub(crate) fn mids(&self) -> impl Iterator<Item = (&StreamName, &str)> {
        let streams = self.streams.iter();
        streams.flat_map(|(name, mids)| mids.iter().map(move |mid| (name, mid.as_str())))
    }

    /// The streams that it carries.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &StreamName> {
        self.streams.keys()
    }

    pub(crate) fn renegotiate(&self, registry: &Registry, agreed: Option<Agreed>) -> Command {
        Command::Renegotiate {
            session: self.session,
            agreed: agreed.map(Box::new),
            tracks: track_mapping(registry, self.mids()),
        }
    }
}

/// The lines of a publisher, each with the id of its stream.
pub(crate) fn track_mapping<'a>(
    registry: &Registry,
    lines: impl Iterator<Item = (&'a StreamName, &'a str)>,
) -> Vec<TrackMapping> {
    let track = |(name, mid): (&StreamName, &str)| {
        let (id, _) = registry.location(name)?;
        Some(TrackMapping {
            mid: mid.to_owned(),
            stream: id,
        })
    };
    lines.filter_map(track).collect()
}

/// In what each section of a participant may come, by its `a=mid`.
pub(crate) struct Formats(Vec<(String, Vec<rtp::Format>)>);

impl Formats {
    pub(crate) fn of(agreed: &Agreed) -> Self {
        Self(agreed.received_formats())
    }

    /// The formats of the video sections whose mid `is_meant` accepts.
    pub(crate) fn of_video(&self, is_meant: impl Fn(&str) -> bool) -> Vec<rtp::Format> {
        let own = self.0.iter().filter(|(mid, _)| is_meant(mid));
        own.flat_map(|(_, formats)| formats.iter().copied())
            .filter(|format| format.codec.kind() == Kind::Video)
            .collect()
    }
}
