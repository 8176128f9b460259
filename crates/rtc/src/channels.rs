//! Data channels that the remote opens (RFC 8831): short texts, and not many of them.

use std::time::{Duration, Instant};

use str0m::channel::{ChannelData, ChannelId};

use crate::Event;

/// Data channels of one peer. Further ones are ignored.
pub const CHANNELS_MAX: usize = 16;

/// Bytes of a text. A longer one is left out.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// Texts of one peer in a second. Further ones are left out.
pub const TEXTS_PER_SECOND: u32 = 50;

/// Names a data channel of one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChannelNumber(usize);

/// The channels of one peer.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    ids: Vec<ChannelId>,
    /// The present second, and the texts that have come in it.
    second: Option<(Instant, u32)>,
}

impl Channels {
    /// The remote has opened one.
    pub(crate) fn opened(&mut self, id: ChannelId, label: String) -> Option<Event> {
        if self.ids.len() == CHANNELS_MAX || label.len() > TEXT_BYTES_MAX {
            return None;
        }
        let channel = ChannelNumber(self.ids.len());
        self.ids.push(id);
        Some(Event::ChannelOpened { channel, label })
    }

    /// Something has come over one.
    pub(crate) fn received(&mut self, now: Instant, data: ChannelData) -> Option<Event> {
        let channel = ChannelNumber(self.ids.iter().position(|id| *id == data.id)?);
        if data.binary || data.data.len() > TEXT_BYTES_MAX || !self.may_take(now) {
            return None;
        }
        let text = String::from_utf8(data.data).ok()?;
        Some(Event::ChannelText { channel, text })
    }

    /// The library's name of a channel.
    pub(crate) fn id(&self, channel: ChannelNumber) -> Option<ChannelId> {
        self.ids.get(channel.0).copied()
    }

    fn may_take(&mut self, now: Instant) -> bool {
        let fresh = |begin: Instant| now.saturating_duration_since(begin) < Duration::from_secs(1);
        let (begin, count) = self
            .second
            .filter(|(begin, _)| fresh(*begin))
            .unwrap_or((now, 0));
        self.second = Some((begin, count + 1));
        count < TEXTS_PER_SECOND
    }
}
