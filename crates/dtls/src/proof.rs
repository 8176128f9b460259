//! Encrypted records that arrive while the handshake is under way, and what they prove.
//!
//! A server that has finished sends its last flight once, and again only when the client repeats
//! its own (RFC 6347 §4.2.4). FFmpeg does not: after its handshake it takes whatever arrives for
//! data and sends it back, and from then on 8.1 and 9.0 send one packet of media for each datagram
//! that they receive. So our last flight must not be repeated needlessly. If the server's last
//! flight was lost, or the ChangeCipherSpec in it, the server's next data, which is media at once,
//! stands for it: only the holder of the keys can have sent them. `docs/decisions/0017-dtls.md`
//! says why that proves as much as its Finished.

use std::borrow::Cow;
use std::time::Duration;

use crate::alert::Description;
use crate::established::Direction;
use crate::hello::{RANDOM, USE_SRTP};
use crate::keys::SrtpProfile;
use crate::role::Role;
use crate::wire::{self, Reader, Record};

/// The epoch of encrypted records.
const SEALED: u16 = 1;

/// As the client: how long our last flight is not repeated. This is the RFC's second (RFC 6347
/// §4.2.4.1). GnuTLS needs a tenth of it for its own last flight, on an idle machine.
pub(crate) const LAST_FLIGHT_WAIT: Duration = Duration::from_secs(1);

/// What a datagram contains while the handshake is under way.
pub(crate) enum Sealed<'a> {
    /// A datagram for the library, without encrypted records that are noise. As the client, also
    /// without the messages of a flight that we have answered: the library would answer them at
    /// once, but our answer is repeated only by its timer. Empty if nothing else was there.
    Handshake(Cow<'a, [u8]>),
    /// The peer has ended the connection.
    Alert(Description),
    /// As the client: the server has finished and sends data. With the record's sequence number.
    Data(u64, Vec<u8>),
    /// There was nothing but noise.
    Noise,
}

/// Decrypts a datagram's encrypted records to tell what it contains. `read` is the protection of
/// the peer's records, `own` is our role.
pub(crate) fn look(datagram: &[u8], read: &Direction, own: Role) -> Sealed<'static> {
    let (mut kept, mut has_changed, mut is_noise) = (Vec::new(), false, true);
    for record in wire::records(datagram) {
        if record.epoch != SEALED {
            is_noise = false;
            has_changed |= record.content == wire::CHANGE_CIPHER_SPEC;
            // The client has answered all handshake messages in the clear once it has these keys.
            if own == Role::Server || record.content != wire::HANDSHAKE {
                record.write(&mut kept);
            }
            continue;
        }
        // The peer has not encrypted this record: it is noise.
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

/// A ChangeCipherSpec that replaces the server's, in case that was lost and the Finished was not.
/// It is not authenticated anyway, and an encrypted record says the same. Its sequence number is
/// one that no server reaches.
const CHANGE: Record<'_> = Record {
    content: wire::CHANGE_CIPHER_SPEC,
    epoch: 0,
    sequence: (1 << 48) - 1,
    fragment: &[1],
};

/// The SRTP profile that the ServerHello in a datagram chooses, if that message is not fragmented.
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

    /// The server's side of a connection, and the client's protection to read it with.
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
    fn encrypted_noise_data_and_alerts_are_told_apart() {
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
    fn lost_change_cipher_spec_is_added_once() {
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
    fn answered_messages_are_dropped_for_the_client() {
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
    fn srtp_profile_of_a_server_hello_is_found() {
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
