//! To which m-line and layer an SSRC belongs: by MID, then RID, then what the description
//! declares, then payload type (RFC 9143 §9.2).

use rtp::Header;

use super::cause::Cause;
use super::section::{Carried, DeclaredSource, ReceivedSection};
use super::source::{Place, Role};
use super::{SSRCS_MAX, Section};

/// Finds the place of an SSRC by its packet, of which `head` is the header.
pub(super) fn find(
    sections: &[Section],
    header: &Header,
    head: &[u8],
) -> Result<(Place, Role), Cause> {
    let packet = Unbound { header, head };
    let configs = || sections.iter().map(|section| &section.config);
    let section = match packet.by_mid(configs()) {
        // RFC 9143 §9.2: a MID that nobody has negotiated is not guessed around.
        Some(named) => named,
        None => packet
            .by_rid(configs())
            .or_else(|| packet.by_declaration(configs()))
            .or_else(|| packet.by_type(configs())),
    };
    let section = section.ok_or(Cause::UnknownSsrc)?;
    let config = &sections.get(section).ok_or(Cause::UnknownSsrc)?.config;
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

/// A packet whose SSRC is not known.
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

    /// The section that the packet names; `Some(None)` when there is none of that name.
    fn by_mid<'c>(
        &self,
        mut configs: impl Iterator<Item = &'c ReceivedSection> + Clone,
    ) -> Option<Option<usize>> {
        let mut named = configs.clone();
        named.find(|c| self.extension(c.ids.mid).is_some())?;
        Some(configs.position(|c| self.extension(c.ids.mid) == Some(c.mid.as_bytes())))
    }

    fn by_rid<'c>(&self, configs: impl Iterator<Item = &'c ReceivedSection>) -> Option<usize> {
        only(configs, |c| {
            let rid = self.rid(c);
            rid.is_some_and(|rid| c.layer_of_rid(rid).is_some())
        })
    }

    fn by_declaration<'c>(
        &self,
        mut configs: impl Iterator<Item = &'c ReceivedSection>,
    ) -> Option<usize> {
        configs.position(|c| self.declared_position(c).is_some())
    }

    fn by_type<'c>(&self, configs: impl Iterator<Item = &'c ReceivedSection>) -> Option<usize> {
        only(configs, |c| c.carried(self.header.payload_type).is_some())
    }

    /// Retransmissions have a name of their own (RFC 8852 §3.2), but not with all clients.
    fn rid(&self, config: &ReceivedSection) -> Option<&[u8]> {
        let rid = self.extension(config.ids.repaired_rid);
        rid.or_else(|| self.extension(config.ids.rid))
    }

    fn declared_position(&self, config: &ReceivedSection) -> Option<usize> {
        let ssrc = self.header.ssrc;
        declared(config).position(|of| of.ssrc == ssrc || of.rtx == Some(ssrc))
    }

    fn layer(&self, config: &ReceivedSection) -> Option<usize> {
        if config.layers() == 1 {
            return Some(0);
        }
        if let Some(rid) = self.rid(config) {
            return config.layer_of_rid(rid);
        }
        // Sources that are as many as the rids are declared in their order.
        let is_told = config.ssrcs.len() == config.rids.len();
        let layer = self.declared_position(config).filter(|_| is_told)?;
        (layer < config.layers()).then_some(layer)
    }
}

fn declared(config: &ReceivedSection) -> impl Iterator<Item = &DeclaredSource> {
    config.ssrcs.iter().take(SSRCS_MAX)
}

/// The only one that it is true of.
fn only<'c>(
    configs: impl Iterator<Item = &'c ReceivedSection>,
    mut is: impl FnMut(&ReceivedSection) -> bool,
) -> Option<usize> {
    let mut found = configs.enumerate().filter(|(_, config)| is(config));
    let (first, _) = found.next()?;
    found.next().is_none().then_some(first)
}
