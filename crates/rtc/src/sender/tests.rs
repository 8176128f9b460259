//! A sender, stepped in virtual time, and a receiver that opens its packets with the other side's
//! keys.

mod packets;
mod reports;
mod resending;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::SystemTime;

use ice::Path;
use rtp::rtcp::{self, ReportBlock, SenderReport};
use rtp::{Codec, DatagramKind, Extensions, Format, Header, Profile};

use super::resending::PADDING_MAX;
use super::*;
use crate::datagrams::Datagrams;
use crate::extensions::ExtensionIds;
use crate::srtp::{self, Inbound, Outbound, Protection};

const ALL: [Protection; 3] = [
    Protection::Aes128CmSha1,
    Protection::Aes128Gcm,
    Protection::Aes256Gcm,
];

// SSRCs of the sender's media, and of the receiver's reports.
const AUDIO_SSRC: u32 = 0xa000_0001;
const VIDEO_SSRC: u32 = 0x5000_0001;
const RTX_SSRC: u32 = 0x5000_0002;
const RECEIVER_SSRC: u32 = 1;

// The encodings of the sender.
const AUDIO: EncodingIndex = EncodingIndex::at(0);
const VIDEO: EncodingIndex = EncodingIndex::at(1);
/// The encoding of a sender that has one.
const ONLY: EncodingIndex = EncodingIndex::at(0);

const IDS: ExtensionIds = ExtensionIds {
    audio_level: 1,
    transport_seq: 3,
    mid: 4,
    playout_delay: 5,
    rid: 10,
    repaired_rid: 11,
    dependency_descriptor: 12,
    rotation: 13,
    abs_capture_time: 14,
};

const OPUS: Types = Types {
    payload_type: 111,
    rtx: None,
    nack: false,
    red: false,
};

const H264: Types = Types {
    payload_type: 96,
    rtx: Some(97),
    nack: true,
    red: false,
};

/// The same for a receiver that sends NACKs but does not support RTX.
const H264_NO_RTX: Types = Types { rtx: None, ..H264 };

/// Bytes of the original sequence number before a retransmission's payload (RFC 4588 §4).
const ORIGINAL_SEQ: usize = 2;

fn audio() -> EncodingConfig {
    EncodingConfig {
        ssrc: AUDIO_SSRC,
        rtx_ssrc: None,
        mid: "a".into(),
        ids: IDS,
        cname: "name".to_owned(),
    }
}

