use aws_lc_rs::{constant_time, hmac};
use std::net::SocketAddr;
use thiserror::Error;

use super::attribute::{AttributeType, read_xor_address};
use super::fingerprint::fingerprint;
use super::header::{Class, HEADER, MAGIC_COOKIE, Method, TransactionId, split_type};

/// Length in bytes of MESSAGE-INTEGRITY, and below of FINGERPRINT, with their attribute headers.
pub(super) const INTEGRITY: usize = 24;
pub(super) const FINGERPRINT: usize = 8;

/// A STUN message whose attributes all lie within its datagram.
///
/// Attributes after MESSAGE-INTEGRITY are not covered by it and are skipped, except for FINGERPRINT
/// (RFC 8489 §14.5). If an attribute occurs twice, the first one counts (§14).
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    class: Class,
    method: Method,
    id: TransactionId,
    message_type: [u8; 2],
    /// Magic cookie and transaction id.
    fixed: &'a [u8],
    /// The attributes up to MESSAGE-INTEGRITY, or else FINGERPRINT, or else the end.
    covered: &'a [u8],
    integrity: Option<&'a [u8]>,
    fingerprint: Fingerprint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fingerprint {
    Absent,
    Right,
}

/// Why a datagram is not a STUN message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The datagram is shorter than the header, has one of the first two bits set, or lacks the
    /// magic cookie.
    #[error("not a STUN message")]
    NotStun,
    /// The length in the header does not match the datagram, or is not a multiple of four.
    #[error("the length in the header does not match the datagram")]
    Length,
    /// An attribute extends beyond the message, or MESSAGE-INTEGRITY has the wrong length.
    #[error("an attribute has an invalid length")]
    Attribute,
    /// FINGERPRINT is present but wrong, or is not the last attribute (RFC 8489 §14.7).
    #[error("the fingerprint is wrong")]
    Fingerprint,
}

impl<'a> Message<'a> {
    /// Parses a datagram that holds one message and nothing else.
    ///
    /// # Errors
    /// See [`ReadError`]. FINGERPRINT is verified if it is present, MESSAGE-INTEGRITY is not: see
    /// [`Message::is_authentic`].
    pub fn read(datagram: &'a [u8]) -> Result<Self, ReadError> {
        let (header, body) = datagram
            .split_at_checked(HEADER)
            .ok_or(ReadError::NotStun)?;
        let [t0, t1, l0, l1, fixed @ ..] = header else {
            return Err(ReadError::NotStun);
        };
        let id = fixed
            .strip_prefix(&MAGIC_COOKIE)
            .and_then(|id| TransactionId::try_from(id).ok());
        // RFC 8489 §5: the first two bits are 0, and the length is a multiple of four.
        let (Some(id), 0) = (id, t0 & 0xc0) else {
            return Err(ReadError::NotStun);
        };
        if usize::from(u16::from_be_bytes([*l0, *l1])) != body.len() || body.len() % 4 != 0 {
            return Err(ReadError::Length);
        }
        let (class, method) = split_type(u16::from_be_bytes([*t0, *t1]));
        let mut message = Self {
            class,
            method,
            id,
            message_type: [*t0, *t1],
            fixed,
            covered: body,
            integrity: None,
            fingerprint: Fingerprint::Absent,
        };
        message.walk(header, body)?;
        Ok(message)
    }

    /// Checks the length of every attribute, and finds MESSAGE-INTEGRITY and FINGERPRINT.
    fn walk(&mut self, header: &[u8], body: &'a [u8]) -> Result<(), ReadError> {
        let mut rest = body;
        while !rest.is_empty() {
            let (kind, value, after) = split_attribute(rest).ok_or(ReadError::Attribute)?;
            let before = body
                .get(..body.len() - rest.len())
                .ok_or(ReadError::Attribute)?;
            match kind {
                AttributeType::MESSAGE_INTEGRITY if self.integrity.is_none() => {
                    if value.len() != INTEGRITY - 4 {
                        return Err(ReadError::Attribute);
                    }
                    self.integrity = Some(value);
                    self.covered = before;
                }
                // FINGERPRINT has to be last. It covers MESSAGE-INTEGRITY, not the reverse.
                AttributeType::FINGERPRINT => {
                    let right = fingerprint([header, before]).to_be_bytes();
                    if !after.is_empty() || value != right {
                        return Err(ReadError::Fingerprint);
                    }
                    self.fingerprint = Fingerprint::Right;
                    if self.integrity.is_none() {
                        self.covered = before;
                    }
                }
                _ => {}
            }
            rest = after;
        }
        Ok(())
    }

    /// The class: request, indication or response.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The method: Binding, or one of TURN.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The transaction id, which matches a response to its request.
    pub fn id(&self) -> TransactionId {
        self.id
    }

