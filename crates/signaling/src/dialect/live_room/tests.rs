use proptest::prelude::*;
use room::direct::{Event, Name, Request, Signal};

use super::*;

/// The frame that the receiver gets when a client named `from` sends `frame`.
fn passed_on(frame: &str, from: &str) -> String {
    match read(frame) {
        Ok(Request::Signal { signal, body, .. }) => write(&Event::Signal {
            signal,
            from: Name::new(from, 64).expect("a good name"),
            body,
        }),
        other => panic!("nothing to pass on: {other:?}"),
    }
}

#[test]
fn signals_are_passed_on_byte_for_byte() {
    let odd = r#"{ "type":"offer" ,"sdp":"v=0\r\n\u0061\/", "more":[1.0, 1e400, null,"\ud83d"] }"#;
    let frame = format!(r#"{{"event":"_offer","data":{{"nameB":"lin","sdp":{odd}}}}}"#);
    let passed = passed_on(&frame, "cooking");
    assert!(passed.contains(&format!("\"sdp\":{odd}")), "{passed}");
}

#[test]
fn unknown_fields_are_passed_on() {
    let frame =
        r#"{"x":{"deep":[]},"data":{"to":"lin","candidate":null,"y":2},"event":"_ice_candidate"}"#;
    let passed = passed_on(frame, "cooking");
    let expected = r#"{"event":"_ice_candidate","x":{"deep":[]},"data":{"candidate":null,"to":"lin","y":2,"from":"cooking"}}"#;
    assert_eq!(passed, expected);
}

#[test]
fn forged_sender_names_are_replaced() {
    for (event, to, from) in [
        ("_offer", "nameB", "nameA"),
        ("_answer", "nameA", "nameB"),
        ("_ice_candidate", "to", "from"),
    ] {
        // The sender's field twice, once with an escape in its name.
        let (first, rest) = from.split_at(1);
        let escaped = format!("\\u{:04x}{rest}", first.as_bytes()[0]);
        let frame = format!(
            r#"{{"event":"{event}","data":{{"{to}":"x","{from}":"eve","{escaped}":"eve"}}}}"#
        );
        let expected = format!(r#"{{"event":"{event}","data":{{"{to}":"x","{from}":"ada"}}}}"#);
        assert_eq!(passed_on(&frame, "ada"), expected);
    }
}

#[test]
fn last_of_two_fields_with_one_name_counts() {
    let frame = r#"{"event":"closeRoom","roomName":"a","event":"createRoom","roomName":"b"}"#;
    let room = "b".to_owned();
    assert_eq!(read(frame), Ok(Request::Create { room }));
}

#[test]
fn html_in_a_chat_message_is_escaped() {
    let chat = |text: &str| {
        write(&Event::Chat {
            from: Name::new("lin", 64).expect("a good name"),
            text: text.to_owned(),
        })
    };
    let image = chat("<img src=x onerror=alert(1)> &lt;");
    let shown = "&lt;img src=x onerror=alert(1)&gt; &amp;lt;";
    let expected = format!(r#"{{"event":"chat","msg":"{shown}","name":"lin"}}"#);
    assert_eq!(image, expected);
    let ordinary = "2 \u{1f600} 'quotes' / caf\u{e9}; 100%";
    let expected = format!(r#"{{"event":"chat","msg":"{ordinary}","name":"lin"}}"#);
    assert_eq!(chat(ordinary), expected);
}

#[test]
fn unreadable_frames_name_what_is_wrong() {
    for (frame, why) in [
        ("no JSON", "a frame is a JSON object"),
        ("[]", "a frame is a JSON object"),
        ("{}", "event is missing"),
        (r#"{"event":7}"#, "event is missing"),
        (r#"{"event":"roomsInfo"}"#, "unknown event \"roomsInfo\""),
        (r#"{"event":"chatSend"}"#, "msg is missing"),
        (r#"{"event":"_offer"}"#, "data is missing"),
        (r#"{"event":"_offer","data":[]}"#, "data is missing"),
        (r#"{"event":"_offer","data":{}}"#, "nameB is missing"),
        (
            r#"{"event":"_answer","data":{"nameA":1}}"#,
            "nameA is missing",
        ),
        (
            r#"{"event":"_ice_candidate","data":{"from":"x"}}"#,
            "to is missing",
        ),
    ] {
        let said = read(frame).expect_err(frame).to_string();
        assert!(said.starts_with(why), "{frame}: {said}");
    }
}

#[test]
fn deeply_nested_frames_are_passed_on_or_dropped() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let frame = format!(r#"{{"event":"_offer","data":{{"nameB":"lin","sdp":{deep}}}}}"#);
    assert!(passed_on(&frame, "cooking").contains(&deep));
    assert!(read(&"[".repeat(100_000)).is_err());
    assert!(read(&r#"{"data":"#.repeat(50_000)).is_err());
}

/// Arbitrary JSON, as a browser or another client might put into a candidate.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(".*", inner, 0..4)
                .prop_map(|fields| { serde_json::Value::Object(fields.into_iter().collect()) }),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_frames_never_panic(text in ".*", event in "[a-zA-Z_]*", data in value()) {
        drop(read(&text));
        let frame = serde_json::json!({ "event": event, "data": data, "roomName": data });
        drop(read(&frame.to_string()));
    }

    #[test]
    fn signal_passed_on_gains_only_the_sender_field(
        candidate in value(),
        more in value(),
        to in ".*",
    ) {
        let mut frame = serde_json::json!({
            "event": "_ice_candidate",
            "data": { "candidate": candidate, "to": to, "more": more },
            "more": more,
        });
        let passed = passed_on(&frame.to_string(), "cooking");
        let passed: serde_json::Value = serde_json::from_str(&passed).expect("JSON");
        frame["data"]["from"] = "cooking".into();
        prop_assert_eq!(passed, frame);
    }

    #[test]
    fn signal_goes_to_the_receiver_that_it_names(to in ".*") {
        for (event, key, expected) in [
            ("_offer", "nameB", Signal::Offer),
            ("_answer", "nameA", Signal::Answer),
            ("_ice_candidate", "to", Signal::Candidate),
        ] {
            let frame = serde_json::json!({ "event": event, "data": { key: to } });
            match read(&frame.to_string()) {
                Ok(Request::Signal { signal, to: read, .. }) => {
                    prop_assert_eq!((signal, read), (expected, to.clone()));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

#[test]
fn server_offers_and_answers_as_clients_do() {
    let name = |name: &str| Name::new(name, 64).expect("a good name");
    let frame = |signal, from: &str, body| {
        let from = name(from);
        write(&Event::Signal { signal, from, body })
    };
    let offered = frame(Signal::Offer, "cooking", offer(&name("lin"), "v=0\r\n"));
    let expected = r#"{"event":"_offer","data":{"sdp":{"type":"offer","sdp":"v=0\r\n"},"nameB":"lin","nameA":"cooking"}}"#;
    assert_eq!(offered, expected);
    let answered = frame(
        Signal::Answer,
        "server-0",
        answer(&name("cooking"), "v=0\r\n"),
    );
    let expected = r#"{"event":"_answer","data":{"sdp":{"type":"answer","sdp":"v=0\r\n"},"nameA":"cooking","nameB":"server-0"}}"#;
    assert_eq!(answered, expected);
}

#[test]
fn server_finds_the_sdp_among_unknown_fields() {
    let body = |frame: &str| match read(frame) {
        Ok(Request::Signal { body, .. }) => body,
        other => panic!("no signal: {other:?}"),
    };
    let read_sdp = |sdp_field: &str| {
        let data = format!(r#"{{"nameB":"x","y":[1e400],"sdp":{sdp_field}}}"#);
        sdp(&body(&format!(
            r#"{{"z":null,"event":"_offer","data":{data}}}"#
        )))
    };
    let found = read_sdp(r#"{"sdp":"v=0\r\n","type":"offer","toJSON":{}}"#);
    assert_eq!(found.as_deref(), Ok("v=0\r\n"));
    for broken in ["null", "7", "{}", r#"{"sdp":7}"#, r#""v=0""#, "[]"] {
        let refused = Err(Unreadable::Field("data.sdp.sdp", "string"));
        assert_eq!(read_sdp(broken), refused, "{broken}");
    }
}
