use super::*;

const ID: &str = "0123456789abcdef0123456789abcdef";

fn target(path: &str) -> Result<Target, Problem> {
    Target::parse(path, &Request::new(()))
}

#[test]
fn endpoint_and_session_paths_are_told_apart_by_depth() {
    assert!(target("live").is_ok_and(|t| t.session.is_none()));
    assert!(
        target("room/session")
            .is_ok_and(|t| t.session.is_none() && t.stream.as_str() == "room/session")
    );
    assert!(
        target(&format!("room/cam/session/{ID}"))
            .is_ok_and(|t| t.session.is_some() && t.stream.as_str() == "room/cam")
    );
    let layer = target(&format!("live/session/{ID}/layer")).expect("a session's extension");
    assert_eq!(
        (layer.stream.as_str(), layer.extension.as_deref()),
        ("live", Some("layer"))
    );
    assert!(target("a/b/c").is_err() && target("live/session/short").is_err());
}

#[test]
fn token_is_read_from_header_or_query() {
    let with = |uri: &str, header: &str| {
        let request = Request::builder()
            .uri(uri)
            .header("authorization", header)
            .body(())
            .expect("well formed");
        Target::parse("live", &request).ok().and_then(|t| t.token)
    };
    assert_eq!(with("/whip/live", "bearer abc").as_deref(), Some("abc"));
    assert_eq!(
        with("/whip/live?x=1&token=a%2Fb", "Basic eDp5").as_deref(),
        Some("a/b")
    );
    assert_eq!(with("/whip/live", "").as_deref(), None);
}

#[test]
fn patch_effect_depends_on_if_match_and_ufrag() {
    let fragment = |ufrag: &str| IceFragment {
        mid: None,
        ufrag: Some(ufrag.into()),
        pwd: Some("pwd".into()),
        ..IceFragment::default()
    };
    let tags = |tag: &str| IfMatch::Tags(vec![tag.into()]);
    let decide = |ufrag: &str, if_match: &IfMatch, strict| {
        decide_patch("tag", Some("here"), &fragment(ufrag), if_match, strict)
            .map_err(|p| p.status.as_u16())
    };
    assert_eq!(decide("here", &tags("tag"), true), Ok(Patch::Trickle));
    assert_eq!(decide("here", &tags("old"), true), Err(412));
    assert_eq!(decide("here", &IfMatch::Missing, false), Ok(Patch::Trickle));
    assert_eq!(decide("here", &IfMatch::Missing, true), Err(428));
    assert_eq!(decide("gone", &IfMatch::Missing, false), Ok(Patch::Ignore));
    assert_eq!(decide("next", &IfMatch::Any, true), Ok(Patch::Restart));
    assert_eq!(decide("here", &IfMatch::Any, true), Ok(Patch::Trickle));
}

#[test]
fn only_strong_tags_match() {
    let read = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_static(value));
        }
        if_match(&headers).expect("visible characters")
    };
    let tags = |tags: &[&str]| IfMatch::Tags(tags.iter().map(|&tag| tag.into()).collect());
    assert_eq!(read(&[]), IfMatch::Missing);
    assert_eq!(read(&["*"]), IfMatch::Any);
    assert_eq!(read(&["\"*\""]), IfMatch::Any);
    assert_eq!(read(&["\"a\" , b"]), tags(&["a", "b"]));
    assert_eq!(read(&["\"a\"", "\"b\""]), tags(&["a", "b"]));
    for none in ["W/\"a\"", "W/a", "\"a", "a\"", "\"\"a\"\"", "", "W/*"] {
        assert_eq!(read(&[none]), tags(&[]), "{none}");
    }
}

#[test]
fn content_type_match_ignores_case_and_parameters() {
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("Application/SDP; charset=utf-8"),
    );
    assert!(needs_content_type(&headers, SDP).is_ok());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    assert!(needs_content_type(&headers, SDP).is_err_and(|p| p.status == 415));
}
