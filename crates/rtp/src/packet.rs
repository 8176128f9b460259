use std::sync::Arc;
use std::time::Instant;

use crate::{Format, PayloadInfo, PictureIds, dependency_descriptor};

/// One received media packet, authenticated, decrypted and inspected once.
///
/// It is shared by every viewer and every shard behind one `Arc`, and never changes. What differs
/// per viewer (sequence number, timestamp, picture ids) is a [`Rewrite`], applied while the packet
/// is serialized for that viewer.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The source's sequence number, extended to never wrap.
    pub seq: u64,
    /// RTP timestamp in units of the format's clock rate.
    pub timestamp: u32,
    /// RTP marker bit: the last packet of a video frame.
    pub marker: bool,
    /// Codec and parameters of the payload.
    pub format: Format,
    /// When the server received it.
    pub received: Instant,
    /// When the media was captured, mapped to the server's clock by sender reports (RFC 3550
    /// §6.4.1); equal to `received` until the first report.
    pub captured: Instant,
    /// Header extensions that travel end to end.
    pub extensions: Extensions,
    /// What the payload header says about the frame that the packet belongs to.
    pub frame: PayloadInfo,
    /// RTP payload without header and padding.
    pub payload: Arc<[u8]>,
    /// For RED (RFC 2198), the primary block alone: the payload for receivers without RED.
    pub primary: Option<Arc<[u8]>>,
}

impl Packet {
    /// Creates a packet with sequence number and timestamp 0, no extensions and a default `frame`;
    /// `captured` is `received`.
    pub fn new(received: Instant, format: Format, payload: impl Into<Arc<[u8]>>) -> Self {
        Self {
            seq: 0,
            timestamp: 0,
            marker: false,
            format,
            received,
            captured: received,
            extensions: Extensions::default(),
            frame: PayloadInfo::default(),
            payload: payload.into(),
            primary: None,
        }
    }
}

/// Header extensions (RFC 8285) that the server passes from publisher to viewer.
///
/// Hop-by-hop ones (transport-cc, abs-send-time, mid, rid) are absent: each
/// peer writes its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Audio level in -dBov, 0 (loudest) to 127 (silence), and voice activity (RFC 6464).
    pub audio_level: Option<(u8, bool)>,
    /// Coordination of video orientation: rotation clockwise in degrees, 0, 90, 180 or 270
    /// (3GPP TS 26.114 §7.4.5).
    pub rotation: Option<u16>,
    /// Requested playout delay, minimum and maximum, in units of 10 ms.
    pub playout_delay: Option<(u16, u16)>,
    /// Dependency descriptor as received (RTP Payload Format For AV1, appendix A).
    pub dependency_descriptor: Option<Arc<[u8]>>,
    /// When the first sample of the packet was captured, on the publisher's clock.
    pub capture_time: Option<CaptureTime>,
}

/// Absolute capture time as the publisher wrote it
/// (<http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureTime {
    /// NTP time: seconds since 1900 in the high 32 bits, their fraction in the low.
    pub ntp: u64,
    /// Estimated offset of the capturer's clock to the publisher's, in the same units; `None` in
    /// the short form of the extension.
    pub clock_offset: Option<i64>,
}

impl CaptureTime {
    /// Reads the value of the extension: 8 bytes, or 16 with the offset. `None` for another length.
    pub fn read(value: &[u8]) -> Option<Self> {
        let (ntp, rest) = value.split_first_chunk()?;
        let clock_offset = match rest {
            [] => None,
            rest => Some(i64::from_be_bytes(rest.try_into().ok()?)),
        };
        Some(Self {
            ntp: u64::from_be_bytes(*ntp),
            clock_offset,
        })
    }
}

impl Extensions {
    /// Returns the frame number of the dependency descriptor; `None` without a descriptor, or when
    /// it is truncated.
    pub fn frame_number(&self) -> Option<u16> {
        let descriptor = self.dependency_descriptor.as_ref()?;
        dependency_descriptor::read(descriptor).map(|fields| fields.frame_number)
    }

    /// Returns a copy of the dependency descriptor with another frame number; `None` without a
    /// descriptor, or when it is truncated.
    pub fn descriptor_with(&self, frame_number: u16) -> Option<Arc<[u8]>> {
        let descriptor = self.dependency_descriptor.as_ref()?;
        let renumbered = dependency_descriptor::renumbered(descriptor, frame_number)?;
        let mut bytes: Arc<[u8]> = Arc::from(&**descriptor);
        *Arc::get_mut(&mut bytes)?.first_chunk_mut()? = renumbered;
        Some(bytes)
    }
}

/// The differences between a packet as received and as sent to one viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrite {
    /// Extended sequence number. The first one of a track must be below 65,536, since a receiver
    /// assumes a rollover counter of zero (RFC 3711 §3.3.1).
    pub seq: u64,
    /// RTP timestamp, in units of the format's clock rate.
    pub timestamp: u32,
    /// Picture ids, if the source's own would not be continuous.
    pub picture: Option<PictureIds>,
    /// Frame number of the dependency descriptor, if the source's own would not be continuous.
    pub frame_number: Option<u16>,
    /// Bytes of RTP padding after the payload (RFC 3550 §5.1), 0 for none. A retransmission under
    /// an SSRC of its own (RTX) is sent without them.
    pub padding: u8,
}

impl Rewrite {
    /// Rewrites sequence number and timestamp only; payload and extensions stay as received.
    pub fn new(seq: u64, timestamp: u32) -> Self {
        Self {
            seq,
            timestamp,
            picture: None,
            frame_number: None,
            padding: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptor_with_changes_only_the_frame_number() {
        let extensions = Extensions {
            dependency_descriptor: Some([0xc1, 0x12, 0x34, 0x80].into()),
            ..Extensions::default()
        };
        assert_eq!(extensions.frame_number(), Some(0x1234));
        assert_eq!(
            extensions.descriptor_with(0xabcd).as_deref(),
            Some(&[0xc1, 0xab, 0xcd, 0x80][..])
        );
    }

    #[test]
    fn capture_time_is_read_in_both_forms() {
        let mut value = vec![0, 0, 0, 0, 0, 0, 1, 2];
        let short = CaptureTime {
            ntp: 0x0102,
            clock_offset: None,
        };
        assert_eq!(CaptureTime::read(&value), Some(short));
        value.extend([0xff; 8]);
        let long = CaptureTime {
            clock_offset: Some(-1),
            ..short
        };
        assert_eq!(CaptureTime::read(&value), Some(long));
        assert_eq!(CaptureTime::read(&value[..7]), None);
        assert_eq!(CaptureTime::read(&value[..12]), None);
    }

    #[test]
    fn truncated_descriptor_has_no_frame_number() {
        let extensions = Extensions {
            dependency_descriptor: Some([0xc1, 0x12].into()),
            ..Extensions::default()
        };
        assert_eq!(extensions.frame_number(), None);
        assert_eq!(extensions.descriptor_with(1), None);
    }
}
