//! A receiver, stepped in virtual time, and a publisher that seals packets for it.

mod binding;
mod contents;
mod feedback;
mod generations;
mod losses;
mod random;
mod replay;

use std::time::{Duration, Instant};

use rtp::rtcp::{self, ReportBlock};
use rtp::{Codec, Format, Kind, Profile};

use super::*;
use crate::ExtensionIds;
use crate::srtp::{Inbound, Keys, Outbound, Protection};

const ALL: [Protection; 3] = [
    Protection::Aes128CmSha1,
    Protection::Aes128Gcm,
    Protection::Aes256Gcm,
];

const OWN_SSRC: u32 = 1;

// SSRCs of the publisher.
const AUDIO_SSRC: u32 = 0xa000_0001;
const VIDEO_SSRC: u32 = 0x5000_0001;
const RTX_SSRC: u32 = 0x5000_0002;

const OPUS: u8 = 111;
const RED: u8 = 63;
const VP8: u8 = 96;
const VP8_RTX: u8 = 97;
const AV1: u8 = 45;

/// The section with this number.
fn section(number: u16) -> SectionIndex {
    SectionIndex(number)
}

/// The layer with this number.
fn layer(number: u8) -> LayerIndex {
    LayerIndex(number)
}

// The sections of a pair that has both.
const AUDIO: SectionIndex = SectionIndex(0);
const VIDEO: SectionIndex = SectionIndex(1);

const IDS: ExtensionIds = ExtensionIds {
    audio_level: 1,
    transport_seq: 3,
    mid: 4,
    playout_delay: 5,
    abs_capture_time: 6,
    rid: 10,
    repaired_rid: 11,
    dependency_descriptor: 12,
    rotation: 13,
};

fn format(codec: Codec) -> Format {
    Format {
        codec,
        clock_rate: if codec == Codec::Opus { 48_000 } else { 90_000 },
        profile: Profile::Any,
        red: false,
    }
}

fn audio() -> ReceivedSection {
    let opus = ReceivedType {
        number: OPUS,
        rtx: None,
        format: format(Codec::Opus),
        nack: false,
    };
    let red = Format {
        red: true,
        ..opus.format
    };
    ReceivedSection {
        mid: "a".into(),
        kind: Kind::Audio,
        rids: Vec::new(),
        types: [
            opus,
            ReceivedType {
                number: RED,
                format: red,
                ..opus
            },
        ]
        .into(),
        sets: Vec::new(),
        ids: IDS,
        ssrcs: Vec::new(),
        transport_cc: true,
        reduced_size: false,
    }
}

fn video() -> ReceivedSection {
    let vp8 = ReceivedType {
        number: VP8,
        rtx: Some(VP8_RTX),
        format: format(Codec::Vp8),
        nack: true,
    };
    let av1 = ReceivedType {
        number: AV1,
        rtx: None,
        format: format(Codec::Av1),
        nack: true,
    };
    ReceivedSection {
        mid: "v".into(),
        kind: Kind::Video,
        rids: Vec::new(),
        types: [vp8, av1].into(),
        sets: Vec::new(),
        ids: IDS,
        ssrcs: Vec::new(),
        transport_cc: true,
        reduced_size: false,
    }
}

fn simulcast() -> ReceivedSection {
    ReceivedSection {
        rids: ["lo", "mid", "hi"].map(Into::into).into(),
        ..video()
    }
}

/// A packet of the publisher.
#[derive(Debug, Clone)]
struct Sent {
    ssrc: u32,
    /// Extended by the rollover counter.
    index: u64,
    payload_type: u8,
    timestamp: u32,
    extensions: Vec<(u8, Vec<u8>)>,
    payload: Vec<u8>,
    /// Bytes of padding; 0 for none.
    padding: u8,
}

impl Sent {
    fn with(mut self, id: u8, value: &[u8]) -> Self {
        self.extensions.push((id, value.to_vec()));
        self
    }

    /// Wraps the packet as a retransmission.
    fn again(&self, rtx_index: u64) -> Self {
        let mut payload = (self.index as u16).to_be_bytes().to_vec();
        payload.extend(&self.payload);
        Self {
            ssrc: RTX_SSRC,
            index: rtx_index,
            payload_type: VP8_RTX,
            payload,
            ..self.clone()
        }
    }

    /// Returns the bytes before they are sealed, and the length of the header.
    fn write(&self) -> (Vec<u8>, usize) {
        let padding = u8::from(self.padding > 0) << 5;
        let extended = u8::from(!self.extensions.is_empty()) << 4;
        let mut bytes = vec![0x80 | padding | extended, self.payload_type];
        bytes.extend((self.index as u16).to_be_bytes());
        bytes.extend(self.timestamp.to_be_bytes());
        bytes.extend(self.ssrc.to_be_bytes());
        if extended > 0 {
            let mut block = Vec::new();
            for (id, value) in &self.extensions {
                block.push(id << 4 | (value.len() - 1) as u8);
                block.extend(value);
            }
            block.resize(block.len().next_multiple_of(4), 0);
            bytes.extend([0xbe, 0xde]);
            bytes.extend(((block.len() / 4) as u16).to_be_bytes());
            bytes.extend(block);
        }
        let header = bytes.len();
        bytes.extend(&self.payload);
        if self.padding > 0 {
            bytes.extend(vec![0; usize::from(self.padding) - 1]);
            bytes.push(self.padding);
        }
        (bytes, header)
    }
}

