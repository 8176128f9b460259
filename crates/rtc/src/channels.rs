//! Data channels that the remote opens (RFC 8831): short texts, and not many of them.
//!
//! SCTP comes from a library. Here its packets travel inside DTLS (RFC 8261), so an association
//! needs no addresses; it never begins one itself, since every client does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sctp_proto::{
    Association, AssociationHandle, DatagramEvent, Endpoint, EndpointConfig,
    Event as AssociationEvent, Payload, PayloadProtocolIdentifier, ServerConfig, StreamEvent,
    Transmit, TransportConfig,
};

use crate::Event;

/// Data channels of one peer. Further ones are ignored.
pub const CHANNELS_MAX: usize = 16;

/// Bytes of a text. A longer one is left out.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// Texts of one peer in a second. Further ones are left out.
pub const TEXTS_PER_SECOND: u32 = 50;

/// Bytes that wait to be sent over one channel; a text that does not fit is lost.
const WAITING_BYTES_MAX: usize = 256 * 1_024;

/// Bytes that may wait for their message to be complete; what is beyond ends the association.
const RECEIVED_BYTES_MAX: u32 = 256 * 1_024;

/// The addresses of an association that has none.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// Message types of the establishment protocol (RFC 8832 §8.2.1).
const DCEP_ACK: u8 = 2;
const DCEP_OPEN: u8 = 3;

/// Names a data channel of one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChannelNumber(usize);

/// The channels of one peer.
pub(crate) struct Channels {
    endpoint: Endpoint,
    association: Option<(AssociationHandle, Association)>,
    /// SCTP streams of the channels, in the order in which they were opened.
    streams: Vec<u16>,
    /// Streams that may have something to read.
    readable: Vec<u16>,
    /// The present second, and the texts that have come in it.
    second: Option<(Instant, u32)>,
}

impl Default for Channels {
    fn default() -> Self {
        Self::new()
    }
}

impl Channels {
    /// No channel yet.
    pub(crate) fn new() -> Self {
        let transport = TransportConfig::default()
            .with_max_receive_buffer_size(RECEIVED_BYTES_MAX)
            .with_max_receive_message_size(RECEIVED_BYTES_MAX)
            .with_max_num_inbound_streams(u16::MAX);
        let mut server = ServerConfig::default();
        server.transport = Arc::new(transport);
        let config = Arc::new(EndpointConfig::default());
        Self {
            endpoint: Endpoint::new(config, Some(Arc::new(server))),
            association: None,
            streams: Vec::new(),
            readable: Vec::new(),
            second: None,
        }
    }

    /// Takes an SCTP packet that came inside DTLS.
    pub(crate) fn handle_data(&mut self, now: Instant, packet: &[u8]) {
        let packet = Bytes::copy_from_slice(packet);
        let handled = self.endpoint.handle(now, NOWHERE, None, None, packet);
        match handled {
            Some((handle, DatagramEvent::NewAssociation(association))) => {
                // One is enough: a client that begins another has forgotten the first.
                self.streams.clear();
                self.association = Some((handle, association));
            }
            Some((handle, DatagramEvent::AssociationEvent(event))) => {
                if let Some((known, association)) = &mut self.association
                    && *known == handle
                {
                    association.handle_event(event);
                }
            }
            None => {}
        }
    }

    /// Lets time pass.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if let Some((_, association)) = &mut self.association
            && association.poll_timeout().is_some_and(|at| at <= now)
        {
            association.handle_timeout(now);
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) fn due(&self) -> Option<Instant> {
        let (_, association) = self.association.as_ref()?;
        association.poll_timeout()
    }

    /// The next SCTP packets to be sent inside DTLS, each in a datagram of its own.
    pub(crate) fn poll_packets(&mut self, now: Instant) -> Vec<Bytes> {
        let mut packets = Vec::new();
        let mut take = |transmit: Transmit| {
            if let Payload::RawEncode(encoded) = transmit.payload {
                packets.extend(encoded);
            }
        };
        while let Some(transmit) = self.endpoint.poll_transmit() {
            take(transmit);
        }
        if let Some((handle, association)) = &mut self.association {
            while let Some(transmit) = association.poll_transmit(now) {
                take(transmit);
            }
            while let Some(event) = association.poll_endpoint_event() {
                if let Some(event) = self.endpoint.handle_event(*handle, event) {
                    association.handle_event(event);
                }
            }
        }
        packets
    }

