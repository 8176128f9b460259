//! Turns a datagram into a packet of a layer.

use std::time::Instant;

use rtp::Header;

use super::cause::Cause;
use super::contents::Opened;
use super::missing::earlier;
use super::section::{Carried, ReceivedType};
use super::source::{Place, Role, Source};
use super::{Arrived, PARKED_MAX, Receiver, SSRCS_MAX, binding};
use crate::srtp::Inbound;

/// The original sequence number before a retransmission's payload (RFC 4588 §4).
type OriginalSeq = [u8; 2];

impl Receiver {
    /// Opens a datagram in place and returns its packet, if there is one to forward.
    ///
    /// Packets that are replayed, altered, not missing, without payload, or of an unknown source or
    /// payload type are refused with their [`Cause`]. `Ok(None)` is an accepted packet with nothing
    /// to forward.
    pub fn handle_rtp(
        &mut self,
        now: Instant,
        crypto: &Inbound,
        datagram: &mut [u8],
    ) -> Result<Option<Arrived>, Cause> {
        // Nothing is changed before authentication: a forged packet must leave no trace.
        let header = &Header::read(datagram).ok_or(Cause::Malformed)?;
        let known = self.position(header.ssrc);
        let known = known.and_then(|at| Some((at, self.sources.get(at)?)));
        let index = match known {
            Some((_, source)) => source.index(header.seq),
            None => header.seq.into(),
        };
        if known.is_some_and(|(_, source)| source.has_had(index)) {
            return Err(Cause::Replayed);
        }
        let placed = known.and_then(|(at, source)| Some((at, source.place?)));
        let known = known.map(|(at, _)| at);
        let opened = crypto.open_rtp(datagram, header.length, index);
        let bytes = opened.ok_or(Cause::NotAuthentic)?.len();
        let (head, body) = datagram
            .split_at_checked(header.length)
            .ok_or(Cause::Malformed)?;
        let body = body.get(..bytes).ok_or(Cause::Malformed)?;
        self.note_arrival(now, header, head);
        let (at, place) = match placed {
            Some(placed) => placed,
            None => self.bind(now, known, header, head, index)?,
        };
        let source = self.sources.get_mut(at).ok_or(Cause::UnknownSsrc)?;
        source.take(now, index);
        let role = source.role;
        let carried = self
            .sections
            .get(place.section.index())
            .and_then(|section| section.config.carried(header.payload_type));
        let opened = Opened::new(header, head, body).ok_or(Cause::Malformed)?;
        match (carried, role) {
            (Some(Carried::Media(kind)), Role::Media) => {
                self.media(now, at, place, index, kind, &opened)
            }
            (Some(Carried::Rtx(kind)), Role::Rtx { of }) => {
                self.retransmission(now, at, place, of, kind, &opened)
            }
            _ => {
                self.skip(now, at, place, index);
                Err(Cause::UnknownPayloadType)
            }
        }
    }

    /// Takes a packet that cannot be forwarded out of the numbering: it was not lost, so it is not
    /// requested again and leaves viewers no gap.
    fn skip(&mut self, now: Instant, at: usize, place: Place, index: u64) {
        if let Some(layer) = self.layer(place)
            && layer.source() == Some(at)
        {
            layer.take(now, index, false);
            layer.close(index);
        }
    }

    /// Records the arrival of a transport-wide sequence number. Packets of unknown sources count as
    /// well: probes may arrive before anything else.
    fn note_arrival(&mut self, now: Instant, header: &Header, head: &[u8]) {
        if self.transport_seq == 0 {
            return;
        }
        if let Some(&[high, low]) = header.extension(head, self.transport_seq) {
            self.arrivals.add(now, u16::from_be_bytes([high, low]));
            self.transport_ssrc = header.ssrc;
        }
    }

    /// Assigns the SSRC of an authentic packet to a section and layer, and adds it to the sources
    /// unless it is `known` there.
    fn bind(
        &mut self,
        now: Instant,
        known: Option<usize>,
        header: &Header,
        head: &[u8],
        index: u64,
    ) -> Result<(usize, Place), Cause> {
        let (place, role) = binding::find(&self.sections, header, head)?;
        let current = self.layer(place).ok_or(Cause::UnknownSsrc)?.source();
        let runs = current
            .and_then(|at| self.sources.get(at))
            .is_some_and(|source| source.runs(now));
        let layer = self.layer(place).ok_or(Cause::UnknownSsrc)?;
        // A running source is replaced at most once per `CHANGE_PAUSE`, so that SSRCs that keep
        // changing do not make every viewer restart again and again.
        let may = match role {
            Role::Media => !runs || layer.may_change(now),
            Role::Rtx { .. } => layer.change_rtx(now),
        };
        if !may {
            return Err(Cause::SsrcChanges);
        }
        let of = layer.ssrc();
        let role = match role {
            Role::Rtx { of: None } => Role::Rtx { of },
            role => role,
        };
        let at = match known {
            Some(at) => at,
            None => self.room_for(place, Source::new(now, header.ssrc, index)),
        };
        let source = self.sources.get_mut(at).ok_or(Cause::UnknownSsrc)?;
        source.place = Some(place);
        source.role = role;
        if role == Role::Media {
            self.begin(now, at, place, index);
        }
        Ok((at, place))
    }

