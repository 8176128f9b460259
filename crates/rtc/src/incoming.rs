use std::sync::Arc;

use rtp::dependency_descriptor::{self, Mandatory, Template, Templates};
use rtp::{Codec, Extensions, Frame, Packet};
use str0m::Rtc;
use str0m::media::KeyframeRequestKind;
use str0m::rtp::{RtpPacket, Ssrc};

use crate::clock::{PublisherClock, Report};
use crate::extensions;
use crate::media::Media;

/// The encodings that a peer receives, and their clock.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    sources: Vec<Source>,
    clock: PublisherClock,
}

/// One encoding that is received.
#[derive(Debug)]
struct Source {
    ssrc: Ssrc,
    media: usize,
    layer: usize,
    report: Option<Report>,
    /// Of the coded video sequence, where the descriptors have said them.
    templates: Option<Templates>,
}

/// A packet, and of which m-line and layer it is.
pub(crate) struct Arrived {
    pub(crate) media: usize,
    pub(crate) layer: usize,
    pub(crate) packet: Packet,
}

impl Incoming {
    /// Inspects a packet. `None` for one of an encoding or a format that is not known.
    pub(crate) fn packet(
        &mut self,
        rtc: &mut Rtc,
        media: &[Media],
        packet: RtpPacket,
    ) -> Option<Arrived> {
        let known = |s: &Source| s.ssrc == packet.header.ssrc;
        let index = match self.sources.iter().position(known) {
            Some(index) => index,
            None => self.add_source(rtc, media, packet.header.ssrc)?,
        };
        let source = self.sources.get_mut(index)?;
        let format = media
            .get(source.media)?
            .types
            .format(*packet.header.payload_type)?;
        let received = packet.timestamp;
        let timestamp = packet.header.timestamp;
        if let Some(info) = packet.last_sender_info {
            let rtp_timestamp = info.rtp_time.numer() as u32;
            source.report = self.clock.report(info.ntp_time, rtp_timestamp, received);
        }
        let captured = match &source.report {
            Some(report) => report.captured(timestamp, format.clock_rate, received),
            None => received,
        };
        let primary: Option<Arc<[u8]>> = rtp::red::primary(&packet.payload)
            .filter(|_| format.red)
            .map(|(_, block)| block.into());
        let payload = primary.as_deref().unwrap_or(&packet.payload);
        let mut frame = Frame::inspect(format.codec, payload);
        let extensions = extensions::received(&packet.header.ext_vals);
        // The others tell their layers in the payload, or have none.
        if format.codec == Codec::Av1
            && let Some((fields, template)) = source.described(&extensions)
        {
            frame.describe(&fields, template);
        }
        Some(Arrived {
            media: source.media,
            layer: source.layer,
            packet: Packet {
                seq: *packet.seq_no,
                timestamp,
                marker: packet.header.marker,
                format,
                received,
                captured,
                extensions,
                frame,
                payload: packet.payload,
                primary,
            },
        })
    }

    /// Asks for a key frame of one encoding.
    pub(crate) fn request_keyframe(&self, rtc: &mut Rtc, media: usize, layer: usize) {
        let source = self
            .sources
            .iter()
            .find(|s| s.media == media && s.layer == layer);
        if let Some(source) = source
            && let Some(stream) = rtc.direct_api().stream_rx(&source.ssrc)
        {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Learns which encoding an SSRC is: the library has bound it to mid and rid.
    fn add_source(&mut self, rtc: &mut Rtc, medias: &[Media], ssrc: Ssrc) -> Option<usize> {
        let mut direct = rtc.direct_api();
        let stream = direct.stream_rx(&ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let media = medias.iter().position(|m| m.mid == mid)?;
        let layer = match rid {
            Some(rid) => medias.get(media)?.rids.iter().position(|r| *r == rid)?,
            None => 0,
        };
        // A sender that changes its SSRC (a browser's replaced encoder) keeps its layer.
        self.sources
            .retain(|s| (s.media, s.layer) != (media, layer));
        self.sources.push(Source {
            ssrc,
            media,
            layer,
            report: None,
            templates: None,
        });
        Some(self.sources.len() - 1)
    }
}

impl Source {
    /// What the packet's dependency descriptor says of its frame.
    fn described(&mut self, extensions: &Extensions) -> Option<(Mandatory, Template)> {
        let descriptor = extensions.dependency_descriptor.as_ref()?;
        if let Some(templates) = Templates::read(descriptor) {
            self.templates = Some(templates);
        }
        let fields = dependency_descriptor::read(descriptor)?;
        let template = self.templates.as_ref()?.get(fields.template_id)?;
        Some((fields, template))
    }
}
