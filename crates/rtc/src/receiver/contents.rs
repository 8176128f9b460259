//! Builds the packet that is forwarded from the header and payload of a received one.

use std::sync::Arc;
use std::time::Instant;

use rtp::dependency_descriptor::{self, Mandatory, Template, Templates};
use rtp::{CaptureTime, Codec, Extensions, Format, Header, Packet, PayloadInfo};

use super::layer::Layer;
use crate::extensions::ExtensionIds;

/// An authentic packet, decrypted and without padding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'a> {
    pub(super) header: &'a Header,
    /// The header's bytes.
    pub(super) head: &'a [u8],
    pub(super) payload: &'a [u8],
}

impl<'a> Opened<'a> {
    /// Removes the padding (RFC 3550 §5.1); `None` when its length exceeds the payload or is zero.
    pub(super) fn new(header: &'a Header, head: &'a [u8], payload: &'a [u8]) -> Option<Self> {
        let payload = match (header.padding, payload.last()) {
            (false, _) => payload,
            (true, Some(0) | None) => return None,
            (true, Some(padding)) => {
                let end = payload.len().checked_sub(usize::from(*padding))?;
                payload.get(..end)?
            }
        };
        Some(Self {
            header,
            head,
            payload,
        })
    }

    /// Builds the packet under the number `seq` of its layer.
    pub(super) fn packet(
        &self,
        now: Instant,
        seq: u64,
        format: Format,
        ids: &ExtensionIds,
        layer: &mut Layer,
    ) -> Arc<Packet> {
        // The copy comes first, since it writes to uncached memory while the rest goes on.
        let whole: Arc<[u8]> = self.payload.into();
        let timestamp = self.header.timestamp;
        let captured = layer.captured(timestamp, format.clock_rate, now);
        let primary: Option<Arc<[u8]>> = match format.red {
            true => rtp::red::primary(self.payload).map(|(_, block)| block.into()),
            false => None,
        };
        let payload = primary.as_deref().unwrap_or(self.payload);
        let mut frame = PayloadInfo::inspect(format.codec, payload);
        let extensions = self.extensions(ids);
        // Other codecs carry their layer ids in the payload, or have none.
        if format.codec == Codec::Av1
            && let Some((fields, template)) = described(&mut layer.templates, &extensions)
        {
            frame.describe(&fields, template);
        }
        Arc::new(Packet {
            seq,
            timestamp,
            marker: self.header.marker,
            format,
            received: now,
            captured,
            extensions,
            frame,
            payload: whole,
            primary,
        })
    }

    /// Reads the header extensions that are forwarded to viewers.
    fn extensions(&self, ids: &ExtensionIds) -> Extensions {
        let mut extensions = Extensions::default();
        for (id, value) in self.header.extensions(self.head) {
            match (id, value) {
                // Extensions that were not negotiated have the id zero, which must not match.
                (0, _) => {}
                (id, [level]) if id == ids.audio_level => {
                    extensions.audio_level = Some((level & 0x7f, level & 0x80 != 0));
                }
                (id, [orientation]) if id == ids.rotation => {
                    extensions.rotation = Some(u16::from(orientation & 3) * 90);
                }
                (id, [high, both, low]) if id == ids.playout_delay => {
                    // Twelve bits each.
                    let min = u16::from(*high) << 4 | u16::from(*both) >> 4;
                    let max = u16::from(both & 0x0f) << 8 | u16::from(*low);
                    extensions.playout_delay = Some((min, max));
                }
                (id, value) if id == ids.dependency_descriptor => {
                    extensions.dependency_descriptor = Some(value.into());
                }
                (id, value) if id == ids.abs_capture_time => {
                    extensions.capture_time = CaptureTime::read(value);
                }
                _ => {}
            }
        }
        extensions
    }
}

/// Reads the packet's dependency descriptor, with the templates that it or an earlier one carried.
fn described(
    templates: &mut Option<Templates>,
    extensions: &Extensions,
) -> Option<(Mandatory, Template)> {
    let descriptor = extensions.dependency_descriptor.as_ref()?;
    if let Some(new) = Templates::read(descriptor) {
        *templates = Some(new);
    }
    let fields = dependency_descriptor::read(descriptor)?;
    let template = templates.as_ref()?.get(fields.template_id)?;
    Some((fields, template))
}
