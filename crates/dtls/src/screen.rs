//! Keeps noise from the library during a handshake.
//!
//! The library queues every record that has a head, and ends the handshake when some of them are
//! left over. So only records that the peer may send get there.

use std::borrow::Cow;

use crate::endpoint::Role;
use crate::wire::{self, Record};

/// The most messages of one side in a handshake: with every kind sent, and sent anew after a
/// request to do so, a client has seven.
const MESSAGES_MAX: u16 = 16;

/// The first byte of a record of DTLS 1.3 whose head is not in the clear (RFC 9147 §4).
const UNIFIED: std::ops::RangeInclusive<u8> = 0x20..=0x3f;

/// The datagram without its implausible records; `None` when nothing is left. `role` is ours.
pub(crate) fn plausible(datagram: &[u8], role: Role) -> Option<Cow<'_, [u8]>> {
    if UNIFIED.contains(datagram.first()?) {
        return Some(Cow::Borrowed(datagram));
    }
    let (mut kept, mut end, mut dropped) = (Vec::new(), 0, false);
    for record in wire::records(datagram) {
        end += wire::RECORD_HEAD + record.fragment.len();
        if is_plausible(&record, role) {
            record.write(&mut kept);
        } else {
            dropped = true;
        }
    }
    if !dropped && !kept.is_empty() {
        return Some(Cow::Borrowed(datagram));
    }
    // Records of DTLS 1.3 may follow those with a head in the clear.
    let rest = datagram.get(end..).unwrap_or_default();
    if rest.first().is_some_and(|first| UNIFIED.contains(first)) {
        kept.extend_from_slice(rest);
    }
    (!kept.is_empty()).then_some(Cow::Owned(kept))
}

fn is_plausible(record: &Record<'_>, role: Role) -> bool {
    match (record.content, record.epoch) {
        (wire::HANDSHAKE, 0) => {
            let mut length = 0;
            let known = wire::fragments(record.fragment).all(|fragment| {
                length += wire::HANDSHAKE_HEAD + fragment.body.len();
                fragment.message_seq < MESSAGES_MAX && is_sent_to(role, fragment.message)
            });
            known && length > 0 && length == record.fragment.len()
        }
        (wire::CHANGE_CIPHER_SPEC, 0) => record.fragment == [1],
        // Warnings in the clear; fatal alerts were read before.
        (wire::ALERT, 0) => false,
        (wire::HANDSHAKE | wire::ALERT | wire::APPLICATION_DATA, 1) => true,
        // An acknowledgement in the clear (RFC 9147 §7) and later epochs of DTLS 1.2: none.
        _ => false,
    }
}

/// Whether the peer may send this message in the clear (RFC 5246 §7.4).
fn is_sent_to(role: Role, message: u8) -> bool {
    match role {
        // ClientHello, Certificate, CertificateVerify, ClientKeyExchange.
        Role::Server => matches!(message, 1 | 11 | 15 | 16),
        // ServerHello, HelloVerifyRequest, NewSessionTicket, HelloRetryRequest, Certificate,
        // ServerKeyExchange, CertificateRequest, ServerHelloDone, CertificateStatus.
        Role::Client => matches!(message, 2..=4 | 6 | 11..=14 | 22),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Fragment;

    #[test]
    fn implausible_records_are_taken_out() {
        let mut message = Vec::new();
        Fragment {
            message: 16,
            length: 3,
            message_seq: 2,
            offset: 0,
            body: b"key",
        }
        .write(&mut message);
        let key = Record::bytes(wire::HANDSHAKE, 0, &message);
        let noise = Record::bytes(wire::CHANGE_CIPHER_SPEC, 0, &[]);
        let both = [noise.clone(), key.clone()].concat();
        assert_eq!(plausible(&both, Role::Server).as_deref(), Some(&key[..]));
        assert_eq!(plausible(&key, Role::Server).as_deref(), Some(&key[..]));
        assert_eq!(plausible(&key, Role::Client), None);
        assert_eq!(plausible(&noise, Role::Server), None);
        let cut = Record::bytes(wire::HANDSHAKE, 0, &message[..14]);
        assert_eq!(plausible(&cut, Role::Server), None);
    }
}