    /// The next thing that has come over a channel.
    pub(crate) fn poll_event(&mut self, now: Instant) -> Option<Event> {
        loop {
            while let Some(stream) = self.readable.last().copied() {
                match self.read(stream) {
                    Some((kind, message)) => {
                        if let Some(event) = self.received(now, stream, kind, &message) {
                            return Some(event);
                        }
                    }
                    None => {
                        self.readable.pop();
                    }
                }
            }
            let (_, association) = self.association.as_mut()?;
            match association.poll()? {
                AssociationEvent::Stream(
                    StreamEvent::Opened { id } | StreamEvent::Readable { id },
                ) => self.readable.push(id),
                AssociationEvent::AssociationLost { .. }
                | AssociationEvent::HandshakeFailed { .. } => {
                    self.association = None;
                    return None;
                }
                _ => {}
            }
        }
    }

    /// Sends a text. False when the channel is gone, or too much waits to be sent.
    pub(crate) fn write(&mut self, channel: ChannelNumber, text: &str) -> bool {
        let Some(stream) = self.streams.get(channel.0).copied() else {
            return false;
        };
        let Some((_, association)) = &mut self.association else {
            return false;
        };
        let Ok(mut stream) = association.stream(stream) else {
            return false;
        };
        let waiting = stream.buffered_amount().unwrap_or(usize::MAX);
        if waiting.saturating_add(text.len()) > WAITING_BYTES_MAX {
            return false;
        }
        // An empty message has a type of its own, and one byte (RFC 8831 §6.6).
        let (bytes, kind) = match text.as_bytes() {
            [] => (&[0][..], PayloadProtocolIdentifier::StringEmpty),
            bytes => (bytes, PayloadProtocolIdentifier::String),
        };
        stream.write_with_ppi(bytes, kind).is_ok()
    }

    fn read(&mut self, stream: u16) -> Option<(PayloadProtocolIdentifier, Vec<u8>)> {
        let (_, association) = self.association.as_mut()?;
        // The first look at a stream takes it over.
        while association.accept_stream().is_some() {}
        let chunks = association.stream(stream).ok()?.read_sctp().ok()??;
        let mut message = vec![0; chunks.len()];
        let length = chunks.read(&mut message).ok()?;
        message.truncate(length);
        Some((chunks.ppi, message))
    }

    fn received(
        &mut self,
        now: Instant,
        stream: u16,
        kind: PayloadProtocolIdentifier,
        message: &[u8],
    ) -> Option<Event> {
        match kind {
            PayloadProtocolIdentifier::Dcep => self.establish(stream, message),
            PayloadProtocolIdentifier::String => self.text(now, stream, message),
            PayloadProtocolIdentifier::StringEmpty => self.text(now, stream, &[]),
            _ => None,
        }
    }

    /// A channel is opened, and that is acknowledged (RFC 8832 §6).
    fn establish(&mut self, stream: u16, message: &[u8]) -> Option<Event> {
        let label = label(message)?;
        if self.streams.len() == CHANNELS_MAX
            || label.len() > TEXT_BYTES_MAX
            || self.streams.contains(&stream)
        {
            return None;
        }
        let (_, association) = self.association.as_mut()?;
        let mut opened = association.stream(stream).ok()?;
        let kind = PayloadProtocolIdentifier::Dcep;
        opened.write_with_ppi(&[DCEP_ACK], kind).ok()?;
        let channel = ChannelNumber(self.streams.len());
        self.streams.push(stream);
        Some(Event::ChannelOpened { channel, label })
    }

    fn text(&mut self, now: Instant, stream: u16, message: &[u8]) -> Option<Event> {
        let channel = ChannelNumber(self.streams.iter().position(|known| *known == stream)?);
        if message.len() > TEXT_BYTES_MAX || !self.may_take(now) {
            return None;
        }
        let text = String::from_utf8(message.to_vec()).ok()?;
        Some(Event::ChannelText { channel, text })
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

/// The label of a DATA_CHANNEL_OPEN message (RFC 8832 §5.1).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// | message type  | channel type  |           priority            |
/// |                     reliability parameter                     |
/// |         label length          |        protocol length        |
/// | label, then protocol
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
fn label(message: &[u8]) -> Option<String> {
    let (head, rest) = message.split_first_chunk::<12>()?;
    if head[0] != DCEP_OPEN {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([head[8], head[9]]));
    String::from_utf8(rest.get(..length)?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_stands_behind_the_head_of_an_open_message() {
        let mut open = vec![DCEP_OPEN, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 2];
        open.extend(b"chatxy");
        assert_eq!(label(&open).as_deref(), Some("chat"));
        open[0] = DCEP_ACK;
        assert_eq!(label(&open), None);
    }

    #[test]
    fn cut_open_messages_have_no_label() {
        let mut open = vec![DCEP_OPEN, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0];
        open.extend(b"chat");
        for end in 0..open.len() {
            assert_eq!(label(&open[..end]), None);
        }
    }

    #[test]
    fn garbage_is_no_association() {
        let mut channels = Channels::new();
        let now = Instant::now();
        for length in 0..64 {
            channels.handle_data(now, &vec![0xff; length]);
        }
        assert!(channels.poll_event(now).is_none() && channels.due().is_none());
    }
}
