//! Signatures, by which a receiver verifies that a delivery is genuine and recent.

use std::fmt::Write;

use aws_lc_rs::hmac;

/// The value of `Headwater-Signature`: `t=1767225600,v1=…`, where `v1` is the HMAC-SHA256 of
/// `1767225600.` and the body, in hexadecimal digits. `time` is in seconds since 1970.
pub(super) fn sign(key: &hmac::Key, time: u64, body: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{time}.").as_bytes());
    context.update(body.as_bytes());
    let mut header = format!("t={time},v1=");
    for byte in context.sign().as_ref() {
        // Writing to a string does not fail.
        write!(header, "{byte:02x}").ok();
    }
    header
}

/// Makes the HMAC key from the configured secret.
pub(super) fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in docs/protocol/webhooks.md, against which other implementations can check
    /// theirs.
    #[test]
    fn signature_matches_the_example_in_the_protocol_document() {
        let document = include_str!("../../../../docs/protocol/webhooks.md");
        let signed = sign(
            &key("change me"),
            1_767_225_600,
            r#"{"event":"roomStarted"}"#,
        );
        assert!(document.contains(&signed), "{signed}");
    }
}
