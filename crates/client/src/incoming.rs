use std::sync::Arc;

use rtp::dependency_descriptor::{self, Mandatory, Template, Templates};
use rtp::{Codec, Extensions, Packet, PayloadInfo};
use str0m::Rtc;
use str0m::media::KeyframeRequestKind;
use str0m::rtp::{RtpPacket, Ssrc};

use crate::extensions;
use crate::media::Media;

/// The encodings that a peer receives.
#[derive(Debug, Default)]
pub(crate) struct Incoming(Vec<Source>);

/// One encoding that is received.
#[derive(Debug)]
struct Source {
    ssrc: Ssrc,
    line: usize,
    layer: usize,
    /// Of the coded video sequence, where the descriptors have said them.
    templates: Option<Templates>,
}

/// A packet, and of which line and layer it is.
pub(crate) struct Arrived {
    pub(crate) line: usize,
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
        let ssrc = packet.header.ssrc;
        let index = match self.0.iter().position(|source| source.ssrc == ssrc) {
            Some(index) => index,
            None => self.add_source(rtc, media, ssrc)?,
        };
        let source = self.0.get_mut(index)?;
        let format = media.get(source.line)?.format(packet.header.payload_type)?;
        let primary: Option<Arc<[u8]>> = rtp::red::primary(&packet.payload)
            .filter(|_| format.red)
            .map(|(_, block)| block.into());
        let payload = primary.as_deref().unwrap_or(&packet.payload);
        let mut frame = PayloadInfo::inspect(format.codec, payload);
        let extensions = extensions::received(&packet.header.ext_vals);
        // The others tell their layers in the payload, or have none.
        if format.codec == Codec::Av1
            && let Some((fields, template)) = source.described(&extensions)
        {
            frame.describe(&fields, template);
        }
        Some(Arrived {
            line: source.line,
            layer: source.layer,
            packet: Packet {
                seq: *packet.seq_no,
                timestamp: packet.header.timestamp,
                marker: packet.header.marker,
                extensions,
                frame,
                primary,
                ..Packet::new(packet.timestamp, format, packet.payload)
            },
        })
    }

    /// Asks for a key frame of one encoding. Without effect before its first packet.
    pub(crate) fn request_keyframe(&self, rtc: &mut Rtc, line: usize, layer: usize) {
        let source = self
            .0
            .iter()
            .find(|source| source.line == line && source.layer == layer);
        if let Some(source) = source
            && let Some(stream) = rtc.direct_api().stream_rx(&source.ssrc)
        {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Learns which encoding an SSRC is: the library has bound it to mid and rid.
    fn add_source(&mut self, rtc: &mut Rtc, media: &[Media], ssrc: Ssrc) -> Option<usize> {
        let mut direct = rtc.direct_api();
        let stream = direct.stream_rx(&ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let line = media.iter().position(|m| m.mid == mid)?;
        let layer = media.get(line)?.layer(rid)?;
        // A server that changes its SSRC keeps the line.
        self.0
            .retain(|source| (source.line, source.layer) != (line, layer));
        self.0.push(Source {
            ssrc,
            line,
            layer,
            templates: None,
        });
        Some(self.0.len() - 1)
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
