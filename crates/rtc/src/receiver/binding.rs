//! Maps an SSRC to its m-line and layer: by MID, then by RID, then by the declared SSRCs, then by
//! payload type (RFC 9143 §9.2).

use rtp::{Header, LayerIndex};

use super::cause::Cause;
use super::section::{Carried, DeclaredSource, ReceivedSection};
use super::source::{Place, Role};
use super::{SSRCS_MAX, Section};
use crate::index::SectionIndex;

/// Finds the section, layer and role of an SSRC from one of its packets. `head` holds the bytes of
/// the header.
pub(super) fn find(
    sections: &[Section],
    header: &Header,
    head: &[u8],
) -> Result<(Place, Role), Cause> {
    let packet = Unbound { header, head };
    let configs = || sections.iter().map(|section| &section.config);
    let section = match packet.by_mid(configs()) {
        // RFC 9143 §9.2: a packet with a MID that was not negotiated belongs to no section.
        Some(named) => named,
        None => packet
            .by_rid(configs())
            .or_else(|| packet.by_declaration(configs()))
            .or_else(|| packet.by_type(configs())),
    };
    let section = section.ok_or(Cause::UnknownSsrc)?;
    let config = &sections
        .get(section.index())
        .ok_or(Cause::UnknownSsrc)?
        .config;
    let role = match config.carried(header.payload_type) {
        Some(Carried::Media(_)) => Role::Media,
        Some(Carried::Rtx(_)) => Role::Rtx {
            of: declared(config)
                .find(|declared| declared.rtx == Some(header.ssrc))
                .map(|declared| declared.ssrc),
        },
        None => return Err(Cause::UnknownPayloadType),
    };
    let layer = packet.layer(config).ok_or(Cause::UnknownSsrc)?;
    Ok((Place { section, layer }, role))
}

/// A packet whose SSRC is not assigned yet.
struct Unbound<'a> {
    header: &'a Header,
    head: &'a [u8],
}

impl Unbound<'_> {
    fn extension(&self, id: u8) -> Option<&[u8]> {
        if id == 0 {
            return None;
        }
        self.header.extension(self.head, id)
    }

    /// Returns the section that the packet's MID names: `None` without a MID, `Some(None)` when no
    /// section has that MID.
    fn by_mid<'c>(
        &self,
        configs: impl Iterator<Item = &'c ReceivedSection> + Clone,
    ) -> Option<Option<SectionIndex>> {
        let mut named = configs.clone();
        named.find(|c| self.extension(c.ids.mid).is_some())?;
        let is_it = |c: &ReceivedSection| self.extension(c.ids.mid) == Some(c.mid.as_bytes());
        Some(first(configs, is_it))
    }

    fn by_rid<'c>(
        &self,
        configs: impl Iterator<Item = &'c ReceivedSection>,
    ) -> Option<SectionIndex> {
        only(configs, |c| {
            let rid = self.rid(c);
            rid.is_some_and(|rid| c.layer_of_rid(rid).is_some())
        })
    }

    fn by_declaration<'c>(
        &self,
        configs: impl Iterator<Item = &'c ReceivedSection>,
    ) -> Option<SectionIndex> {
        first(configs, |c| self.declared_position(c).is_some())
    }

    fn by_type<'c>(
        &self,
        configs: impl Iterator<Item = &'c ReceivedSection>,
    ) -> Option<SectionIndex> {
        only(configs, |c| c.carried(self.header.payload_type).is_some())
    }

    /// Reads the RID. Retransmissions have an extension of their own for it (RFC 8852 §3.2), but
    /// not all clients use that.
    fn rid(&self, config: &ReceivedSection) -> Option<&[u8]> {
        let rid = self.extension(config.ids.repaired_rid);
        rid.or_else(|| self.extension(config.ids.rid))
    }

    fn declared_position(&self, config: &ReceivedSection) -> Option<usize> {
        let ssrc = self.header.ssrc;
        declared(config).position(|of| of.ssrc == ssrc || of.rtx == Some(ssrc))
    }

    fn layer(&self, config: &ReceivedSection) -> Option<LayerIndex> {
        if config.layer_count() == 1 {
            return Some(LayerIndex::FIRST);
        }
        if let Some(rid) = self.rid(config) {
            return config.layer_of_rid(rid);
        }
        // A section that declares one source per rid declares them in the order of the rids.
        let is_told = config.ssrcs.len() == config.rids.len();
        let layer = self.declared_position(config).filter(|_| is_told)?;
        config.layers().nth(layer)
    }
}

fn declared(config: &ReceivedSection) -> impl Iterator<Item = &DeclaredSource> {
    config.ssrcs.iter().take(SSRCS_MAX)
}

/// Returns the first section that satisfies `is`.
fn first<'c>(
    configs: impl Iterator<Item = &'c ReceivedSection>,
    is: impl Fn(&ReceivedSection) -> bool,
) -> Option<SectionIndex> {
    let mut numbered = SectionIndex::all().zip(configs);
    numbered.find_map(|(section, config)| is(config).then_some(section))
}

/// Returns the section that satisfies `is`; `None` when none or several do.
fn only<'c>(
    configs: impl Iterator<Item = &'c ReceivedSection>,
    mut is: impl FnMut(&ReceivedSection) -> bool,
) -> Option<SectionIndex> {
    let mut found = SectionIndex::all()
        .zip(configs)
        .filter(|(_, config)| is(config));
    let (first, _) = found.next()?;
    found.next().is_none().then_some(first)
}
