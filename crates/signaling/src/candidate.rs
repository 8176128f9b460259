//! The grammar of a candidate attribute (RFC 8839 §5.1):
//!
//! ```text
//! candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type>
//!           [raddr <address>] [rport <port>] *(<extension> <value>)
//! ```
//!
//! Host names (`….local`), TCP candidates and unknown extensions are well formed. Whether the
//! server can use a candidate is not asked here.

use std::net::IpAddr;

use thiserror::Error;

/// The longest foundation, in characters (RFC 8839 §5.1: `1*32ice-char`).
const FOUNDATION_CHARS_MAX: usize = 32;

/// Component ids run from 1 to this (RFC 8839 §5.1, RFC 8445 §5.3).
const COMPONENT_MAX: u16 = 256;

/// The most digits of a priority (RFC 8839 §5.1: `1*10DIGIT`).
const PRIORITY_DIGITS_MAX: usize = 10;

/// The longest host name, in characters (RFC 1035 §2.3.4).
const HOST_NAME_CHARS_MAX: usize = 253;

/// The field of a candidate that is missing or malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CandidateError {
    /// Not 1 to 32 ice-chars.
    #[error("its foundation is not 1 to 32 letters, digits, `+` or `/`")]
    Foundation,
    /// Not a number from 1 to 256.
    #[error("its component is not a number from 1 to 256")]
    Component,
    /// Missing, or no token.
    #[error("its transport is not a word such as `udp`")]
    Transport,
    /// Not 1 to 10 digits.
    #[error("its priority is not a number of at most 10 digits")]
    Priority,
    /// Neither an IP address nor a host name.
    #[error("its address is neither an IP address nor a host name")]
    Address,
    /// Not a number from 0 to 65535.
    #[error("its port is not a number from 0 to 65535")]
    Port,
    /// `typ` or the word behind it is missing.
    #[error("`typ` and a type such as `host` do not follow its port")]
    Type,
    /// The value of `raddr` is no address.
    #[error("its `raddr` is neither an IP address nor a host name")]
    RelatedAddress,
    /// The value of `rport` is no port.
    #[error("its `rport` is not a number from 0 to 65535")]
    RelatedPort,
}

/// Checks what stands behind `candidate:`. Returns the first field that is malformed.
pub fn check(candidate: &str) -> Result<(), CandidateError> {
    let mut words = candidate.split_ascii_whitespace();
    let mut next = || words.next().unwrap_or_default();
    expect(is_foundation(next()), CandidateError::Foundation)?;
    expect(is_component(next()), CandidateError::Component)?;
    expect(is_token(next()), CandidateError::Transport)?;
    expect(is_priority(next()), CandidateError::Priority)?;
    expect(is_address(next()), CandidateError::Address)?;
    expect(is_port(next()), CandidateError::Port)?;
    expect(next().eq_ignore_ascii_case("typ"), CandidateError::Type)?;
    expect(is_token(next()), CandidateError::Type)?;
    // The value of an extension may be empty, so that the last name may stand alone.
    while let Some(name) = words.next() {
        let value = words.next().unwrap_or_default();
        match name {
            "raddr" => expect(is_address(value), CandidateError::RelatedAddress)?,
            "rport" => expect(is_port(value), CandidateError::RelatedPort)?,
            _ => {}
        }
    }
    Ok(())
}

/// Whether a text consists of ice-chars alone (RFC 8839 §5.1).
pub(crate) fn is_ice_chars(text: &str) -> bool {
    let is_ice_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.bytes().all(is_ice_char)
}

fn expect(is_so: bool, error: CandidateError) -> Result<(), CandidateError> {
    if is_so { Ok(()) } else { Err(error) }
}

fn is_foundation(text: &str) -> bool {
    (1..=FOUNDATION_CHARS_MAX).contains(&text.len()) && is_ice_chars(text)
}

fn is_component(text: &str) -> bool {
    is_number(text)
        && text
            .parse::<u16>()
            .is_ok_and(|id| (1..=COMPONENT_MAX).contains(&id))
}

