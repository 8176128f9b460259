//! Data channels that the remote opens (RFC 8831), for short texts at a low rate.
//!
//! SCTP comes from a library. Its packets travel inside DTLS (RFC 8261), so an association needs no
//! addresses. This side never initiates an association, since every client does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sctp_proto::{
    Association, AssociationHandle, DatagramEvent, Endpoint, EndpointConfig,
    Event as AssociationEvent, Payload, PayloadProtocolIdentifier, ServerConfig, StreamEvent,
    Transmit, TransportConfig,
};

use crate::channel_number::ChannelNumber;
use crate::event::Event;

/// Data channels of one peer. The remote's attempts to open more are ignored.
pub const CHANNELS_MAX: usize = 16;

/// Bytes of a text. A longer text is dropped.
pub const TEXT_BYTES_MAX: usize = 4_096;

/// Texts of one peer in a second, over all its channels. Further ones are dropped.
pub const TEXTS_PER_SECOND: u32 = 50;

/// Bytes that may wait to be sent over one channel; a text that does not fit is dropped.
const WAITING_BYTES_MAX: usize = 256 * 1_024;

/// Bytes that may wait for their message to be complete; more of them end the association.
const RECEIVED_BYTES_MAX: u32 = 256 * 1_024;

/// The address that the library is given for an association, which needs none inside DTLS.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// Message types of the Data Channel Establishment Protocol (RFC 8832 §8.2.1).
const DCEP_ACK: u8 = 2;
const DCEP_OPEN: u8 = 3;

/// The channels of one peer.
pub(crate) struct Channels {
    endpoint: Endpoint,
    association: Option<(AssociationHandle, Association)>,
    /// SCTP streams of the channels, in the order in which they were opened.
    streams: Vec<u16>,
    /// Streams that may have something to read.
    readable: Vec<u16>,
    /// When the current second began, and the texts that arrived in it.
    second: Option<(Instant, u32)>,
}

impl Default for Channels {
    fn default() -> Self {
        Self::new()
    }
}

impl Channels {
    /// Creates an endpoint without channels.
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

    /// Handles an SCTP packet that arrived inside DTLS.
    pub(crate) fn handle_data(&mut self, now: Instant, packet: &[u8]) {
        let packet = Bytes::copy_from_slice(packet);
        let handled = self.endpoint.handle(now, NOWHERE, None, None, packet);
        match handled {
            Some((handle, DatagramEvent::NewAssociation(association))) => {
                // A client that starts another association has lost the first one.
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

    /// Runs the association's timers that are due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if let Some((_, association)) = &mut self.association
            && association.poll_timeout().is_some_and(|at| at <= now)
        {
            association.handle_timeout(now);
        }
    }

    /// Returns when to call [`Self::handle_timeout`].
    pub(crate) fn due(&self) -> Option<Instant> {
        let (_, association) = self.association.as_ref()?;
        association.poll_timeout()
    }

    /// Returns the SCTP packets to send inside DTLS now, each in a datagram of its own.
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

    /// Returns the next event of a channel.
    pub(crate) fn poll_event(&mut self, now: Instant) -> Option<Event> {
        loop {
            // Streams that the library reported are read to their end before it is asked for more.
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

    /// Queues a text. Returns false, and drops the text, when the channel is gone or its queue is
    /// full.
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
        // An empty text has its own type and carries one byte (RFC 8831 §6.6).
        let (bytes, kind) = match text.as_bytes() {
            [] => (&[0][..], PayloadProtocolIdentifier::StringEmpty),
            bytes => (bytes, PayloadProtocolIdentifier::String),
        };
        stream.write_with_ppi(bytes, kind).is_ok()
    }

    fn read(&mut self, stream: u16) -> Option<(PayloadProtocolIdentifier, Vec<u8>)> {
        let (_, association) = self.association.as_mut()?;
        // A new stream must be accepted before it can be read.
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

    /// Opens a channel on the remote's DATA_CHANNEL_OPEN and acknowledges it (RFC 8832 §6).
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

/// Reads the label of a DATA_CHANNEL_OPEN message (RFC 8832 §5.1); `None` for any other message.
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
    fn open_message_yields_its_label() {
        let mut open = vec![DCEP_OPEN, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 2];
        open.extend(b"chatxy");
        assert_eq!(label(&open).as_deref(), Some("chat"));
        open[0] = DCEP_ACK;
        assert_eq!(label(&open), None);
    }

    #[test]
    fn truncated_open_message_has_no_label() {
        let mut open = vec![DCEP_OPEN, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0];
        open.extend(b"chat");
        for end in 0..open.len() {
            assert_eq!(label(&open[..end]), None);
        }
    }

    #[test]
    fn garbage_starts_no_association() {
        let mut channels = Channels::new();
        let now = Instant::now();
        for length in 0..64 {
            channels.handle_data(now, &vec![0xff; length]);
        }
        assert!(channels.poll_event(now).is_none() && channels.due().is_none());
    }
}
