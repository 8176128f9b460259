//! Every offer in `tests/offers` is parsed, and gives the same description after writing and
//! parsing again. A file's name says which client the offer is from, or which client's offers it
//! is modelled on.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use sdp::{Description, MediaKind};

/// All offers with their file names, sorted by file name.
pub(crate) fn offers() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/offers");
    let mut offers: Vec<_> = fs::read_dir(folder)
        .expect("the folder of offers")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sdp"))
        .map(|path| {
            let name = path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    offers.sort();
    offers
}

fn offer(name: &str) -> Description {
    let offers = offers();
    let (_, text) = offers
        .iter()
        .find(|(file, _)| file == name)
        .expect("an offer");
    Description::parse(text).expect("well-formed")
}

#[test]
fn client_offers_survive_a_write_and_parse_round_trip() {
    let offers = offers();
    assert!(offers.len() >= 16, "{} offers", offers.len());
    for (name, text) in offers {
        let parsed = Description::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let media = parsed.sections.iter().filter(|section| section.is_rtp());
        for section in media {
            let transport = &section.transport;
            assert!(!section.codecs.is_empty(), "{name}: codecs");
            assert!(transport.ice_ufrag.is_some(), "{name}: ice-ufrag");
            assert!(transport.ice_pwd.is_some(), "{name}: ice-pwd");
            assert!(!transport.fingerprints.is_empty(), "{name}: fingerprint");
            assert!(transport.setup.is_some(), "{name}: setup");
        }
        let again = Description::parse(&parsed.write()).unwrap();
        assert_eq!(again.without_lines(), parsed.without_lines(), "{name}");
    }
}

#[test]
fn chromium_offer_has_its_codecs_and_layers() {
    let offer = offer("chromium_publishes_simulcast.sdp");
    assert_eq!(offer.bundle, ["0", "1"]);
    assert!(offer.extmap_allow_mixed);
    let video = offer.section("1").unwrap();
    assert_eq!(video.kind, MediaKind::Video);
    assert!(video.sends() && !video.receives());
    assert_eq!(video.rtx_for(102).unwrap().payload_type, 103);
    assert_eq!(video.simulcast.as_ref().unwrap().send, ["q", "h", "f"]);
    assert!(video.formats.is_empty());
    let audio = offer.section("0").unwrap();
    assert_eq!(audio.codec(111).unwrap().channels, Some(2));
    assert_eq!(audio.codec(63).unwrap().parameters, "111/111");
}

#[test]
fn firefox_offer_inherits_the_session_fingerprint() {
    let offer = offer("firefox_publishes.sdp");
    let fingerprint = |mid| offer.section(mid).unwrap().transport.fingerprints.first();
    assert_eq!(fingerprint("0").unwrap().bytes.len(), 32);
    assert_eq!(fingerprint("0"), fingerprint("1"));
}

#[test]
fn ffmpeg_video_only_offer_has_one_mid() {
    let offer = offer("ffmpeg_8_0_video_alone.sdp");
    assert_eq!(offer.bundle, ["1"]);
    assert_eq!(offer.sections.len(), 1);
    let h264 = offer.section("1").unwrap().codec(106).unwrap();
    assert_eq!(h264.parameter("profile-level-id"), Some("64001f"));
}

/// A mutation of a text.
#[derive(Debug, Clone)]
enum Change {
    /// Inserts a character.
    Character(char),
    /// Removes this many characters.
    Cut(usize),
    /// Inserts a copy of one of the text's own lines.
    Line(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        prop_oneof![
            any::<char>(),
            "[0-9a-z :;,/=~*\r\n\t-]".prop_map(|s| s.chars().next().expect("one character"))
        ]
        .prop_map(Change::Character),
        (1_usize..40).prop_map(Change::Cut),
        any::<usize>().prop_map(Change::Line),
    ]
}

fn changed(text: &str, place: usize, change: &Change) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (before, after) = chars.split_at(place % (chars.len() + 1));
    let (middle, after) = match change {
        Change::Character(c) => (c.to_string(), after),
        Change::Cut(count) => (String::new(), after.get(*count..).unwrap_or_default()),
        Change::Line(index) => {
            let lines: Vec<_> = text.lines().collect();
            let line = lines.get(index % lines.len().max(1)).copied();
            (format!("\r\n{}\r\n", line.unwrap_or_default()), after)
        }
    };
    before.iter().collect::<String>() + &middle + &after.iter().collect::<String>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_offers_never_panic_and_round_trip(
        offer in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), change()), 1..8),
    ) {
        let offers = offers();
        let (_, mut text) = offer.get(&offers).clone();
        for (place, change) in &changes {
            text = changed(&text, *place, change);
        }
        sdp::fuzz::description(&text);
        sdp::fuzz::fragment(&text);
        for line in text.lines() {
            sdp::fuzz::candidate(line.trim_start_matches("a="));
        }
    }
}