fn is_priority(text: &str) -> bool {
    is_number(text) && text.len() <= PRIORITY_DIGITS_MAX
}

/// Whether a text is a port as SDP writes it: digits, at most 65535.
pub(crate) fn is_port(text: &str) -> bool {
    is_number(text) && text.parse::<u16>().is_ok()
}

/// Digits alone. `parse` by itself would take a sign.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A token of SDP (RFC 8866 §9): visible ASCII without separators.
pub(crate) fn is_token(text: &str) -> bool {
    let is_token_char = |byte: u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_char)
}

fn is_address(text: &str) -> bool {
    // A zone such as `%eth0` (RFC 4007 §11) belongs to the client's side and does no harm.
    let address = text.split('%').next().unwrap_or_default();
    address.parse::<IpAddr>().is_ok() || is_host_name(text)
}

/// Labels of letters, digits, `-` and `_`. A last label of digits alone is an IPv4 address that
/// was mistyped.
fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        let is_name_char = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.bytes().all(is_name_char)
    };
    let is_numeric = text.rsplit('.').next().is_some_and(is_number);
    text.len() <= HOST_NAME_CHARS_MAX && text.split('.').all(is_label) && !is_numeric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_of_the_field_are_well_formed() {
        for candidate in [
            "1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1",
            "0 1 UDP 2122252543 8d2c5a1e-58e5-4c83-9d15-8e5d06bd1b4f.local 56143 typ host",
            "842163049 1 udp 1677729535 198.51.100.7 45664 typ srflx raddr 0.0.0.0 rport 0",
            "1 1 TCP 1015021823 192.0.2.1 9 typ host tcptype active",
            "H0a 1 udp 2130706431 2001:db8::1 50000 typ host",
            "+/aZ09 256 udp 1 fe80::1%eth0 0 typ relay raddr :: rport 65535 x",
            "1 1 sctp-new 1 192.0.2.1 1 typ newer some thing",
        ] {
            assert_eq!(check(candidate), Ok(()), "{candidate}");
        }
    }

    #[test]
    fn malformed_field_is_named() {
        use CandidateError::{
            Address, Component, Foundation, Port, Priority, RelatedAddress, RelatedPort, Transport,
            Type,
        };
        for (candidate, error) in [
            ("", Foundation),
            ("a_b 1 udp 1 192.0.2.1 1 typ host", Foundation),
            (
                &format!("{} 1 udp 1 192.0.2.1 1 typ host", "x".repeat(33)),
                Foundation,
            ),
            ("1 0 udp 1 192.0.2.1 1 typ host", Component),
            ("1 257 udp 1 192.0.2.1 1 typ host", Component),
            ("1 +1 udp 1 192.0.2.1 1 typ host", Component),
            ("1 1 u=p 1 192.0.2.1 1 typ host", Transport),
            ("1 1 udp x 192.0.2.1 1 typ host", Priority),
            ("1 1 udp 12345678901 192.0.2.1 1 typ host", Priority),
            ("1 1 udp 1 192.0.2.999 1 typ host", Address),
            ("1 1 udp 1 192.0.2 1 typ host", Address),
            ("1 1 udp 1 a..b 1 typ host", Address),
            ("1 1 udp 1 [2001:db8::1] 1 typ host", Address),
            ("1 1 udp 1 192.0.2.1 65536 typ host", Port),
            ("1 1 udp 1 192.0.2.1 port typ host", Port),
            ("1 1 udp 1 192.0.2.1 1", Type),
            ("1 1 udp 1 192.0.2.1 1 host", Type),
            ("1 1 udp 1 192.0.2.1 1 typ", Type),
            (
                "1 1 udp 1 192.0.2.1 1 typ host raddr x: rport 0",
                RelatedAddress,
            ),
            (
                "1 1 udp 1 192.0.2.1 1 typ srflx raddr 0.0.0.0 rport",
                RelatedPort,
            ),
        ] {
            assert_eq!(check(candidate), Err(error), "{candidate}");
        }
    }
}
