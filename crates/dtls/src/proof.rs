//! Sealed records that come while the handshake is under way: what they prove.
//!
//! A server that has finished sends its last flight once, and again only when the client repeats
//! its own (RFC 6347 §4.2.4). FFmpeg does not: after its handshake it takes what comes for data, and
//! sends it back; from then on 8.1 and 9.0 send one packet of media for each that they receive. So
//! our last flight is not repeated without need. Where the server's was lost, or the
//! ChangeCipherSpec in it, the server sends what only the holder of the keys can, which is media at
//! once: why that is as good as its Finished is in `docs/decisions/0017-dtls.md`.

use std::borrow::Cow;
use std::time::Duration;

use crate::alert::Description;
use crate::endpoint::Role;
use crate::established::Direction;
use crate::keys::SrtpProfile;
use crate::wire::{self, Reader, Record};

/// The epoch of sealed records.
const SEALED: u16 = 1;

/// `use_srtp` (RFC 5764 §4.1.1).
const USE_SRTP: u16 = 14;

/// As the client, how long our last flight is not repeated: the RFC's second (RFC 6347 §4.2.4.1).
/// GnuTLS takes a tenth of it for its own, on a machine that does nothing else.
pub(crate) const LAST_FLIGHT_WAIT: Duration = Duration::from_secs(1);

/// What a datagram brings while the handshake is under way.
pub(crate) enum Sealed<'a> {
    /// For the library: without sealed records that are noise. As the client, without the messages
    /// of a flight that was answered too, which the library would answer again: its answer is
    /// repeated in its time. Empty when there was nothing else.
    Handshake(Cow<'a, [u8]>),
    /// The peer has ended the connection.
    Alert(Description),
    /// As the client: the server has finished. With the number of its record.
    Data(u64, Vec<u8>),
    /// There was nothing but noise.
    Noise,
}

/// Looks into a datagram's sealed records. `read` is what the peer seals with, `own` our role.
pub(crate) fn look(datagram: &[u8], read: &Direction, own: Role) -> Sealed<'static> {
    let (mut kept, mut has_changed, mut is_noise) = (Vec::new(), false, true);
    for record in wire::records(datagram) {
        if record.epoch != SEALED {
            is_noise = false;
            has_changed |= record.content == wire::CHANGE_CIPHER_SPEC;
            if own == Role::Server || record.content != wire::HANDSHAKE {
                record.write(&mut kept);
            }
            continue;
        }
        let Some(content) = read.open(&record) else {
            continue;
        };
        is_noise = false;
        match (record.content, content.as_slice(), own) {
            (wire::ALERT, [_, description], _) => return Sealed::Alert(Description(*description)),
            (wire::APPLICATION_DATA, _, Role::Client) => {
                return Sealed::Data(record.sequence, content);
            }
            _ => {
                if own == Role::Client && !has_changed {
                    has_changed = true;
                    CHANGE.write(&mut kept);
                }
                record.write(&mut kept);
            }
        }
    }
    if is_noise {
        return Sealed::Noise;
    }
    Sealed::Handshake(Cow::Owned(kept))
}

/// The server's ChangeCipherSpec, which may be lost where its Finished is not: what it says is said
/// by a sealed record too, and nothing protects it. Its number is one that no server comes to.
const CHANGE: Record<'_> = Record {
    content: wire::CHANGE_CIPHER_SPEC,
    epoch: 0,
    sequence: (1 << 48) - 1,
    fragment: &[1],
};

/// The profile that the ServerHello in a datagram chooses, if it is there in one piece.
///
/// ```text
/// version(2) random(32) session_id<0..32> cipher_suite(2) compression(1) extensions  RFC 5246 §7.4.1.3
/// ```
pub(crate) fn profile_in(datagram: &[u8]) -> Option<SrtpProfile> {
    let clear = wire::records(datagram).filter(|r| r.content == wire::HANDSHAKE && r.epoch == 0);
    let mut messages = clear.flat_map(|record| wire::fragments(record.fragment));
    let hello = messages.find(|m| m.message == wire::SERVER_HELLO && m.is_whole())?;
    let mut body = Reader(hello.body);
    body.take(2 + crate::hello::RANDOM)?;
    body.vector8()?;
    body.take(3)?;
    let mut extensions = Reader(body.vector16()?);
    loop {
        let (kind, mut content) = (extensions.u16()?, Reader(extensions.vector16()?));
        if kind == USE_SRTP {
            let chosen = Reader(content.vector16()?).u16()?;
            return SrtpProfile::numbered(chosen);
        }
    }
}
