//! A media packet as viewers get it, from its header and its payload.

use std::sync::Arc;
use std::time::Instant;

use rtp::dependency_descriptor::{self, Mandatory, Template, Templates};
use rtp::{CaptureTime, Codec, Extensions, Format, Header, Packet, PayloadInfo};

use super::layer::Layer;
use crate::extensions::ExtensionIds;

/// An authentic packet, opened, without padding.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'a> {
    pub(super) header: &'a Header,
    /// The header's bytes.
    pub(super) head: &'a [u8],
    pub(super) payload: &'a [u8],
}

impl<'a> Opened<'a> {
    /// Takes padding away (RFC 3550 §5.1); `None` when it is longer than the payload, or says that
    /// it has no bytes.
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

    /// The packet with this number.
    pub(super) fn packet(
        &self,
        now: Instant,
        seq: u64,
        format: Format,
        ids: &ExtensionIds,
        layer: &mut Layer,
    ) -> Arc<Packet> {
        // First, since it goes to memory that is in no cache: what follows need not wait for it.
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
        // The others tell their layers in the payload, or have none.
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

    /// What of the header travels on.
    fn extensions(&self, ids: &ExtensionIds) -> Extensions {
        let mut extensions = Extensions::default();
        for (id, value) in self.header.extensions(self.head) {
            match (id, value) {
                // What is not negotiated has the id zero.
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

/// What the packet's dependency descriptor says of its frame.
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
