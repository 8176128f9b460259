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

/// One encoding that the peer receives.
#[derive(Debug)]
struct Source {
    ssrc: Ssrc,
    line: usize,
    layer: usize,
    /// Templates of the current coded video sequence, once a descriptor has carried them.
    templates: Option<Templates>,
}

/// A received packet with its m-line and layer.
pub(crate) struct Arrived {
    pub(crate) line: usize,
    pub(crate) layer: usize,
    pub(crate) packet: Packet,
}

impl Incoming {
    /// Converts a packet of the library and inspects its payload. `None` when its encoding or its
    /// format is unknown.
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
        // In RED, the codec's payload header is that of the primary block.
        let payload = primary.as_deref().unwrap_or(&packet.payload);
        let mut frame = PayloadInfo::inspect(format.codec, payload);
        let extensions = extensions::received(&packet.header.ext_vals);
        // The other codecs have their layers in the payload header, or have none.
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

    /// Asks for a key frame of one encoding. Has no effect before its first packet.
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

    /// Finds the encoding of an SSRC, which the library has bound to a mid and rid.
    fn add_source(&mut self, rtc: &mut Rtc, media: &[Media], ssrc: Ssrc) -> Option<usize> {
        let mut direct = rtc.direct_api();
        let stream = direct.stream_rx(&ssrc)?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let line = media.iter().position(|m| m.mid == mid)?;
        let layer = media.get(line)?.layer(rid)?;
        // A server that changes its SSRC keeps the m-line: the new SSRC replaces the old one.
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
    /// What the packet's dependency descriptor says about its frame.
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
