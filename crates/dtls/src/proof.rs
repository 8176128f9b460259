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
use crate::hello::{RANDOM, USE_SRTP};
use crate::keys::SrtpProfile;
use crate::wire::{self, Reader, Record};

/// The epoch of sealed records.
const SEALED: u16 = 1;

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
    body.take(2 + RANDOM)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::established::{Aead, Established};
    use crate::wire::Fragment;

    /// A server's side of a connection, and what the client reads it with.
    fn server() -> (Established, Direction) {
        let direction = |key| Direction::new(Aead::Aes128Gcm, [key; 32], [9; 12], 1 << 48);
        (
            Established::new((direction(1), 0), (direction(2), 0)),
            direction(2),
        )
    }

    fn kept(datagram: &[u8], read: &Direction, own: Role) -> Vec<u8> {
        match look(datagram, read, own) {
            Sealed::Handshake(kept) => kept.into_owned(),
            _ => panic!("nothing for the library"),
        }
    }

    #[test]
    fn sealed_records_tell_noise_data_and_alerts() {
        let (mut server, read) = server();
        for own in [Role::Client, Role::Server] {
            let alert = server.alert(Description::BAD_CERTIFICATE).unwrap();
            let told = look(&alert, &read, own);
            assert!(matches!(told, Sealed::Alert(Description::BAD_CERTIFICATE)));
            let mut noise = alert;
            *noise.last_mut().unwrap() ^= 1;
            assert!(matches!(look(&noise, &read, own), Sealed::Noise));
        }
        let data = server.data(b"data").unwrap();
        let told = look(&data, &read, Role::Client);
        assert!(matches!(told, Sealed::Data(3, data) if data == b"data"));
        assert_eq!(kept(&data, &read, Role::Server), data);
    }

    #[test]
    fn lost_change_of_keys_is_made_up_for_once() {
        let (mut server, read) = server();
        let finished = server.seal(wire::HANDSHAKE, b"finished").unwrap();
        let mut change = Vec::new();
        CHANGE.write(&mut change);
        let both = [change, finished.clone()].concat();
        assert_eq!(kept(&finished, &read, Role::Client), both);
        assert_eq!(kept(&both, &read, Role::Client), both);
        assert_eq!(kept(&finished, &read, Role::Server), finished);
    }

    #[test]
    fn answered_messages_are_left_out_for_the_client() {
        let (_, read) = server();
        let mut message = Vec::new();
        Fragment {
            message: 14,
            length: 0,
            message_seq: 3,
            offset: 0,
            body: &[],
        }
        .write(&mut message);
        let clear = Record::bytes(wire::HANDSHAKE, 0, &message);
        assert_eq!(kept(&clear, &read, Role::Client), b"");
        assert_eq!(kept(&clear, &read, Role::Server), clear);
    }

    #[test]
    fn profile_of_a_server_hello_is_read() {
        let hello = |extensions: &[u8]| {
            let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
            let head = [&[254, 253][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat();
            let body = [&head[..], &length, extensions].concat();
            crate::hello::datagram(wire::SERVER_HELLO, 0, &body)
        };
        let secret = [0, 23, 0, 0];
        let srtp = |profile| [0, 14, 0, 5, 0, 2, 0, profile, 0];
        let chosen = |profile| profile_in(&hello(&[&secret[..], &srtp(profile)].concat()));
        assert_eq!(chosen(1), Some(SrtpProfile::Aes128CmSha1_80));
        assert_eq!(chosen(7), Some(SrtpProfile::AeadAes128Gcm));
        assert_eq!(chosen(8), Some(SrtpProfile::AeadAes256Gcm));
        assert_eq!(chosen(2), None);
        assert_eq!(profile_in(&hello(&secret)), None);
        let whole = hello(&srtp(1));
        assert!((0..whole.len()).all(|end| profile_in(&whole[..end]).is_none()));
    }
}
