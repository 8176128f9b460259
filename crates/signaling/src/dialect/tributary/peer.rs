//! How peers are named: a random UUID (RFC 9562 §5.4).

use broadcast::relay::PeerId;

/// The bits of a UUID that say that the others are random: version 4, variant 10.
const FIXED: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
const VERSION_4: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;

/// Where a UUID has its hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const TEXT_BYTES: usize = 36;

/// A peer's id, from bits that nobody can guess.
pub fn peer_id(random: u128) -> PeerId {
    PeerId(random & !FIXED | VERSION_4)
}

/// As it stands in frames: `41aa6c1e-0b5f-4c3d-9d11-2f6a7b8c9d0e`.
pub fn peer_text(peer: PeerId) -> String {
    let mut text = format!("{:032x}", peer.0);
    for at in HYPHENS {
        text.insert(at, '-');
    }
    text
}

/// The peer that a text names; `None` for one that the server never writes.
pub(super) fn parse(text: &str) -> Option<PeerId> {
    let hyphens = |at: &usize| text.as_bytes().get(*at) == Some(&b'-');
    if text.len() != TEXT_BYTES || !HYPHENS.iter().all(hyphens) {
        return None;
    }
    let digits: String = text.split('-').collect();
    let peer = PeerId(u128::from_str_radix(&digits, 16).ok()?);
    (peer_text(peer) == text).then_some(peer)
}
