use std::net::SocketAddr;

use super::ErrorCode;
use super::attribute::{AttributeType, write_xor_address};
use super::fingerprint::fingerprint;
use super::header::{Class, HEADER, MAGIC_COOKIE, Method, TransactionId, join_type};
use super::message::{FINGERPRINT, INTEGRITY, integrity_tag};

/// Appends one message to a buffer.
///
/// The message is complete once [`Writer::finish`] has been called. Attributes are written in the
/// order of the calls. A value longer than 65,535 bytes is a bug of the caller and panics.
#[derive(Debug)]
#[must_use = "a message is whole only after `finish`"]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    /// Where the message begins in `out`.
    start: usize,
    id: TransactionId,
}

impl<'a> Writer<'a> {
    /// Begins a message of any class and method.
    pub fn new(out: &'a mut Vec<u8>, class: Class, method: Method, id: TransactionId) -> Self {
        let start = out.len();
        out.extend(join_type(class, method).to_be_bytes());
        out.extend([0, 0]);
        out.extend(MAGIC_COOKIE);
        out.extend(id);
        Self { out, start, id }
    }

    /// Begins a Binding request.
    pub fn binding_request(out: &'a mut Vec<u8>, id: TransactionId) -> Self {
        Self::new(out, Class::Request, Method::BINDING, id)
    }

    /// Begins the success response to a Binding request from `source`.
    pub fn binding_success(out: &'a mut Vec<u8>, id: TransactionId, source: SocketAddr) -> Self {
        Self::new(out, Class::Success, Method::BINDING, id).xor_mapped_address(source)
    }

    /// Begins the error response to a Binding request.
    pub fn binding_error(out: &'a mut Vec<u8>, id: TransactionId, code: ErrorCode) -> Self {
        Self::new(out, Class::Error, Method::BINDING, id).error_code(code)
    }

    /// Appends an attribute with its padding.
    pub fn attribute(self, kind: AttributeType, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).expect("values of ours are short");
        self.out.extend(kind.0.to_be_bytes());
        self.out.extend(length.to_be_bytes());
        self.out.extend(value);
        let padding = value.len().next_multiple_of(4) - value.len();
        self.out.extend(std::iter::repeat_n(0, padding));
        self
    }

    /// Appends the USERNAME of an ICE check: the receiver's ufrag, then the sender's (RFC 8445
    /// §7.2.2).
    pub fn username(self, receiver: &str, sender: &str) -> Self {
        self.attribute(
            AttributeType::USERNAME,
            format!("{receiver}:{sender}").as_bytes(),
        )
    }

    /// Appends PRIORITY.
    pub fn priority(self, priority: u32) -> Self {
        self.attribute(AttributeType::PRIORITY, &priority.to_be_bytes())
    }

    /// Appends USE-CANDIDATE, which nominates the path.
    pub fn use_candidate(self) -> Self {
        self.attribute(AttributeType::USE_CANDIDATE, &[])
    }

    /// Appends ICE-CONTROLLED.
    pub fn controlled(self, tie_breaker: u64) -> Self {
        self.attribute(AttributeType::ICE_CONTROLLED, &tie_breaker.to_be_bytes())
    }

    /// Appends ICE-CONTROLLING.
    pub fn controlling(self, tie_breaker: u64) -> Self {
        self.attribute(AttributeType::ICE_CONTROLLING, &tie_breaker.to_be_bytes())
    }

    /// Appends SOFTWARE.
    pub fn software(self, name: &str) -> Self {
        self.attribute(AttributeType::SOFTWARE, name.as_bytes())
    }

    /// Appends XOR-MAPPED-ADDRESS.
    pub fn xor_mapped_address(self, address: SocketAddr) -> Self {
        let (value, length) = write_xor_address(address, &self.id);
        let value = value.get(..length).unwrap_or(&value);
        self.attribute(AttributeType::XOR_MAPPED_ADDRESS, value)
    }

    /// Appends ERROR-CODE with its reason phrase.
    pub fn error_code(self, code: ErrorCode) -> Self {
        let [class, number] = [code.number / 100, code.number % 100].map(|part| part as u8);
        let mut value = vec![0, 0, class, number];
        value.extend(code.reason.as_bytes());
        self.attribute(AttributeType::ERROR_CODE, &value)
    }

    /// Appends UNKNOWN-ATTRIBUTES.
    pub fn unknown_attributes(self, unknown: &[AttributeType]) -> Self {
        let value: Vec<u8> = unknown.iter().flat_map(|it| it.0.to_be_bytes()).collect();
        self.attribute(AttributeType::UNKNOWN_ATTRIBUTES, &value)
    }

    /// Completes the message with MESSAGE-INTEGRITY, if there is a key, and FINGERPRINT.
    pub fn finish(mut self, key: Option<&[u8]>) {
        if let Some(key) = key {
            self.set_length(INTEGRITY);
            let tag = integrity_tag(key, [self.written(), &[], &[], &[]]);
            self = self.attribute(AttributeType::MESSAGE_INTEGRITY, tag.as_ref());
        }
        self.set_length(FINGERPRINT);
        let value = fingerprint([self.written()]);
        let _whole = self.attribute(AttributeType::FINGERPRINT, &value.to_be_bytes());
    }

    fn written(&self) -> &[u8] {
        self.out.get(self.start..).unwrap_or_default()
    }

    /// Sets the length in the header as if the message ended with an attribute of `closing` bytes:
    /// both closing attributes cover that length (RFC 8489 §14.5, §14.7).
    fn set_length(&mut self, closing: usize) {
        let length = self.written().len() - HEADER + closing;
        let length = u16::try_from(length).expect("messages of ours are short");
        if let Some(field) = self.out.get_mut(self.start + 2..self.start + 4) {
            field.copy_from_slice(&length.to_be_bytes());
        }
    }
}