    /// Adds a source to the list, or replaces the quietest one when the section or the closed
    /// sections have as many as they may. Returns its index.
    fn room_for(&mut self, place: Place, source: Source) -> usize {
        let of_section = |s: &Source| s.place.is_some_and(|p| p.section == place.section);
        let count = |is: &dyn Fn(&Source) -> bool| self.sources.iter().filter(|s| is(s)).count();
        let victim = if count(&of_section) >= SSRCS_MAX {
            self.quietest(of_section)
        } else if count(&|s| s.place.is_none()) > PARKED_MAX {
            self.quietest(|s| s.place.is_none())
        } else {
            None
        };
        let replaced = victim.and_then(|at| {
            let ssrc = self.ssrcs.get_mut(at)?;
            Some((at, ssrc, self.sources.get_mut(at)?))
        });
        if let Some((at, ssrc, replaced)) = replaced {
            *ssrc = source.ssrc;
            *replaced = source;
            return at;
        }
        self.ssrcs.push(source.ssrc);
        self.sources.push(source);
        self.sources.len() - 1
    }

    /// Returns the matching source that was silent for the longest time. A layer's current source
    /// is never chosen.
    fn quietest(&self, is: impl Fn(&Source) -> bool) -> Option<usize> {
        let is_present = |at: usize| {
            let mut layers = self.sections.iter().flat_map(|section| &section.layers);
            layers.any(|layer| layer.source() == Some(at))
        };
        let sources = self.sources.iter().enumerate();
        let candidates = sources.filter(|(at, source)| is(source) && !is_present(*at));
        candidates.min_by_key(|(_, s)| s.heard()).map(|(at, _)| at)
    }

    /// Makes a source the current one of its layer.
    fn begin(&mut self, now: Instant, at: usize, place: Place, index: u64) {
        let Some(ssrc) = self.sources.get(at).map(|source| source.ssrc) else {
            return;
        };
        if let Some(layer) = self.layer(place) {
            layer.begin(now, at, ssrc, index);
            self.keyframe_wanted |= layer.wants_keyframe;
        }
    }

    /// Handles a media packet of the source at index `at`.
    fn media(
        &mut self,
        now: Instant,
        at: usize,
        place: Place,
        index: u64,
        kind: ReceivedType,
        opened: &Opened<'_>,
    ) -> Result<Option<Arrived>, Cause> {
        self.report_at
            .get_or_insert(now + super::feedback::REPORT_EVERY);
        let present = self.layer(place).ok_or(Cause::UnknownSsrc)?.source();
        if present != Some(at) {
            // An earlier source of the layer resumes only when the current one is silent.
            let present = present.and_then(|at| self.sources.get(at));
            if present.is_some_and(|present| present.runs(now)) {
                return Err(Cause::SsrcChanges);
            }
            self.begin(now, at, place, index);
        }
        let header = opened.header;
        let since = now.saturating_duration_since(self.began);
        let source = self.sources.get_mut(at).ok_or(Cause::UnknownSsrc)?;
        let section = self
            .sections
            .get_mut(place.section.index())
            .ok_or(Cause::UnknownSsrc)?;
        let layer = section
            .layers
            .get_mut(place.layer.index())
            .ok_or(Cause::UnknownSsrc)?;
        let took = layer.take(now, index, kind.nack);
        self.asks_at = earlier(self.asks_at, layer.missing.due());
        if took.jumped {
            source.reception.restart();
            self.keyframe_wanted = true;
        }
        let clock_rate = kind.format.clock_rate;
        source
            .reception
            .add(index, header.timestamp, clock_rate, since);
        // Padding counts as received, so that it is not requested again, but leaves no gap.
        if opened.payload.is_empty() {
            layer.close(index);
            return Err(Cause::PaddingOnly);
        }
        if !took.is_new {
            return Ok(None);
        }
        if let Some(asked) = took.asked {
            self.answered(now, asked);
        }
        self.deliver(now, place, index, kind, opened)
    }

    /// Unwraps a retransmission (RFC 4588 §4): its payload begins with the original sequence
    /// number, and the rest is the original payload.
    fn retransmission(
        &mut self,
        now: Instant,
        at: usize,
        place: Place,
        of: Option<u32>,
        kind: ReceivedType,
        opened: &Opened<'_>,
    ) -> Result<Option<Arrived>, Cause> {
        let Some((number, payload)) = opened.payload.split_first_chunk() else {
            return Err(Cause::PaddingOnly);
        };
        if payload.is_empty() {
            return Err(Cause::PaddingOnly);
        }
        let number: OriginalSeq = *number;
        let layer = self.layer(place).ok_or(Cause::UnknownSsrc)?;
        let index = layer
            .original(now, of, u16::from_be_bytes(number))
            .ok_or(Cause::NotMissing)?;
        let ssrc = layer.ssrc();
        let took = layer.take(now, index, kind.nack);
        if let Some(asked) = took.asked {
            self.answered(now, asked);
        }
        // The RTX source evidently repeats the current source, whatever was assumed before.
        if let Some(source) = self.sources.get_mut(at) {
            source.role = Role::Rtx { of: ssrc };
        }
        let opened = Opened { payload, ..*opened };
        self.deliver(now, place, index, kind, &opened)
    }

    /// Numbers a packet and hands it on; `Ok(None)` when it comes too late for a number.
    fn deliver(
        &mut self,
        now: Instant,
        place: Place,
        index: u64,
        kind: ReceivedType,
        opened: &Opened<'_>,
    ) -> Result<Option<Arrived>, Cause> {
        let section = self
            .sections
            .get_mut(place.section.index())
            .ok_or(Cause::UnknownSsrc)?;
        let ids = &section.config.ids;
        let layer = section
            .layers
            .get_mut(place.layer.index())
            .ok_or(Cause::UnknownSsrc)?;
        let Some((number, restarted)) = layer.number(index) else {
            return Ok(None);
        };
        self.packets += 1;
        self.bytes += opened.payload.len() as u64;
        Ok(Some(Arrived {
            section: place.section,
            layer: place.layer,
            restarted,
            packet: opened.packet(now, number, kind.format, ids, layer),
        }))
    }
}
