//! Alerts (RFC 5246 §7.2, RFC 8446 §6): why one side gives up.

use std::fmt;

use crate::wire::{self, Record};

/// The level of an alert that ends the connection.
const FATAL: u8 = 2;
const WARNING: u8 = 1;

/// The description of an alert: its number on the wire (IANA, "TLS Alerts").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description(pub u8);

impl Description {
    pub(crate) const CLOSE_NOTIFY: Self = Self(0);
    pub(crate) const HANDSHAKE_FAILURE: Self = Self(40);
    pub(crate) const BAD_CERTIFICATE: Self = Self(42);
    pub(crate) const UNSUPPORTED_CERTIFICATE: Self = Self(43);
    pub(crate) const DECODE_ERROR: Self = Self(50);
    pub(crate) const PROTOCOL_VERSION: Self = Self(70);

    /// The two bytes of an alert with this description: level and number.
    pub(crate) fn body(self) -> [u8; 2] {
        let level = if self == Self::CLOSE_NOTIFY {
            WARNING
        } else {
            FATAL
        };
        [level, self.0]
    }

    /// The name in the RFCs; `unknown` for a number without one.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "close_notify",
            10 => "unexpected_message",
            20 => "bad_record_mac",
            22 => "record_overflow",
            40 => "handshake_failure",
            42 => "bad_certificate",
            43 => "unsupported_certificate",
            44 => "certificate_revoked",
            45 => "certificate_expired",
            46 => "certificate_unknown",
            47 => "illegal_parameter",
            48 => "unknown_ca",
            49 => "access_denied",
            50 => "decode_error",
            51 => "decrypt_error",
            70 => "protocol_version",
            71 => "insufficient_security",
            80 => "internal_error",
            86 => "inappropriate_fallback",
            90 => "user_canceled",
            109 => "missing_extension",
            110 => "unsupported_extension",
            112 => "unrecognized_name",
            116 => "certificate_required",
            120 => "no_application_protocol",
            _ => "unknown",
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

/// Writes a datagram with an alert in the clear.
pub(crate) fn clear_alert(description: Description, sequence: u64) -> Vec<u8> {
    let mut out = Vec::new();
    let record = Record {
        content: wire::ALERT,
        epoch: 0,
        sequence,
        fragment: &description.body(),
    };
    record.write(&mut out);
    out
}

/// The first alert in the clear that ends a handshake, if the datagram has one.
pub(crate) fn clear_alert_in(datagram: &[u8]) -> Option<Description> {
    let mut alerts = wire::records(datagram).filter(|r| r.content == wire::ALERT && r.epoch == 0);
    alerts.find_map(|record| match record.fragment {
        [FATAL, description] => Some(Description(*description)),
        [_, 0] => Some(Description::CLOSE_NOTIFY),
        _ => None,
    })
}