fn video() -> EncodingConfig {
    EncodingConfig {
        ssrc: VIDEO_SSRC,
        rtx_ssrc: Some(RTX_SSRC),
        mid: "video".into(),
        ..audio()
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn path() -> Path {
    Path::udp(address(1), address(2))
}

fn format(codec: Codec) -> Format {
    Format {
        codec,
        clock_rate: if codec == Codec::Opus { 48_000 } else { 90_000 },
        profile: Profile::Any,
        red: false,
    }
}

fn rewrite(seq: u64) -> Rewrite {
    Rewrite::new(seq, 7_000)
}

/// A sender, and the receiver's keys at the other end.
struct Pair {
    now: Instant,
    sender: Sender,
    /// The keys of the sender's side.
    srtp: Outbound,
    to: Datagrams,
    inbound: Inbound,
    /// The highest index of each SSRC, for the rollover counter.
    highest: BTreeMap<u32, u64>,
}

/// A packet as the receiver opened it.
struct Arrived {
    header: Header,
    head: Vec<u8>,
    payload: Vec<u8>,
}

impl Arrived {
    fn extension(&self, id: u8) -> Option<&[u8]> {
        self.header.extension(&self.head, id)
    }

    fn transport_seq(&self) -> Option<u16> {
        let value = self.extension(IDS.transport_seq)?;
        Some(u16::from_be_bytes(value.try_into().unwrap()))
    }
}

impl Pair {
    /// A connected sender of audio and video.
    fn new() -> Self {
        Self::with(Protection::Aes128Gcm, [audio(), video()].into(), None)
    }

    fn with(
        protection: Protection,
        encodings: Vec<EncodingConfig>,
        estimate: Option<Bitrate>,
    ) -> Self {
        let now = Instant::now();
        let clock = WallClock {
            instant: now,
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500),
        };
        let material: Vec<u8> = (0..88).collect();
        let keys = |client| srtp::Keys::new(protection, &material, client).unwrap();
        let mut sender = Sender::new(now, clock, encodings, estimate);
        sender.connect(now);
        Self {
            now,
            sender,
            srtp: keys(false).outbound(),
            to: Datagrams::default(),
            inbound: keys(true).inbound(),
            highest: BTreeMap::new(),
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    /// Borrows the sender and an outlet for it.
    fn lend(&mut self) -> (&mut Sender, Outlet<'_>) {
        let outlet = Outlet {
            srtp: &mut self.srtp,
            path: path(),
            to: &mut self.to,
        };
        (&mut self.sender, outlet)
    }

    fn timeout(&mut self) {
        let now = self.now;
        let (sender, mut outlet) = self.lend();
        sender.handle_timeout(now, &mut outlet);
    }

    fn close(&mut self) {
        let (sender, mut outlet) = self.lend();
        sender.close(&mut outlet);
    }

    fn packet(&self, codec: Codec, payload: &[u8]) -> Packet {
        Packet {
            seq: 1,
            timestamp: 1,
            marker: true,
            ..Packet::new(self.now, format(codec), payload)
        }
    }

    fn send(
        &mut self,
        encoding: EncodingIndex,
        packet: Packet,
        rewrite: Rewrite,
        types: Types,
    ) -> bool {
        let (now, packet) = (self.now, Arc::new(packet));
        let (sender, mut outlet) = self.lend();
        sender
            .send(now, encoding, &packet, rewrite, types, &mut outlet)
            .is_ok()
    }

    /// Sends a video packet.
    fn send_video(&mut self, seq: u64) -> bool {
        self.send_bytes(seq, 100)
    }

    fn send_bytes(&mut self, seq: u64, bytes: usize) -> bool {
        self.send_typed(seq, bytes, H264)
    }

    fn send_typed(&mut self, seq: u64, bytes: usize, types: Types) -> bool {
        let packet = self.packet(Codec::H264, &vec![seq as u8; bytes]);
        self.send(VIDEO, packet, rewrite(seq), types)
    }

    /// Takes the datagrams that were sent, with their destinations.
    fn left(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut left = Vec::new();
        while let Some(transmit) = self.to.pop() {
            let destination = transmit.path.remote;
            let datagrams = transmit.datagrams().map(<[u8]>::to_vec);
            left.extend(datagrams.map(|datagram| (destination, datagram)));
        }
        left
    }

    /// Opens the datagrams that were sent, all of which must be media.
    fn arrived(&mut self) -> Vec<Arrived> {
        let left = self.left();
        left.into_iter().map(|(_, sent)| self.open(sent)).collect()
    }

    fn open(&mut self, mut packet: Vec<u8>) -> Arrived {
        assert_eq!(DatagramKind::of(&packet), DatagramKind::Rtp);
        let header = Header::read(&packet).unwrap();
        let first = u64::from(header.seq);
        let highest = self.highest.entry(header.ssrc).or_insert(first);
        *highest = rtp::seq::extend16(*highest, header.seq);
        let opened = self.inbound.open_rtp(&mut packet, header.length, *highest);
        let payload = opened.expect("authentic").to_vec();
        packet.truncate(header.length);
        Arrived {
            header,
            head: packet,
            payload,
        }
    }

    /// Opens the only packet that was sent.
    fn arrived_one(&mut self) -> Arrived {
        let mut arrived = self.arrived();
        assert_eq!(arrived.len(), 1);
        arrived.remove(0)
    }

    /// Opens the datagrams that were sent, all of which must be RTCP.
    fn reports(&mut self) -> Vec<Vec<u8>> {
        let left = self.left();
        let open = |(_, mut sent): (_, Vec<u8>)| {
            assert_eq!(DatagramKind::of(&sent), DatagramKind::Rtcp);
            self.inbound.open_rtcp(&mut sent).unwrap().to_vec()
        };
        left.into_iter().map(open).collect()
    }

    /// Gives the sender a compound RTCP packet of the receiver.
    fn tell(&mut self, compound: &[u8]) {
        let now = self.now;
        let (sender, mut outlet) = self.lend();
        for received in rtcp::read(compound) {
            sender.handle_rtcp(now, &received, &mut outlet);
        }
    }

    /// Sends transport-wide feedback on the packets from this number on.
    fn tell_arrivals(&mut self, first: u16, arrived: &[bool]) {
        let came = |arrived: &bool| arrived.then(|| Duration::from_millis(64));
        let arrivals: Vec<_> = arrived.iter().map(came).collect();
        let mut compound = Vec::new();
        let (own, source) = (RECEIVER_SSRC, VIDEO_SSRC);
        rtcp::write_transport_feedback(&mut compound, own, source, 0, first, &arrivals);
        self.tell(&compound);
    }

    fn nack(&mut self, seqs: &[u16]) {
        let mut compound = Vec::new();
        rtcp::write_nack(&mut compound, RECEIVER_SSRC, VIDEO_SSRC, seqs);
        self.tell(&compound);
    }

    fn report(&mut self, block: ReportBlock) {
        let mut compound = Vec::new();
        rtcp::write_receiver_report(&mut compound, RECEIVER_SSRC, &[block]);
        self.tell(&compound);
    }

    fn feedback(&mut self) -> Vec<Feedback> {
        std::iter::from_fn(|| self.sender.poll()).collect()
    }
}

fn pli(source: u32) -> Vec<u8> {
    let mut compound = Vec::new();
    rtcp::write_pli(&mut compound, RECEIVER_SSRC, source);
    compound
}

fn report_on(ssrc: u32) -> ReportBlock {
    ReportBlock {
        ssrc,
        ..ReportBlock::default()
    }
}

/// Returns the bytes of all datagrams.
fn bytes(left: &[(SocketAddr, Vec<u8>)]) -> i64 {
    left.iter().map(|(_, sent)| sent.len() as i64).sum()
}
