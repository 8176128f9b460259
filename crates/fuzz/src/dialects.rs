//! Frames and requests of every dialect.

use bytes::Bytes;
use http::Request;
use signaling::dialect::{
    broadcast_recording, gortc, headwater, live_room, pion_sfu, tributary, whep, whip,
};

use crate::descriptions::recorded;

/// Reads a frame as each dialect does.
pub(crate) fn frames(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    drop(headwater::read(text));
    drop(gortc::read(text));
    drop(live_room::read(text));
    drop(live_room::sdp(text));
    drop(pion_sfu::read(text));
    drop(tributary::read(text));
    let mut session = broadcast_recording::Session::default();
    for line in text.lines() {
        drop(session.received(line));
    }
}

/// Reads a request as WHIP and as WHEP do: method and path, then header lines, an empty line, and
/// the body.
pub(crate) fn requests(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next());
    let mut request = Request::builder()
        .method(method)
        .uri(path.unwrap_or_default());
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    let Ok(request) = request.body(Bytes::copy_from_slice(body.as_bytes())) else {
        return;
    };
    let path = request.uri().path();
    for prefix in ["/whip/", "/whep/"] {
        let rest = path.strip_prefix(prefix).unwrap_or(path);
        drop(whip::call(rest, &request));
        drop(whep::call(rest, &request));
    }
}

/// Seeds: the frames that clients send in the transcripts.
pub(crate) fn recorded_frames() -> Vec<Vec<u8>> {
    let folders = [
        "broadcast_recording",
        "gortc",
        "headwater",
        "live_room",
        "pion_sfu",
        "tributary",
    ];
    let files = folders.iter().flat_map(|folder| {
        let folder = format!("signaling/tests/transcripts/{folder}");
        recorded(&folder, "frames")
    });
    let mut frames = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&file).into_owned();
        let said = text.lines().filter_map(|line| line.split_once("> "));
        frames.extend(said.map(|(_, frame)| frame.as_bytes().to_vec()));
    }
    frames
}

/// Seeds: the requests in the transcripts.
pub(crate) fn recorded_requests() -> Vec<Vec<u8>> {
    let folders = ["whip", "whep"].map(|name| format!("signaling/tests/transcripts/{name}"));
    let files = folders.iter().flat_map(|folder| recorded(folder, "http"));
    let mut requests = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&file).into_owned();
        let cases = text.split("### ").filter_map(|case| {
            let (_, request) = case.split_once('\n')?;
            request.split("\n===").next()
        });
        requests.extend(cases.map(|request| request.as_bytes().to_vec()));
    }
    requests
}
