use axum::Json;
use axum::extract::State;
use model::{LayerStatus, StreamName, StreamStatus, TrackStatus};
use serde::Serialize;
use signaling::json::TrackKind;
use utoipa::ToSchema;

use super::input::OfStream;
use super::problems::LiveProblem;
use super::refusals::{self, Refusal};
use crate::http::Service;

/// All streams with a publisher or a viewer.
#[derive(Serialize, ToSchema)]
pub(super) struct LiveStreams {
    /// Sorted by name.
    streams: Vec<LiveStream>,
}

/// The current state of a stream.
#[derive(Serialize, ToSchema)]
pub(super) struct LiveStream {
    /// The name; `/whep/{name}` plays the stream.
    name: String,
    /// Whether media arrives from the publisher.
    active: bool,
    /// Sessions that watch it, in the room and by WHEP.
    viewers: usize,
    /// Its tracks; empty without a publisher.
    tracks: Vec<LiveTrack>,
    /// Problems that have to be fixed at the publisher; empty when there are none.
    problems: Vec<LiveProblem>,
}

/// A track as it arrives from the publisher.
#[derive(Serialize, ToSchema)]
pub(super) struct LiveTrack {
    /// Audio or video.
    kind: TrackKind,
    /// The codec by its name in SDP; `null` before the first packet.
    codec: Option<String>,
    /// Layers from the lowest quality to the highest; a single one without simulcast.
    layers: Vec<LiveLayer>,
}

/// A layer as it arrives from the publisher.
#[derive(Serialize, ToSchema)]
pub(super) struct LiveLayer {
    /// The RTP stream id that names it; absent without simulcast.
    #[serde(skip_serializing_if = "Option::is_none")]
    rid: Option<String>,
    /// Bit rate over the last second, in bit/s.
    bitrate: u64,
    /// Whether a packet of it arrived in the last 1.5 s.
    active: bool,
}

impl LiveStream {
    fn new(name: &StreamName, status: StreamStatus) -> Self {
        let problems = LiveProblem::all(&status.tracks);
        Self {
            name: name.to_string(),
            active: status.active,
            viewers: status.viewers,
            tracks: status.tracks.into_iter().map(LiveTrack::from).collect(),
            problems,
        }
    }
}

impl From<TrackStatus> for LiveTrack {
    fn from(track: TrackStatus) -> Self {
        let layer = |layer: LayerStatus| LiveLayer {
            rid: layer.rid,
            bitrate: layer.bitrate,
            active: layer.active,
        };
        Self {
            kind: track.kind.into(),
            codec: track.codec,
            layers: track.layers.into_iter().map(layer).collect(),
        }
    }
}

/// List the streams
///
/// Lists all streams with a publisher or a viewer. Needs no token.
#[utoipa::path(
    get,
    path = "/api/v1/streams",
    operation_id = "listStreams",
    tag = "Streams",
    responses((status = 200, description = "All streams.", body = LiveStreams, example = json!({
        "streams": [{ "name": "demo/camera", "active": true, "viewers": 3, "tracks": [
            { "kind": "audio", "codec": "opus", "layers": [{ "bitrate": 48_211, "active": true }] },
            { "kind": "video", "codec": "VP8", "layers": [
                { "rid": "l", "bitrate": 148_903, "active": true },
                { "rid": "h", "bitrate": 1_702_455, "active": true }
            ] }
        ], "problems": [] }]
    }))),
)]
pub(super) async fn list(State(service): State<Service>) -> Json<LiveStreams> {
    let streams = service.control.streams();
    let streams = streams.into_iter();
    Json(LiveStreams {
        streams: streams
            .map(|(name, status)| LiveStream::new(&name, status))
            .collect(),
    })
}

/// Read one stream in a room
///
/// Returns its number of viewers, and the codecs and bit rates that arrive. Needs no token.
#[utoipa::path(
    get,
    path = "/api/v1/streams/{room}/{stream}",
    operation_id = "readStream",
    tag = "Streams",
    params(
        ("room" = String, Path, description = "The first part of the stream's name, which is its room.", example = "demo"),
        ("stream" = String, Path, description = "The second part of the stream's name.", example = "camera"),
    ),
    responses((status = 200, description = "The stream.", body = LiveStream, example = json!({
        "name": "demo/camera", "active": true, "viewers": 3, "tracks": [
            { "kind": "audio", "codec": "opus", "layers": [{ "bitrate": 48_211, "active": true }] }
        ], "problems": [
            { "code": "packetsTooLarge", "track": "video", "message": "Video packets with payloads of up to 1900 bytes do not reach viewers: the server \
             forwards at most 1472. Set the encoder's packet size (MTU) to 1200 bytes: -pkt_size \
             1200 in FFmpeg, mtu=1200 on GStreamer's payloader." }
        ]
    }))),
)]
pub(super) async fn read(
    OfStream(name): OfStream,
    State(service): State<Service>,
) -> Result<Json<LiveStream>, Refusal> {
    let status = service.control.stream(&name);
    let status = status.ok_or_else(refusals::no_stream)?;
    Ok(Json(LiveStream::new(&name, status)))
}

/// Read one stream whose name has one part
///
/// The same for names without a slash. Needs no token.
#[utoipa::path(
    get,
    path = "/api/v1/streams/{room}",
    operation_id = "readStreamOfOnePart",
    tag = "Streams",
    params(("room" = String, Path, description = "The stream's name, which is its room's.", example = "garden")),
    responses((status = 200, description = "The stream.", body = LiveStream)),
)]
pub(super) async fn read_single(
    name: OfStream,
    state: State<Service>,
) -> Result<Json<LiveStream>, Refusal> {
    read(name, state).await
}
