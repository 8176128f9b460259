//! Sending, which is left to the library.

use std::sync::Arc;
use std::time::Duration;

use rtp::{Packet, Rewrite};
use str0m::Rtc;
use str0m::rtp::RtpWrite;

use crate::error::WriteError;
use crate::extensions;
use crate::media::Media;

/// The largest RTP payload that is sent unless a peer allows more, in bytes: more does not fit an
/// Ethernet frame.
pub const PAYLOAD_BYTES_MAX: usize = 1_450;

/// The largest RTP payload that can be sent at all, in bytes. The library writes packets into 2,000
/// bytes, of which headers take up to 80 and the number of a retransmission 2.
pub const PAYLOAD_BYTES_LIMIT: usize = 1_918;

/// Packets of one encoding that are kept for retransmission, and for how long. It follows
/// libwebrtc, which keeps up to 9,600 and drops them after some round trips, but not within a
/// second.
const RESENT_PACKETS_MAX: usize = 4_096;
const RESENT_AGE_MAX: Duration = Duration::from_secs(3);

/// Prepares the encodings of an m-line on which this side may now send.
pub(crate) fn begin(rtc: &mut Rtc, media: &Media) {
    let layers = media.rids.len().max(1);
    for rid in (0..layers).filter_map(|layer| media.rid(layer)) {
        if let Some(stream) = rtc.direct_api().stream_tx_by_mid(media.mid, rid) {
            // Browsers answer every NACK, however much is lost, so retransmissions have no cap by a
            // ratio.
            stream.set_rtx_cache(RESENT_PACKETS_MAX, RESENT_AGE_MAX, None);
        }
    }
}

/// Passes a packet to the library, which sends it.
pub(crate) fn write(
    rtc: &mut Rtc,
    media: &Media,
    layer: usize,
    packet: &Packet,
    rewrite: &Rewrite,
    payload_bytes_max: usize,
) -> Result<(), WriteError> {
    let rid = media.rid(layer).filter(|_| media.sends);
    let rid = rid.ok_or(WriteError::NotSending)?;
    let (payload_type, format) = media.best_for(&packet.format).ok_or(WriteError::Codec)?;
    // Without RED on the m-line, only the primary block goes out.
    let mut payload = match &packet.primary {
        Some(primary) if !format.red => primary.clone(),
        _ => packet.payload.clone(),
    };
    if payload.len() > payload_bytes_max {
        return Err(WriteError::TooLarge);
    }
    // The payload is shared, so the ids are rewritten in a copy.
    if let Some(picture) = &rewrite.picture {
        let mut bytes = payload.to_vec();
        picture.write(format.codec, &mut bytes);
        payload = Arc::from(bytes);
    }
    let mut direct = rtc.direct_api();
    let stream = direct.stream_tx_by_mid(media.mid, rid);
    let stream = stream.ok_or(WriteError::NotSending)?;
    let (seq, timestamp) = (rewrite.seq.into(), rewrite.timestamp);
    let packet = RtpWrite::new(payload_type, seq, timestamp, packet.captured, payload)
        .marker(packet.marker)
        .ext_vals(extensions::sent(packet, rewrite))
        .nackable(true);
    stream.write_rtp(packet);
    Ok(())
}
