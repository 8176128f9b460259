use std::fmt;

use ice::Reason;

use crate::datagrams::PAYLOAD_BYTES_MAX;
use crate::receiver::Cause;

/// Why a datagram had no effect on the session that received it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The datagram is none of STUN, DTLS, RTP and RTCP (RFC 7983).
    NotWebrtc,
    /// A STUN message that was not answered and is no response to a check of this side.
    Stun(Reason),
    /// An RTP or RTCP packet.
    Packet(Cause),
    /// A DTLS datagram of the handshake that is malformed, or that a client in this role does not
    /// send, or that ends the handshake in the clear. The last ends it only if nothing further
    /// comes from the client.
    Dtls,
    /// An RTP packet whose payload is larger than viewers are sent. The peer accepts it, since
    /// endpoints other than viewers may use it; the peer's owner reports it.
    TooLarge,
}

impl Refused {
    /// Refusals that carry no cause, each at its [`Self::number`].
    const PLAIN: [Self; 3] = [Self::NotWebrtc, Self::TooLarge, Self::Dtls];

    /// Where the numbers of [`Self::Stun`] and [`Self::Packet`] begin.
    const STUN: usize = Self::PLAIN.len();
    const PACKETS: usize = Self::STUN + Reason::ALL.len();

    /// The number of different refusals.
    pub const COUNT: usize = Self::PACKETS + Cause::ALL.len();

    /// Iterates over all refusals, each at its [`Self::number`].
    pub fn all() -> impl Iterator<Item = Self> {
        let stun = Reason::ALL.into_iter().map(Self::Stun);
        let packets = Cause::ALL.into_iter().map(Self::Packet);
        Self::PLAIN.into_iter().chain(stun).chain(packets)
    }

    /// Returns its index in [`Self::all`], below [`Self::COUNT`].
    pub fn number(self) -> usize {
        match self {
            Self::NotWebrtc => 0,
            Self::TooLarge => 1,
            Self::Dtls => 2,
            Self::Stun(reason) => Self::STUN + reason as usize,
            Self::Packet(cause) => Self::PACKETS + cause as usize,
        }
    }

    /// Returns the value for a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotWebrtc => "not_webrtc",
            Self::TooLarge => "received_too_large",
            Self::Dtls => "dtls_unproved",
            Self::Stun(reason) => reason.label(),
            Self::Packet(cause) => cause.label(),
        }
    }

    /// Whether the first one of a session is worth reporting to the operator. Refusals that also
    /// happen on healthy connections are not.
    pub fn is_news(self) -> bool {
        match self {
            Self::NotWebrtc | Self::TooLarge | Self::Dtls => true,
            Self::Stun(reason) => !matches!(reason, Reason::Other | Reason::Unasked),
            Self::Packet(cause) => !matches!(
                cause,
                Cause::Replayed | Cause::NotMissing | Cause::PaddingOnly
            ),
        }
    }
}

impl fmt::Display for Refused {
    /// One line for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWebrtc => f.write_str("it is none of STUN, DTLS, RTP and RTCP"),
            Self::TooLarge => write!(
                f,
                "its payload is larger than {PAYLOAD_BYTES_MAX} bytes, which no path over Ethernet \
                 carries: make the encoder's packets smaller"
            ),
            Self::Dtls => f.write_str(
                "it is malformed DTLS, or would end the handshake and is not authenticated: the \
                 handshake continues if the client does",
            ),
            Self::Stun(reason) => reason.fmt(f),
            Self::Packet(cause) => cause.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_own_number_and_label() {
        let all: Vec<_> = Refused::all().collect();
        assert!(
            all.iter()
                .map(|refused| refused.number())
                .eq(0..Refused::COUNT)
        );
        let mut labels: Vec<_> = all.iter().map(|refused| refused.label()).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Refused::COUNT);
    }
}
