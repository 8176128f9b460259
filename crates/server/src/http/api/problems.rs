use model::TrackStatus;
use rtc::PAYLOAD_BYTES_MAX;
use rtp::Kind;
use serde::Serialize;
use signaling::json::TrackKind;
use utoipa::ToSchema;

/// A cause that keeps media of a stream from its viewers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum ProblemCode {
    /// The publisher sends RTP packets that are too large to be forwarded.
    PacketsTooLarge,
}

/// A problem that has to be fixed at the publisher. It disappears ten seconds after it last
/// happened.
#[derive(Serialize, ToSchema)]
pub(super) struct LiveProblem {
    /// The kind of problem, for programs.
    code: ProblemCode,
    /// The track that has it.
    track: TrackKind,
    /// The cause and the fix, for people.
    message: String,
}

impl LiveProblem {
    /// The problems of a stream with these tracks.
    pub(super) fn all(tracks: &[TrackStatus]) -> Vec<Self> {
        tracks.iter().filter_map(Self::too_large).collect()
    }

    fn too_large(track: &TrackStatus) -> Option<Self> {
        let bytes = track.oversized?;
        let name = match track.kind {
            Kind::Audio => "Audio",
            Kind::Video => "Video",
        };
        Some(Self {
            code: ProblemCode::PacketsTooLarge,
            track: track.kind.into(),
            message: format!(
                "{name} packets with payloads of up to {bytes} bytes do not reach viewers: the \
                 server forwards at most {PAYLOAD_BYTES_MAX}. Set the encoder's packet size (MTU) \
                 to 1200 bytes: -pkt_size 1200 in FFmpeg, mtu=1200 on GStreamer's payloader."
            ),
        })
    }
}
