use std::fmt;

use ice::Reason;

use crate::peer::PAYLOAD_BYTES_MAX;
use crate::receiver::Cause;

/// Why a datagram changed nothing for the session that it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is none of STUN, DTLS, RTP and RTCP (RFC 7983).
    NotWebrtc,
    /// A STUN message that was neither answered nor asked for.
    Stun(Reason),
    /// A packet of media, or a report.
    Packet(Cause),
    /// A datagram of the DTLS handshake that is malformed or not the client's to send, or that
    /// says in the clear that the handshake is over: it is, unless the client goes on.
    Dtls,
    /// A packet with a larger payload than viewers are sent. The peer accepts it, since endpoints
    /// other than viewers may use it; the peer's owner reports it.
    TooLarge,
}

impl Refused {
    /// Those without a cause of their own, each at its [`Self::number`].
    const PLAIN: [Self; 3] = [Self::NotWebrtc, Self::TooLarge, Self::Dtls];

    /// Numbers of STUN messages begin here, and those of packets.
    const STUN: usize = Self::PLAIN.len();
    const PACKETS: usize = Self::STUN + Reason::ALL.len();

    /// How many there are.
    pub const COUNT: usize = Self::PACKETS + Cause::ALL.len();

    /// All of them, each at its [`Self::number`].
    pub fn all() -> impl Iterator<Item = Self> {
        let stun = Reason::ALL.into_iter().map(Self::Stun);
        let packets = Cause::ALL.into_iter().map(Self::Packet);
        Self::PLAIN.into_iter().chain(stun).chain(packets)
    }

    /// Its place among all, below [`Self::COUNT`].
    pub fn number(self) -> usize {
        match self {
            Self::NotWebrtc => 0,
            Self::TooLarge => 1,
            Self::Dtls => 2,
            Self::Stun(reason) => Self::STUN + reason as usize,
            Self::Packet(cause) => Self::PACKETS + cause as usize,
        }
    }

    /// A value for a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotWebrtc => "not_webrtc",
            Self::TooLarge => "received_too_large",
            Self::Dtls => "dtls_unproved",
            Self::Stun(reason) => reason.label(),
            Self::Packet(cause) => cause.label(),
        }
    }

    /// Whether the operator is to read of the first of a session: nothing that works well does it.
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
                "it would end the DTLS handshake, and anybody may have sent it: the handshake goes on \
                 if the client does",
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
    fn every_refusal_has_a_place_and_a_label_of_its_own() {
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
