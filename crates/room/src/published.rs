use std::collections::BTreeSet;

use rtp::Kind;

use super::{Declared, Layer, ParticipantId, ParticipantKey, PublishedChange, Stream, Track};
use model::{StreamName, TrackStatus};

/// A stream with its publisher, and the parts of it that the publisher did not declare.
///
/// What the publisher declared stays, whatever is measured: a report may be older than the
/// declaration. What it left open is filled in from reports.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) stream: Stream,
    pub(super) owner: ParticipantKey,
    /// The publisher declared no tracks, so reports add them.
    tracks_open: bool,
    /// The tracks without declared layers, to which reports add them.
    layers_open: BTreeSet<Kind>,
}

impl Published {
    /// Creates a stream without tracks.
    pub(super) fn new(name: StreamName, owner: ParticipantKey, participant: ParticipantId) -> Self {
        Self {
            stream: Stream {
                name,
                participant,
                label: None,
                metadata: String::new(),
                active: false,
                tracks: Vec::new(),
            },
            owner,
            tracks_open: true,
            layers_open: BTreeSet::new(),
        }
    }

    /// The kinds of the stream's tracks, audio first.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.stream.tracks.iter().map(|track| track.kind).collect()
    }

    pub(super) fn has(&self, kind: Kind) -> bool {
        self.stream.tracks.iter().any(|track| track.kind == kind)
    }

    /// Applies a declaration of the publisher. What was measured of a track that stays is kept.
    pub(super) fn declare(&mut self, declared: Declared) -> PublishedChange {
        let mut tracks = declared.tracks;
        self.stream.label = declared.label;
        self.stream.metadata = declared.metadata;
        // A declaration without tracks leaves the tracks to reports, unless there was one with.
        if tracks.is_empty() && self.tracks_open {
            return PublishedChange::default();
        }
        tracks.sort_by_key(|track| track.kind);
        tracks.dedup_by_key(|track| track.kind);
        self.tracks_open = false;
        self.layers_open = tracks
            .iter()
            .filter(|track| track.layers.is_empty())
            .map(|track| track.kind)
            .collect();
        let before = std::mem::replace(&mut self.stream.tracks, tracks);
        for track in &mut self.stream.tracks {
            if let Some(old) = before.iter().find(|old| old.kind == track.kind) {
                keep_measured(track, old);
            }
        }
        PublishedChange {
            is_new: false,
            begun: missing_in(&before, &self.stream.tracks),
            ended: missing_in(&self.stream.tracks, &before),
        }
    }

    /// Applies a report of the media side. Returns the tracks that it added.
    pub(super) fn measure(&mut self, active: bool, statuses: &[TrackStatus]) -> Vec<Kind> {
        self.stream.active = active;
        let begun = self.open_tracks(statuses);
        for kind in &begun {
            self.layers_open.insert(*kind);
            self.stream.tracks.push(Track {
                kind: *kind,
                source: None,
                muted: false,
                codec: None,
                layers: Vec::new(),
            });
        }
        self.stream.tracks.sort_by_key(|track| track.kind);
        for track in &mut self.stream.tracks {
            let status = statuses.iter().find(|status| status.kind == track.kind);
            measure_track(track, status, self.layers_open.contains(&track.kind));
        }
        begun
    }

    /// The measured tracks that are to be added.
    fn open_tracks(&self, statuses: &[TrackStatus]) -> Vec<Kind> {
        if !self.tracks_open {
            return Vec::new();
        }
        let kinds: BTreeSet<_> = statuses.iter().map(|status| status.kind).collect();
        kinds.into_iter().filter(|kind| !self.has(*kind)).collect()
    }
}

/// The kinds of `tracks` that `list` does not have.
fn missing_in(list: &[Track], tracks: &[Track]) -> Vec<Kind> {
    let kinds = tracks.iter().map(|track| track.kind);
    kinds
        .filter(|kind| list.iter().all(|track| track.kind != *kind))
        .collect()
}

/// Copies what was measured of a track into its new declaration.
fn keep_measured(track: &mut Track, old: &Track) {
    track.codec = track.codec.take().or_else(|| old.codec.clone());
    if track.layers.is_empty() {
        track.layers = old.layers.clone();
    }
    for layer in &mut track.layers {
        let old = old.layers.iter().find(|old| old.rid == layer.rid);
        layer.active = old.is_some_and(|old| old.active);
    }
}

/// Applies the measured codec and activity of a track, and its layers if `layers_open`.
fn measure_track(track: &mut Track, status: Option<&TrackStatus>, layers_open: bool) {
    let measured = status.map_or(&[][..], |status| &status.layers);
    if let Some(codec) = status.and_then(|status| status.codec.as_ref()) {
        track.codec = Some(codec.clone());
    }
    for layer in &mut track.layers {
        layer.active = measured
            .iter()
            .any(|measured| measured.active && measured.rid.as_ref() == Some(&layer.rid));
    }
    if layers_open {
        add_layers(track, status);
    }
}

