//! What somebody sends over one connection, as streams.

use std::collections::BTreeMap;

use model::StreamName;
use rtc::SentTrack;

/// Bytes of what a participant calls a stream or a track. A longer name is not passed on.
const MSID_BYTES_MAX: usize = 64;

/// Puts tracks into streams: those that their sender calls a stream together, and of each kind
/// one. What was published before under a name keeps it.
pub(crate) fn streams(
    base: &str,
    before: &BTreeMap<StreamName, Vec<SentTrack>>,
    tracks: Vec<SentTrack>,
) -> BTreeMap<StreamName, Vec<SentTrack>> {
    let mut after: BTreeMap<StreamName, Vec<SentTrack>> = BTreeMap::new();
    for track in tracks {
        let was = |all: &&Vec<SentTrack>| all.iter().any(|t| t.mid == track.mid);
        let kept = before
            .iter()
            .find_map(|(name, all)| was(&all).then_some(name));
        let joins = |all: &Vec<SentTrack>| {
            all.iter()
                .all(|t| t.kind != track.kind && t.msid.0 == track.msid.0)
        };
        let joined = after
            .iter()
            .find_map(|(name, all)| joins(all).then_some(name));
        let free = |name: &StreamName| !before.contains_key(name) && !after.contains_key(name);
        let name = kept.or(joined).cloned().or_else(|| {
            let labels = (2..).map(|label| format!("{base}~{label}"));
            let names = std::iter::once(base.to_owned()).chain(labels);
            // Too long a name is too long with every label.
            let mut names = names.map_while(|name| StreamName::new(&name).ok());
            names.find(free)
        });
        if let Some(name) = name {
            after.entry(name).or_default().push(track);
        }
    }
    after
}

/// Whether a name may stand in `a=msid` again (RFC 8830): `-` says that there is no stream.
pub(crate) fn may_be_passed((stream, track): &(String, String)) -> bool {
    let fits = |name: &str| {
        let is_short = name.len() <= MSID_BYTES_MAX;
        is_short && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    fits(stream) && fits(track) && stream != "-"
}

#[cfg(test)]
mod tests {
    use rtp::Kind;

    use super::*;

    fn track(mid: &str, kind: Kind, stream: &str) -> SentTrack {
        SentTrack {
            mid: mid.to_owned(),
            kind,
            msid: (stream.to_owned(), format!("{stream}-{kind}")),
        }
    }

    fn names(streams: &BTreeMap<StreamName, Vec<SentTrack>>) -> Vec<(&str, Vec<&str>)> {
        let mids = |all: &'_ Vec<SentTrack>| all.iter().map(|t| t.mid.clone()).collect::<Vec<_>>();
        let all = streams.iter().map(|(name, all)| (name.as_str(), mids(all)));
        all.map(|(name, mids)| (name, mids.into_iter().map(|m| &*m.leak()).collect()))
            .collect()
    }

    #[test]
    fn tracks_that_are_called_one_stream_are_one_and_names_stay() {
        let (audio, video) = (Kind::Audio, Kind::Video);
        let first = vec![track("0", audio, "cam"), track("1", video, "cam")];
        let before = streams("r/ada", &BTreeMap::new(), first);
        assert_eq!(names(&before), [("r/ada", vec!["0", "1"])]);
        let both = vec![
            track("0", audio, "cam"),
            track("1", video, "cam"),
            track("2", video, "screen"),
            track("3", video, "cam"),
        ];
        let after = streams("r/ada", &before, both);
        let expected = [
            ("r/ada", vec!["0", "1"]),
            ("r/ada~2", vec!["2"]),
            ("r/ada~3", vec!["3"]),
        ];
        assert_eq!(names(&after), expected);
        let rest = vec![track("2", video, "screen"), track("4", video, "cam")];
        let last = streams("r/ada", &after, rest);
        assert_eq!(
            names(&last),
            [("r/ada~2", vec!["2"]), ("r/ada~4", vec!["4"])]
        );
    }

    #[test]
    fn names_that_a_description_cannot_hold_are_not_passed_on() {
        let msid = |stream: &str, track: &str| (stream.to_owned(), track.to_owned());
        assert!(may_be_passed(&msid("cam", "mic")));
        for (stream, track) in [
            ("-", "a"),
            ("", "a"),
            ("a", ""),
            ("a b", "c"),
            ("a", "\u{e4}"),
        ] {
            assert!(!may_be_passed(&msid(stream, track)), "{stream:?} {track:?}");
        }
        assert!(!may_be_passed(&msid(&"x".repeat(65), "a")));
    }
}