    /// Whether FINGERPRINT is present. It has been verified if so.
    pub fn has_fingerprint(&self) -> bool {
        self.fingerprint == Fingerprint::Right
    }

    /// Whether MESSAGE-INTEGRITY is present, valid or not.
    pub fn has_integrity(&self) -> bool {
        self.integrity.is_some()
    }

    /// Whether MESSAGE-INTEGRITY is present and made with this key, which in ICE is the password
    /// (RFC 8489 §9.1).
    pub fn is_authentic(&self, key: &[u8]) -> bool {
        let Some(integrity) = self.integrity else {
            return false;
        };
        // The HMAC covers a header whose length ends at MESSAGE-INTEGRITY (RFC 8489 §14.5).
        let Ok(length) = u16::try_from(self.covered.len() + INTEGRITY) else {
            return false;
        };
        let tag = integrity_tag(
            key,
            [
                &self.message_type,
                &length.to_be_bytes(),
                self.fixed,
                self.covered,
            ],
        );
        constant_time::verify_slices_are_equal(tag.as_ref(), integrity).is_ok()
    }

    /// Iterates over the attributes before MESSAGE-INTEGRITY and FINGERPRINT, in order.
    pub fn attributes(&self) -> impl Iterator<Item = (AttributeType, &'a [u8])> + use<'a> {
        let mut rest = self.covered;
        std::iter::from_fn(move || {
            let (kind, value, after) = split_attribute(rest)?;
            rest = after;
            Some((kind, value))
        })
    }

    /// The value of the first attribute with this number.
    pub fn attribute(&self, wanted: AttributeType) -> Option<&'a [u8]> {
        self.attributes()
            .find_map(|(kind, value)| (kind == wanted).then_some(value))
    }

    /// USERNAME, if it is UTF-8.
    pub fn username(&self) -> Option<&'a str> {
        std::str::from_utf8(self.attribute(AttributeType::USERNAME)?).ok()
    }

    /// The value of PRIORITY.
    pub fn priority(&self) -> Option<u32> {
        let value = self.attribute(AttributeType::PRIORITY)?;
        value.try_into().ok().map(u32::from_be_bytes)
    }

    /// Whether USE-CANDIDATE is present.
    pub fn is_nominating(&self) -> bool {
        self.attribute(AttributeType::USE_CANDIDATE).is_some()
    }

    /// The tie-breaker in ICE-CONTROLLED.
    pub fn controlled(&self) -> Option<u64> {
        let value = self.attribute(AttributeType::ICE_CONTROLLED)?;
        value.try_into().ok().map(u64::from_be_bytes)
    }

    /// The tie-breaker in ICE-CONTROLLING.
    pub fn controlling(&self) -> Option<u64> {
        let value = self.attribute(AttributeType::ICE_CONTROLLING)?;
        value.try_into().ok().map(u64::from_be_bytes)
    }

    /// The address in XOR-MAPPED-ADDRESS.
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        read_xor_address(self.attribute(AttributeType::XOR_MAPPED_ADDRESS)?, &self.id)
    }

    /// The number in ERROR-CODE (RFC 8489 §14.8). The wire has the hundreds in one byte and the
    /// rest in the next.
    pub fn error_code(&self) -> Option<u16> {
        match self.attribute(AttributeType::ERROR_CODE)? {
            [_, _, class, number, ..] => Some(u16::from(class & 7) * 100 + u16::from(*number)),
            _ => None,
        }
    }

    /// SOFTWARE, if it is UTF-8.
    pub fn software(&self) -> Option<&'a str> {
        std::str::from_utf8(self.attribute(AttributeType::SOFTWARE)?).ok()
    }

    /// The attribute numbers in UNKNOWN-ATTRIBUTES.
    pub fn unknown_attributes(&self) -> impl Iterator<Item = AttributeType> + use<'a> {
        let value = self.attribute(AttributeType::UNKNOWN_ATTRIBUTES);
        value
            .unwrap_or_default()
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok())
            .map(|pair| AttributeType(u16::from_be_bytes(pair)))
    }
}

/// HMAC-SHA1 over the pieces of a message, in order.
pub(super) fn integrity_tag(key: &[u8], pieces: [&[u8]; 4]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let mut context = hmac::Context::with_key(&key);
    for piece in pieces {
        context.update(piece);
    }
    context.sign()
}

/// Splits off the first attribute: its number, its value, and the bytes after its padding.
fn split_attribute(bytes: &[u8]) -> Option<(AttributeType, &[u8], &[u8])> {
    let [t0, t1, l0, l1, rest @ ..] = bytes else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    let value = rest.get(..length)?;
    let after = rest.get(length.next_multiple_of(4)..)?;
    Some((AttributeType(u16::from_be_bytes([*t0, *t1])), value, after))
}
