use std::collections::BTreeMap;

use rtp::{Codec, Kind};

/// draft-holmer-rmcat-transport-wide-cc-extensions-01 §2.
const TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// The parts of an SDP answer that a receiver needs to read packets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    types: BTreeMap<u8, PayloadType>,
    /// Id of the header extension with the transport-wide sequence number.
    pub(crate) transport_cc: Option<u8>,
}

/// The meaning of a payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PayloadType {
    pub(crate) kind: Kind,
    pub(crate) clock_rate: u32,
    pub(crate) encoding: Encoding,
}

/// The contents of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Codec(Codec),
    /// A retransmission (RFC 4588).
    Rtx,
    /// Anything else: counted, but not inspected.
    Other,
}

impl Answer {
    /// Reads an SDP answer. Unreadable lines are skipped.
    pub(crate) fn read(sdp: &str) -> Self {
        let mut answer = Self::default();
        let mut kind = Kind::Audio;
        for line in sdp.lines() {
            if let Some(media) = line.strip_prefix("m=") {
                kind = match media.starts_with("video") {
                    true => Kind::Video,
                    false => Kind::Audio,
                };
            } else if let Some(map) = line.strip_prefix("a=rtpmap:") {
                answer.types.extend(payload_type(map, kind));
            } else if let Some(map) = line.strip_prefix("a=extmap:")
                && let Some((id, uri)) = map.split_once(' ')
                && uri.trim() == TRANSPORT_CC
            {
                let id = id.split('/').next().and_then(|id| id.parse().ok());
                answer.transport_cc = answer.transport_cc.or(id);
            }
        }
        answer
    }

    pub(crate) fn payload_type(&self, number: u8) -> Option<PayloadType> {
        self.types.get(&number).copied()
    }
}

/// Reads the value of an `a=rtpmap`, such as `96 VP8/90000`.
fn payload_type(map: &str, kind: Kind) -> Option<(u8, PayloadType)> {
    let (number, encoding) = map.split_once(' ')?;
    let mut parts = encoding.trim().split('/');
    let encoding = match parts.next()?.to_ascii_lowercase().as_str() {
        "opus" => Encoding::Codec(Codec::Opus),
        "vp8" => Encoding::Codec(Codec::Vp8),
        "vp9" => Encoding::Codec(Codec::Vp9),
        "h264" => Encoding::Codec(Codec::H264),
        "h265" => Encoding::Codec(Codec::H265),
        "av1" => Encoding::Codec(Codec::Av1),
        "rtx" => Encoding::Rtx,
        _ => Encoding::Other,
    };
    let found = PayloadType {
        kind,
        clock_rate: parts.next()?.parse().ok()?,
        encoding,
    };
    Some((number.parse().ok()?, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_types_and_transport_cc_id_are_found() {
        let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n\
                   m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\n\
                   a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=rtpmap:broken\r\n\
                   a=extmap:3/recvonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";
        let answer = Answer::read(sdp);
        let found = |number| {
            let found = answer.payload_type(number)?;
            Some((found.kind, found.encoding, found.clock_rate))
        };
        let codec = Encoding::Codec;
        assert_eq!(found(111), Some((Kind::Audio, codec(Codec::Opus), 48_000)));
        assert_eq!(found(96), Some((Kind::Video, codec(Codec::Vp8), 90_000)));
        assert_eq!(found(97), Some((Kind::Video, Encoding::Rtx, 90_000)));
        assert_eq!((found(98), answer.transport_cc), (None, Some(3)));
    }
}
