//! Keeps noise from the library during a handshake.
//!
//! The library queues every record with a valid header, and ends the handshake if some of them are
//! left over. So it is given only records that the peer may send.

use std::borrow::Cow;

use crate::role::Role;
use crate::wire::{self, Record};

/// An upper limit for the messages of one side in a handshake. A client that sends every kind, and
/// its ClientHello again on request, sends seven.
const MESSAGES_MAX: u16 = 16;

/// The first byte of an encrypted DTLS 1.3 record, which has the unified header (RFC 9147 §4).
const UNIFIED: std::ops::RangeInclusive<u8> = 0x20..=0x3f;

/// Returns the datagram without its implausible records; `None` if nothing is left. `role` is ours.
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
    // Encrypted DTLS 1.3 records may follow those with a header in the clear.
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
        // These are warnings: fatal alerts in the clear have been handled before.
        (wire::ALERT, 0) => false,
        (wire::HANDSHAKE | wire::ALERT | wire::APPLICATION_DATA, 1) => true,
        // No peer sends an ACK in the clear (RFC 9147 §7), or a later epoch of DTLS 1.2.
        _ => false,
    }
}

/// Whether the peer of a side with this role may send this message in the clear (RFC 5246 §7.4).
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
    fn implausible_records_are_removed() {
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
