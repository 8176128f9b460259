//! What the owner has the peer send: packets, texts, key-frame requests, and the end.

use std::sync::Arc;
use std::time::Instant;

use rtp::{Bitrate, LayerIndex, Packet, Rewrite};

use super::Peer;
use crate::channel_number::ChannelNumber;
use crate::datagrams::{Datagrams, PAYLOAD_BYTES_MAX};
use crate::index::{LineIndex, SectionIndex};
use crate::sender::WriteError;

impl Peer {
    /// Sends a packet on a line of this side, under the numbers in `rewrite`. See [`WriteError`]
    /// for the reasons why it may not be sent.
    pub fn write(
        &mut self,
        now: Instant,
        line: LineIndex,
        packet: &Arc<Packet>,
        rewrite: Rewrite,
        to: &mut Datagrams,
    ) -> Result<(), WriteError> {
        let line = self.sent.get_mut(line.index()).zip(self.sender.as_mut());
        let (line, sender) = line.ok_or(WriteError::NotSending)?;
        let connected = self.crypto.as_mut().zip(self.selected);
        let (crypto, path) = connected.ok_or(WriteError::NotSending)?;
        let encoding = line.encoding.ok_or(WriteError::NotSending)?;
        let types = line.types_for(&packet.format).ok_or(WriteError::Codec)?;
        if types.payload(packet).len() > PAYLOAD_BYTES_MAX {
            return Err(WriteError::TooLarge);
        }
        let mut outlet = crypto.outlet(path, to);
        sender.send(now, encoding, packet, rewrite, types, &mut outlet)
    }

    /// Sends a text over a data channel. Returns false, and drops the text, when the channel is
    /// gone or its queue has no room for the text.
    pub fn write_channel(&mut self, channel: ChannelNumber, text: &str) -> bool {
        let channels = self.channels.as_mut();
        channels.is_some_and(|channels| channels.write(channel, text))
    }

    /// Stops answering NACKs for the packets sent so far on this line: nobody needs them any more.
    pub fn forget_sent(&mut self, line: LineIndex) {
        let encoding = self.sent.get(line.index()).and_then(|line| line.encoding);
        if let Some((encoding, sender)) = encoding.zip(self.sender.as_mut()) {
            sender.forget_sent(encoding);
        }
    }

    /// Sets the rates that bandwidth estimation works towards. When `wanted` exceeds the estimate,
    /// the peer probes for it, at most a few times its estimate at once. Media is padded up to
    /// `padded` as far as the estimate allows.
    pub fn set_wanted_bitrate(&mut self, now: Instant, padded: Bitrate, wanted: Bitrate) {
        if let Some(sender) = &mut self.sender {
            sender.set_wanted(now, padded, wanted);
        }
    }

    /// Asks the remote for a key frame of one layer of a section in [`Self::received`].
    pub fn request_keyframe(&mut self, section: SectionIndex, layer: LayerIndex) {
        self.receiver.request_keyframe(section, layer);
    }

    /// Closes the connection: sends an RTCP BYE, then a DTLS close_notify.
    pub fn close(&mut self, now: Instant, to: &mut Datagrams) {
        self.over = true;
        if let Some((crypto, path)) = self.crypto.as_mut().zip(self.selected)
            && let Some(sender) = &mut self.sender
        {
            sender.close(&mut crypto.outlet(path, to));
        }
        self.dtls.close();
        self.drain_dtls(now, to);
    }
}