/// Adds the measured layers that are new, and puts all layers into the measured order.
fn add_layers(track: &mut Track, status: Option<&TrackStatus>) {
    let layers = status.into_iter().flat_map(|status| &status.layers);
    let named = layers.filter_map(|layer| Some((layer.rid.as_ref()?, layer.active)));
    let mut ordered = Vec::new();
    for (rid, active) in named {
        let known = track.layers.iter().position(|layer| layer.rid == *rid);
        ordered.push(match known {
            Some(index) => track.layers.remove(index),
            None => Layer {
                rid: rid.clone(),
                width: 0,
                height: 0,
                active,
            },
        });
    }
    ordered.append(&mut track.layers);
    track.layers = ordered;
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::LayerStatus;

    fn published() -> Published {
        let name = StreamName::new("garden/ada").expect("a good name");
        let ada = ParticipantId::new("ada").expect("a good id");
        Published::new(name, ParticipantKey(1), ada)
    }

    fn track(kind: Kind, rids: &[&str]) -> Track {
        let layer = |rid: &&str| Layer {
            rid: (*rid).to_owned(),
            width: 640,
            height: 360,
            active: false,
        };
        Track {
            kind,
            source: None,
            muted: false,
            codec: None,
            layers: rids.iter().map(layer).collect(),
        }
    }

    fn status(kind: Kind, rids: &[(&str, bool)]) -> TrackStatus {
        let layer = |(rid, active): &(&str, bool)| LayerStatus {
            rid: Some((*rid).to_owned()),
            bitrate: 1,
            active: *active,
        };
        TrackStatus {
            kind,
            codec: Some("VP8".to_owned()),
            layers: rids.iter().map(layer).collect(),
            oversized: None,
        }
    }

    fn declare(published: &mut Published, tracks: Vec<Track>) -> PublishedChange {
        published.declare(Declared {
            tracks,
            ..Declared::default()
        })
    }

    fn layers(published: &Published) -> Vec<(&str, bool)> {
        let layers = published.stream.tracks.iter().flat_map(|t| &t.layers);
        layers.map(|l| (l.rid.as_str(), l.active)).collect()
    }

    #[test]
    fn changed_declaration_returns_begun_and_ended_tracks() {
        use Kind::{Audio, Video};
        let mut published = published();
        let first = declare(
            &mut published,
            vec![track(Video, &[]), track(Video, &["x"])],
        );
        assert_eq!((first.begun, first.ended), (vec![Video], vec![]));
        let both = declare(&mut published, vec![track(Video, &[]), track(Audio, &[])]);
        assert_eq!((both.begun, both.ended), (vec![Audio], vec![]));
        assert_eq!(published.kinds(), [Audio, Video]);
        let none = declare(&mut published, vec![]);
        assert_eq!((none.begun, none.ended), (vec![], vec![Audio, Video]));
    }

    #[test]
    fn measured_values_survive_a_new_declaration() {
        let mut published = published();
        declare(&mut published, vec![track(Kind::Video, &["l", "h"])]);
        published.measure(true, &[status(Kind::Video, &[("l", true), ("h", false)])]);
        declare(&mut published, vec![track(Kind::Video, &["l", "m"])]);
        assert_eq!(layers(&published), [("l", true), ("m", false)]);
        assert_eq!(published.stream.tracks[0].codec.as_deref(), Some("VP8"));
        declare(&mut published, vec![track(Kind::Video, &[])]);
        assert_eq!(layers(&published), [("l", true), ("m", false)]);
    }

    #[test]
    fn late_report_adds_nothing_to_a_declared_stream() {
        let mut published = published();
        declare(&mut published, vec![track(Kind::Video, &["l"])]);
        let late = [
            status(Kind::Audio, &[]),
            status(Kind::Video, &[("h", true)]),
        ];
        assert_eq!(published.measure(true, &late), []);
        assert_eq!(published.kinds(), [Kind::Video]);
        assert_eq!(layers(&published), [("l", false)]);
    }

    #[test]
    fn undeclared_stream_takes_its_tracks_from_reports() {
        let mut published = published();
        declare(&mut published, vec![]);
        let begun = published.measure(true, &[status(Kind::Video, &[("h", true)])]);
        assert_eq!(begun, [Kind::Video]);
        let both = status(Kind::Video, &[("l", true), ("h", true)]);
        assert_eq!(published.measure(true, &[both]), []);
        assert_eq!(layers(&published), [("l", true), ("h", true)]);
        assert_eq!(declare(&mut published, vec![]), PublishedChange::default());
        assert_eq!(published.measure(false, &[]), []);
        assert_eq!(layers(&published), [("l", false), ("h", false)]);
    }
}
