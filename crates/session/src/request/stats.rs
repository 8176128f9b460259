use model::StreamName;
use room::ParticipantKey;
use rtp::{Bitrate, Kind};

use crate::core::Core;
use crate::error::Error;
use crate::peer::SubscriberPeer;

/// What the server measures of a participant's media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// What the path to the participant carries; `None` before anything was sent.
    pub bandwidth: Option<Bitrate>,
    /// What it publishes.
    pub published: Vec<LayerStats>,
}

/// What the server measures of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerStats {
    /// The stream.
    pub stream: StreamName,
    /// Which track of it.
    pub kind: Kind,
    /// The layer's rid, with simulcast.
    pub rid: Option<String>,
    /// In bit/s.
    pub bitrate: u64,
}

impl Core {
    /// What the server measures of a participant's media.
    pub fn stats(&mut self, key: ParticipantKey) -> Result<Stats, Error> {
        let split = self.participants.split(key)?;
        let streams = split.publisher.iter().flat_map(|peer| peer.streams());
        let streams: Vec<StreamName> = streams.cloned().collect();
        let subscriber = split.subscriber.as_ref().map(SubscriberPeer::session);
        let subscriber = subscriber.and_then(|id| self.registry.session(id));
        let mut published = Vec::new();
        for stream in streams {
            let status = self.registry.status(&stream).unwrap_or_default();
            for track in status.tracks {
                let stats = |layer: model::LayerStatus| LayerStats {
                    stream: stream.clone(),
                    kind: track.kind,
                    rid: layer.rid,
                    bitrate: layer.bitrate,
                };
                published.extend(track.layers.into_iter().map(stats));
            }
        }
        Ok(Stats {
            bandwidth: subscriber.and_then(|session| session.bandwidth),
            published,
        })
    }
}
