//! The ids of peers: random UUIDs (RFC 9562 §5.4).

use room::peer_tree::PeerId;

/// The bits of a UUID that hold version and variant: 4 and binary 10 in a random UUID.
const FIXED: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
const VERSION_4: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;

/// The positions of the hyphens in a UUID's text.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const TEXT_BYTES: usize = 36;

/// Makes a peer id from random bits, which must be unpredictable.
pub fn peer_id(random: u128) -> PeerId {
    PeerId(random & !FIXED | VERSION_4)
}

/// The id as text: `41aa6c1e-0b5f-4c3d-9d11-2f6a7b8c9d0e`.
pub fn peer_text(peer: PeerId) -> String {
    let mut text = format!("{:032x}", peer.0);
    for at in HYPHENS {
        text.insert(at, '-');
    }
    text
}

/// Reads the text of an id; `None` for a spelling that the server never writes.
pub(super) fn parse(text: &str) -> Option<PeerId> {
    let hyphens = |at: &usize| text.as_bytes().get(*at) == Some(&b'-');
    if text.len() != TEXT_BYTES || !HYPHENS.iter().all(hyphens) {
        return None;
    }
    let digits: String = text.split('-').collect();
    let peer = PeerId(u128::from_str_radix(&digits, 16).ok()?);
    (peer_text(peer) == text).then_some(peer)
}
