//! A written description parses to the same description, and no text makes the parser panic.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sdp::{
    Codec, Description, Direction, Extension, Fingerprint, MediaKind, Msid, Origin, Rid,
    RidDirection, Section, Setup, Simulcast, Source, SourceGroup, Transport,
};

const WORD: &str = "[a-zA-Z0-9!#$%&'*+.^_`{|}:?@-]{1,20}";
const CREDENTIAL: &str = "[a-zA-Z0-9+/_-]{1,32}";
const TEXT: &str = "[a-zA-Z0-9=;/-]([a-zA-Z0-9=;/ -]{0,20}[a-zA-Z0-9=/-])?";

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::SendRecv),
        Just(Direction::SendOnly),
        Just(Direction::RecvOnly),
        Just(Direction::Inactive),
    ]
}

fn transport() -> impl Strategy<Value = Transport> {
    let setup = prop_oneof![
        Just(Setup::Active),
        Just(Setup::Passive),
        Just(Setup::ActPass),
        Just(Setup::HoldConn),
    ];
    let fingerprint = prop_oneof![
        vec(any::<u8>(), 32).prop_map(|bytes| ("sha-256".to_owned(), bytes)),
        ("x[a-z0-9-]{1,8}", vec(any::<u8>(), 1..64)),
    ]
    .prop_map(|(algorithm, bytes)| Fingerprint { algorithm, bytes });
    (
        option::of(CREDENTIAL),
        option::of(CREDENTIAL),
        vec("[a-z0-9]{1,10}", 0..3),
        vec(fingerprint, 0..3),
        option::of(setup),
        vec("candidate:[a-zA-Z0-9 .:-]{0,40}[a-z]", 0..4),
        any::<bool>(),
    )
        .prop_map(
            |(
                ice_ufrag,
                ice_pwd,
                ice_options,
                fingerprints,
                setup,
                candidates,
                end_of_candidates,
            )| Transport {
                ice_ufrag,
                ice_pwd,
                ice_options,
                fingerprints,
                setup,
                candidates,
                end_of_candidates,
            },
        )
}

/// Codecs of different payload types. At least one, so that the m-line has a format.
fn codecs() -> impl Strategy<Value = Vec<Codec>> {
    let codec = (
        "[a-zA-Z0-9-]{1,12}",
        1..=u32::MAX,
        option::of(1..=u8::MAX),
        option::of(TEXT).prop_map(Option::unwrap_or_default),
        prop::collection::btree_set("[a-z-]{1,8}( [a-z]{1,8})?", 0..5),
    );
    prop::collection::btree_map(0_u8..128, codec, 1..12).prop_map(|codecs| {
        codecs
            .into_iter()
            .rev()
            .map(
                |(payload_type, (name, clock_rate, channels, parameters, feedback))| Codec {
                    payload_type,
                    name,
                    clock_rate,
                    channels,
                    parameters,
                    feedback: feedback.into_iter().collect(),
                },
            )
            .collect()
    })
}

fn extensions() -> impl Strategy<Value = Vec<Extension>> {
    let extension = (option::of(direction()), "urn:[a-z:-]{1,30}");
    prop::collection::btree_map(1..=u8::MAX, extension, 0..8).prop_map(|extensions| {
        extensions
            .into_iter()
            .map(|(id, (direction, uri))| Extension { id, direction, uri })
            .collect()
    })
}

fn msid() -> impl Strategy<Value = Msid> {
    (WORD, option::of(WORD).prop_map(Option::unwrap_or_default))
        .prop_map(|(stream, track)| Msid { stream, track })
}

type Sources = (Vec<Source>, Vec<SourceGroup>);

fn sources() -> impl Strategy<Value = Sources> {
    let source = (option::of(WORD), option::of(msid()));
    let sources = prop::collection::btree_map(any::<u32>(), source, 0..=8).prop_map(|sources| {
        sources
            .into_iter()
            .map(|(ssrc, (cname, msid))| Source { ssrc, cname, msid })
            .collect()
    });
    let group = ("[A-Z-]{1,8}", vec(any::<u32>(), 1..=8))
        .prop_map(|(semantics, ssrcs)| SourceGroup { semantics, ssrcs });
    (sources, vec(group, 0..4))
}

fn layers() -> impl Strategy<Value = (Vec<Rid>, Option<Simulcast>)> {
    let rid = (any::<bool>(), option::of(TEXT), any::<bool>());
    prop::collection::btree_map("[a-zA-Z0-9_-]{1,20}", rid, 0..6).prop_map(|rids| {
        let mut simulcast = Simulcast::default();
        let mut list = Vec::new();
        for (id, (sent, parameters, layer)) in rids {
            let (direction, layers) = if sent {
                (RidDirection::Send, &mut simulcast.send)
            } else {
                (RidDirection::Receive, &mut simulcast.receive)
            };
            if layer {
                layers.push(id.clone());
            }
            let parameters = parameters.unwrap_or_default();
            list.push(Rid {
                id,
                direction,
                parameters,
            });
        }
        let some = !simulcast.send.is_empty() || !simulcast.receive.is_empty();
        (list, some.then_some(simulcast))
    })
}

