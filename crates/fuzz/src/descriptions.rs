//! Session descriptions, and the negotiation that uses them.

use std::path::Path;
use std::time::Instant;

use rtc::{Negotiator, Peer, Role};

use pair::config;

/// Reads a description, and checks that writing and reading it again changes nothing.
pub(crate) fn sdp(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        sdp::fuzz::description(text);
    }
}

/// Does the same with the fragments and candidates that a client trickles.
pub(crate) fn fragment(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    sdp::fuzz::fragment(text);
    text.lines().for_each(sdp::fuzz::candidate);
    drop(signaling::ice_fragment::parse(text));
}

/// Answers up to three offers, separated by zero bytes. Each answer must be readable.
pub(crate) fn negotiation(input: &[u8]) {
    let Ok(texts) = std::str::from_utf8(input) else {
        return;
    };
    let now = Instant::now();
    let config = config(now);
    let viewer = Role::Viewer {
        stream: "garden".to_owned(),
    };
    let unified = Role::Unified { new_lines: 2 };
    for role in [Role::Publisher, Role::Publishers, viewer, unified] {
        let mut negotiator = Negotiator::new(&config, role);
        let mut peer: Option<Peer> = None;
        for text in texts.split('\0').take(3) {
            let Ok(offer) = sdp::Description::parse(text) else {
                continue;
            };
            let Ok(answered) = negotiator.offered(&offer) else {
                continue;
            };
            let answer = sdp::Description::parse(&answered.sdp);
            let answer = answer.unwrap_or_else(|error| panic!("{error}\n{}", answered.sdp));
            assert_eq!(answer.sections.len(), offer.sections.len());
            match &mut peer {
                Some(peer) => drop(peer.apply(answered.agreed)),
                None => peer = Peer::new(&config, answered.agreed, None, now).ok(),
            }
        }
    }
}

/// Seeds: the offers of real clients.
pub(crate) fn offers() -> Vec<Vec<u8>> {
    recorded("sdp/tests/offers", "sdp")
}

/// Seeds: the transport lines of these offers, as clients trickle them.
pub(crate) fn fragments() -> Vec<Vec<u8>> {
    let all = offers().into_iter().map(|offer| {
        let text = String::from_utf8_lossy(&offer).into_owned();
        let wanted = ["a=ice-", "a=mid:", "a=candidate:", "m="];
        let lines = text.lines();
        let kept = lines.filter(|line| wanted.iter().any(|begin| line.starts_with(begin)));
        kept.map(|line| format!("{line}\r\n")).collect::<String>()
    });
    all.map(String::into_bytes).collect()
}

/// Reads the files with this ending in a folder of a crate, in the order of their names. `folder`
/// begins with the name of the crate's folder.
pub(crate) fn recorded(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == ending));
    paths.sort();
    let read = |path: &std::path::PathBuf| std::fs::read(path).expect("a file");
    paths.iter().map(read).collect()
}