/// A video packet whose payload is its index.
fn picture(index: u64) -> Sent {
    Sent {
        ssrc: VIDEO_SSRC,
        index,
        payload_type: VP8,
        timestamp: 3_000 * index as u32,
        extensions: Vec::new(),
        payload: index.to_be_bytes().to_vec(),
        padding: 0,
    }
}

fn sound(index: u64) -> Sent {
    Sent {
        ssrc: AUDIO_SSRC,
        payload_type: OPUS,
        timestamp: 960 * index as u32,
        ..picture(index)
    }
}

fn payload(arrived: &Arrived) -> u64 {
    u64::from_be_bytes(arrived.packet.payload.as_ref().try_into().unwrap())
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

struct Pair {
    start: Instant,
    now: Instant,
    receiver: Receiver,
    inbound: Inbound,
    outbound: Outbound,
    refused: Vec<Cause>,
}

impl Pair {
    fn new(sections: impl Into<Vec<ReceivedSection>>) -> Self {
        Self::with(Protection::Aes128Gcm, sections)
    }

    fn with(protection: Protection, sections: impl Into<Vec<ReceivedSection>>) -> Self {
        let material: Vec<u8> = (0..200).collect();
        let side = |client| Keys::new(protection, &material, client).unwrap();
        let now = Instant::now();
        let mut receiver = Receiver::new(now, OWN_SSRC);
        receiver.set_sections(sections.into());
        Self {
            start: now,
            now,
            receiver,
            inbound: side(false).inbound(),
            outbound: side(true).outbound(),
            refused: Vec::new(),
        }
    }

    /// A pair with an audio and a video section.
    fn both() -> Self {
        Self::new([audio(), video()])
    }

    fn seal(&self, sent: &Sent) -> Vec<u8> {
        let (mut bytes, header) = sent.write();
        self.outbound.seal_rtp(&mut bytes, 0, header, sent.index);
        bytes
    }

    fn receive(&mut self, sent: &Sent) -> Option<Arrived> {
        let bytes = self.seal(sent);
        self.handle(bytes)
    }

    fn handle(&mut self, mut bytes: Vec<u8>) -> Option<Arrived> {
        let arrived = self
            .receiver
            .handle_rtp(self.now, &self.inbound, &mut bytes);
        self.refused.extend(arrived.as_ref().err());
        arrived.ok()?
    }

    /// Sends video packets with these indices; returns the numbers of those that are forwarded.
    fn numbers(&mut self, indices: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let arrived = |index| self.receive(&picture(index));
        let arrived = indices.into_iter().filter_map(arrived);
        arrived.map(|arrived| arrived.packet.seq).collect()
    }

    /// Lets time pass, and returns the compounds that are sent.
    fn wait(&mut self, time: Duration) -> Vec<Vec<u8>> {
        let end = self.now + time;
        let mut compounds = Vec::new();
        while let Some(due) = self.receiver.due(self.now).filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.receiver
                .handle_timeout(self.now, &mut |compound| compounds.push(compound));
        }
        self.now = end;
        assert!(compounds.iter().all(|compound| compound.len() <= 1_200));
        compounds
    }

    /// Lets time pass, and returns the NACKed numbers and the SSRCs of PLIs.
    fn asked(&mut self, time: Duration) -> (Vec<(u32, u16)>, Vec<u32>) {
        let (mut nacks, mut keyframes) = (Vec::new(), Vec::new());
        for compound in self.wait(time) {
            for received in rtcp::read(&compound) {
                match received {
                    rtcp::Received::Nack { source, lost } => {
                        nacks.extend(lost.map(|seq| (source, seq)));
                    }
                    rtcp::Received::KeyframeRequest { source } => keyframes.push(source),
                    _ => {}
                }
            }
        }
        (nacks, keyframes)
    }

    fn reports(&mut self, time: Duration) -> Vec<ReportBlock> {
        let compounds = self.wait(time);
        let received = compounds.iter().flat_map(|compound| rtcp::read(compound));
        let reports = received.filter_map(|received| match received {
            rtcp::Received::Report(block) => Some(block),
            _ => None,
        });
        reports.collect()
    }

    fn counts(&self) -> Vec<(Cause, u64)> {
        let count = |cause: Cause| self.refused.iter().filter(|it| **it == cause).count() as u64;
        let counts = Cause::ALL.map(|cause| (cause, count(cause)));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}