fn media() -> impl Strategy<Value = Section> {
    let kind = prop_oneof![
        Just(MediaKind::Audio),
        Just(MediaKind::Video),
        "x[a-z]{1,8}".prop_map(MediaKind::Other),
    ];
    let flags = any::<[bool; 3]>();
    (
        (kind, any::<u16>(), flags, direction(), transport()),
        (codecs(), vec("[a-z]{1,8}", 0..3), extensions()),
        (
            prop::collection::hash_set("[a-z]{1,9}", 0..3),
            sources(),
            layers(),
        ),
    )
        .prop_map(|(first, second, third)| {
            let (kind, port, [mux, rsize, bundle_only], direction, transport) = first;
            let (codecs, formats, extensions) = second;
            let (streams, (sources, source_groups), (rids, simulcast)) = third;
            let port = if bundle_only { 0 } else { port };
            let mut msids: Vec<_> = streams
                .into_iter()
                .map(|stream| Msid {
                    stream,
                    track: "t".into(),
                })
                .collect();
            msids.sort_by(|a, b| a.stream.cmp(&b.stream));
            Section {
                port,
                formats,
                direction,
                bundle_only,
                transport,
                rtcp_mux: mux,
                rtcp_rsize: rsize,
                codecs,
                extensions,
                msids,
                sources,
                source_groups,
                rids,
                simulcast,
                ..Section::new(kind)
            }
        })
}

fn data() -> impl Strategy<Value = Section> {
    (
        any::<u16>(),
        option::of(any::<u16>()),
        option::of(any::<u64>()),
        transport(),
    )
        .prop_map(|(port, sctp_port, max_message_size, transport)| Section {
            port,
            protocol: "UDP/DTLS/SCTP".into(),
            formats: vec!["webrtc-datachannel".into()],
            sctp_port,
            max_message_size,
            transport,
            rtcp_mux: false,
            ..Section::new(MediaKind::Application)
        })
}

fn description() -> impl Strategy<Value = Description> {
    let section = prop_oneof![4 => media(), 1 => data()];
    let sections = prop::collection::btree_map(WORD, (section, 0_u8..3), 0..6);
    (sections, "[0-9]{1,40}", any::<u64>(), any::<[bool; 2]>()).prop_map(
        |(sections, id, version, [ice_lite, extmap_allow_mixed])| {
            let mut bundle = Vec::new();
            let sections = sections
                .into_iter()
                .map(|(mid, (mut section, named))| {
                    if named == 2 {
                        bundle.push(mid.clone());
                    }
                    section.mid = (named > 0).then_some(mid);
                    section
                })
                .collect();
            bundle.reverse();
            Description {
                origin: Origin { id, version },
                ice_lite,
                bundle,
                extmap_allow_mixed,
                sections,
            }
        },
    )
}

proptest! {
    #[test]
    fn written_description_parses_to_the_same(description in description()) {
        let text = description.write();
        prop_assert_eq!(&text, &description.to_string());
        let parsed = Description::parse(&text).unwrap();
        prop_assert_eq!(parsed.without_lines(), description);
    }

    #[test]
    fn arbitrary_text_never_panics(text in ".{0,300}") {
        sdp::fuzz::description(&text);
        sdp::fuzz::description(&format!("v=0\r\n{text}"));
        sdp::fuzz::fragment(&text);
        sdp::fuzz::candidate(&text);
    }

    #[test]
    fn arbitrary_attributes_never_panic(
        names in vec((0..NAMES.len(), "[ -~\t\u{a0}\u{e9}]{0,40}"), 1..30),
        session in any::<bool>(),
    ) {
        let media = "m=video 9 UDP/TLS/RTP/SAVPF 96 97 x 0\r\n";
        let mut text = if session { "v=0\r\n".to_owned() } else { format!("v=0\r\n{media}") };
        for (name, value) in names {
            text += &format!("a={}{value}\r\n", NAMES.get(name).unwrap());
        }
        if session {
            text += media;
        }
        sdp::fuzz::description(&text);
        sdp::fuzz::fragment(&text);
    }
}

/// Beginnings of attributes, to which a random value is appended.
const NAMES: [&str; 31] = [
    "",
    "rtpmap:",
    "rtpmap:96 ",
    "rtpmap:96 x/",
    "fmtp:96 ",
    "rtcp-fb:",
    "rtcp-fb:96 ",
    "rtcp-fb:* ",
    "extmap:",
    "extmap:1 ",
    "extmap:2/",
    "msid:",
    "ssrc:",
    "ssrc:1 ",
    "ssrc:1 cname:",
    "ssrc:2 msid:",
    "ssrc-group:",
    "ssrc-group:FID ",
    "rid:",
    "rid:a send ",
    "simulcast:",
    "simulcast:send ",
    "mid:",
    "ice-ufrag:",
    "ice-pwd:",
    "ice-options:",
    "fingerprint:",
    "setup:",
    "candidate:",
    "group:BUNDLE ",
    "sctp-port:",
];
