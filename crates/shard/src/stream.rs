use std::hint::black_box;
use std::time::Instant;

use forward::{AudioLevel, Limits, Track};
use model::{LayerStatus, ShardId, StreamId, TrackStatus};
use rtp::Kind;

use crate::fan_out::FanOut;
use crate::oversized::Oversized;
use crate::table::PeerKey;

/// A stream as one shard sees it.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    pub(crate) audio: Track,
    pub(crate) video: Track,
    /// The publisher's audio level, on the origin shard.
    pub(crate) audio_level: AudioLevel,
    /// The publisher's packets that are too large to forward, on the origin shard.
    pub(crate) oversized_audio: Oversized,
    pub(crate) oversized_video: Oversized,
    /// The publishing peer, on the origin shard.
    pub(crate) publisher: Option<PeerKey>,
    /// The origin shard, when it is another one.
    pub(crate) origin: Option<ShardId>,
    /// The connected viewers on this shard, and the packets that are pending for them.
    pub(crate) fan_out: FanOut,
    /// Other shards with viewers of this stream, on the origin shard.
    pub(crate) subscribed_shards: Vec<SubscribedShard>,
    /// The fan-out queue has pending packets, and the stream waits for its turn in the shard.
    pub(crate) has_pending: bool,
    /// The last reported value of [`Self::is_active`].
    pub(crate) reported_active: bool,
    /// Sessions on this shard that publish or view it, connected or not. It is freed with the last.
    pub(crate) sessions: usize,
}

/// Another shard that has subscribed to the stream.
#[derive(Debug)]
pub(crate) struct SubscribedShard {
    pub(crate) shard: ShardId,
    /// Its ring was full, so it gets no video before the next key frame.
    pub(crate) skipping: bool,
}

impl Stream {
    pub(crate) fn new(id: StreamId, limits: Limits) -> Self {
        Self {
            id,
            audio: Track::new(Kind::Audio, limits),
            video: Track::new(Kind::Video, limits),
            audio_level: AudioLevel::default(),
            oversized_audio: Oversized::default(),
            oversized_video: Oversized::default(),
            publisher: None,
            origin: None,
            fan_out: FanOut::default(),
            has_pending: false,
            subscribed_shards: Vec::new(),
            reported_active: false,
            sessions: 0,
        }
    }

    /// Reads what a packet of the stream will need. Returns the viewer that gets it first.
    pub(crate) fn prefetch(&self) -> Option<PeerKey> {
        black_box((self.has_pending, self.subscribed_shards.len()));
        self.video.prefetch();
        self.fan_out.first_viewer()
    }

    pub(crate) fn track(&self, kind: Kind) -> &Track {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    pub(crate) fn track_mut(&mut self, kind: Kind) -> &mut Track {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }

    fn oversized(&self, kind: Kind) -> &Oversized {
        match kind {
            Kind::Audio => &self.oversized_audio,
            Kind::Video => &self.oversized_video,
        }
    }

    /// Counts a packet that is too large to forward.
    pub(crate) fn push_oversized(&mut self, now: Instant, kind: Kind, payload_bytes: usize) {
        let oversized = match kind {
            Kind::Audio => &mut self.oversized_audio,
            Kind::Video => &mut self.oversized_video,
        };
        oversized.push(now, payload_bytes);
    }

    /// Forgets the packets of the last publisher that were too large.
    pub(crate) fn clear_oversized(&mut self) {
        self.oversized_audio = Oversized::default();
        self.oversized_video = Oversized::default();
    }

    /// Whether no session here and no other shard uses it.
    pub(crate) fn is_idle(&self) -> bool {
        self.sessions == 0 && self.subscribed_shards.is_empty()
    }

    pub(crate) fn is_active(&self, now: Instant) -> bool {
        [&self.audio, &self.video]
            .iter()
            .any(|track| track.active(now).next().is_some())
    }

    pub(crate) fn status(&self, now: Instant) -> Vec<TrackStatus> {
        let tracks = [&self.audio, &self.video]
            .into_iter()
            .filter(|track| !track.layers().is_empty());
        tracks
            .map(|track| TrackStatus {
                kind: track.kind(),
                codec: track.format().map(|format| format.codec.to_string()),
                layers: track
                    .ordered()
                    .map(|(i, layer)| LayerStatus {
                        rid: layer.rid().map(str::to_owned),
                        bitrate: layer.bitrate().as_bps(),
                        active: track.is_active(now, i),
                    })
                    .collect(),
                oversized: self.oversized(track.kind()).largest(now),
            })
            .collect()
    }
}
