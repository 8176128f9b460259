//! Requests of participants that concern their two peers.

use room::ParticipantKey;
use rtp::Bitrate;
use session::{DeclaredTrack, LayerStats};
use signaling::dialect::headwater::{
    Answer, Code, Error, PeerName, Publish, Published, PublishedLayer, PublishedTrack, Restart,
    Restarted, Stats, TrackStats,
};

use super::refusals::{bad_description, refused};
use crate::control::Control;

/// Begins a stream, or changes it.
pub(super) fn publish(
    control: &Control,
    key: ParticipantKey,
    publish: Publish,
) -> Result<Published, Error> {
    // Read before the lock: it takes the longest.
    let offer = read(control, &publish.sdp)?;
    let publish = session::Publish {
        label: publish.label,
        tracks: publish.tracks.into_iter().map(declared).collect(),
    };
    let published = control.with_free(|core, now| core.publish(now, key, publish, &offer));
    let published = published.map_err(|error| refused(control, error))?;
    Ok(Published {
        stream: published.stream.to_string(),
        sdp: published.sdp,
    })
}

fn declared(track: PublishedTrack) -> DeclaredTrack {
    let layer = |layer: PublishedLayer| room::Layer {
        rid: layer.rid,
        width: layer.width,
        height: layer.height,
        active: false,
    };
    DeclaredTrack {
        mid: track.mid,
        source: track.source,
        muted: track.muted,
        layers: track.layers.into_iter().map(layer).collect(),
    }
}

/// Takes the answer to an offer of the subscriber peer.
pub(super) fn answer(control: &Control, key: ParticipantKey, answer: &Answer) -> Result<(), Error> {
    let description = read(control, &answer.sdp)?;
    let number = answer.offer;
    let taken = control.with_free(|core, now| core.answer(now, key, number, &description));
    taken.map_err(|error| refused(control, error))
}

/// Restarts ICE of a peer: of the publisher peer by an offer of the participant, of the subscriber
/// peer by an offer of the server, which follows.
pub(super) fn restart(
    control: &Control,
    key: ParticipantKey,
    restart: Restart,
) -> Result<Restarted, Error> {
    let restarted = match (restart.peer, restart.sdp) {
        (PeerName::View, _) => control
            .with_free(|core, now| core.restart_subscriber(now, key))
            .map(|()| None),
        (PeerName::Publish, Some(offer)) => {
            let offer = read(control, &offer)?;
            control
                .with_free(|core, _| core.restart_publisher(key, &offer))
                .map(Some)
        }
        (PeerName::Publish, None) => {
            let message = "a restart of the publishing peer needs an offer";
            return Err(Error::of("params.sdp", Code::BadRequest, message));
        }
    };
    let sdp = restarted.map_err(|error| refused(control, error))?;
    Ok(Restarted { sdp })
}

/// Returns what the server measures of a participant's media.
pub(super) fn stats(control: &Control, key: ParticipantKey) -> Result<Stats, Error> {
    let stats = control.stats(key);
    let stats = stats.map_err(|error| refused(control, error))?;
    let layer = |layer: LayerStats| TrackStats {
        stream: layer.stream.to_string(),
        kind: layer.kind.into(),
        rid: layer.rid,
        bitrate: layer.bitrate,
    };
    Ok(Stats {
        bandwidth: stats.bandwidth.map(Bitrate::as_bps),
        published: stats.published.into_iter().map(layer).collect(),
    })
}

fn read(control: &Control, sdp: &str) -> Result<sdp::Description, Error> {
    control.read(sdp).map_err(|error| bad_description(&error))
}
