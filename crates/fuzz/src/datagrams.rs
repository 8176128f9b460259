//! The protocols inside datagrams, each by itself.

use std::time::{Duration, Instant};

use dtls::{Endpoint, Fingerprint, Hash, Identity, Output, Role};
use ice::stun::{Class, Message, Method, Writer, attribute::AttributeType};
use rtp::rtcp::{self, Received, ReportBlock};
use rtp::{
    Codec, DatagramKind, DescribedSet, Format, Header, Packet, ParameterSets, PayloadInfo, Profile,
};

use crate::script;
use pair::config;

/// Reads the input three times: as a STUN message, as the attributes of a message with a fitting
/// header, and as a description of a message with valid MESSAGE-INTEGRITY and FINGERPRINT.
pub(crate) fn stun(input: &[u8]) {
    inspect(input);
    if input.len() <= MESSAGE_BYTES_MAX {
        let whole = input.len() & !3;
        let mut message = vec![0, 1];
        message.extend((whole as u16).to_be_bytes());
        message.extend(ice::stun::MAGIC_COOKIE);
        message.extend([7; 12]);
        message.extend(&input[..whole]);
        inspect(&message);
        inspect(&message_of(input, None, b"password"));
    }
}

/// Longest input that becomes a message, in bytes: the writer takes short ones.
const MESSAGE_BYTES_MAX: usize = 8_192;

/// Builds the message that an input describes: its class, then attributes of type, length and
/// value. The message ends with a valid proof for `key`. An input that is empty or too long makes
/// an empty message.
pub(crate) fn message_of(input: &[u8], username: Option<(&str, &str)>, key: &[u8]) -> Vec<u8> {
    let Some((class, mut rest)) = input
        .split_first()
        .filter(|_| input.len() <= MESSAGE_BYTES_MAX)
    else {
        return Vec::new();
    };
    let classes = [
        Class::Request,
        Class::Indication,
        Class::Success,
        Class::Error,
    ];
    let class_of = classes[usize::from(class & 3)];
    let mut message = Vec::new();
    let mut writer = Writer::new(&mut message, class_of, Method::BINDING, [*class; 12]);
    if let Some((receiver, sender)) = username.filter(|_| class & 0x10 == 0) {
        writer = writer.username(receiver, sender);
    }
    while let Some(([high, low, length], after)) = rest.split_first_chunk::<3>() {
        let length = usize::from(*length).min(after.len());
        let (value, after) = after.split_at(length);
        writer = writer.attribute(AttributeType(u16::from_be_bytes([*high, *low])), value);
        rest = after;
    }
    writer.finish(Some(key));
    message
}

/// Reads every part of a message.
fn inspect(input: &[u8]) {
    let _known = ice::request_ufrag(input);
    let Ok(message) = Message::read(input) else {
        return;
    };
    message.is_authentic(b"password");
    assert!(message.attributes().count() <= input.len());
    message.username().map(str::len);
    message.priority();
    message.is_nominating();
    message.controlled();
    message.controlling();
    message.mapped_address();
    message.error_code();
    message.software().map(str::len);
    assert!(message.unknown_attributes().count() <= input.len());
}

/// Seeds: connectivity checks as clients send them, and a response.
pub(crate) fn checks() -> Vec<Vec<u8>> {
    let address = ([192, 0, 2, 1], 9).into();
    let mut all = vec![Vec::new(); 4];
    let [request, plain, success, odd] = &mut all[..] else {
        return all;
    };
    Writer::binding_request(request, [1; 12])
        .username("abcd", "efgh")
        .priority(1)
        .use_candidate()
        .controlled(7)
        .finish(Some(b"password"));
    Writer::binding_request(plain, [2; 12]).finish(None);
    Writer::binding_success(success, [3; 12], address).finish(Some(b"password"));
    Writer::binding_request(odd, [4; 12])
        .attribute(AttributeType::USERNAME, b"a:b:c")
        .unknown_attributes(&[AttributeType::USERNAME])
        .finish(Some(b"password"));
    all
}

/// Bytes that a server may send for each step, beyond the bytes it was given. It answers a
/// ClientHello with one flight, and repeats that as often as the ClientHello comes.
const FLIGHT_BYTES_MAX: usize = 4_096;

/// Feeds an endpoint. The first byte selects its role. A step is a datagram as it is (0), handshake
/// bytes in a record of their own (1), or time (2).
pub(crate) fn dtls(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    let mut now = Instant::now();
    let role = [Role::Server, Role::Client][usize::from(first & 1)];
    let identity = config(now).identity;
    let mut endpoint = endpoint(&identity, role, now);
    let (mut told, mut flights) = (0, 0);
    let mut sent = drain(&mut endpoint).len();
    for (what, bytes) in script::steps(rest) {
        match what % 3 {
            0 => {
                endpoint.handle_datagram(now, bytes);
            }
            1 => {
                endpoint.handle_datagram(now, &record(bytes));
            }
            _ => {
                now += Duration::from_millis(10 * bytes.len() as u64);
                endpoint.handle_timeout(now);
            }
        }
        told += bytes.len();
        flights += 1;
        sent += drain(&mut endpoint).concat().len();
    }
    assert!(
        role == Role::Client || sent <= told + FLIGHT_BYTES_MAX * flights,
        "{sent} bytes in answer to {told}"
    );
}

fn record(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1];
    record.extend(length.to_be_bytes());
    record.extend_from_slice(bytes);
    record
}

fn endpoint(identity: &Identity, role: Role, now: Instant) -> Endpoint {
    let expected = vec![Fingerprint {
        algorithm: Hash::Sha256,
        bytes: identity.fingerprint_sha256().to_vec(),
    }];
    Endpoint::new(identity, role, expected, now).expect("there is a fingerprint")
}

fn drain(endpoint: &mut Endpoint) -> Vec<Vec<u8>> {
    let mut datagrams = Vec::new();
    loop {
        match endpoint.poll_output() {
            Output::Datagram(datagram) => datagrams.push(datagram),
            Output::Timeout(_) => return datagrams,
            _ => {}
        }
    }
}

/// Seeds: what each side receives in a handshake that succeeds, whole and in part.
pub(crate) fn handshakes() -> Vec<Vec<u8>> {
    let now = Instant::now();
    let identity = config(now).identity;
    let roles = [Role::Server, Role::Client];
    let mut sides = roles.map(|role| endpoint(&identity, role, now));
    let mut inputs = [vec![0], vec![1]];
    for _ in 0..6 {
        for from in 0..2 {
            for datagram in drain(&mut sides[from]) {
                script::write(&mut inputs[1 - from], 0, &datagram);
                sides[1 - from].handle_datagram(now, &datagram);
            }
        }
    }
    let cut = inputs
        .clone()
        .map(|input| input[..input.len() / 2].to_vec());
    inputs.into_iter().chain(cut).collect()
}

/// Reads the header of a packet, and its payload as that of each codec.
pub(crate) fn rtp(input: &[u8]) {
    DatagramKind::of(input);
    let Some(header) = Header::read(input) else {
        return;
    };
    assert!(header.length <= input.len());
    for (_, value) in header.extensions(input) {
        rtp::dependency_descriptor::read(value);
        rtp::dependency_descriptor::renumbered(value, 7);
        rtp::CaptureTime::read(value);
    }
    let payload = input.get(header.length..).unwrap_or_default();
    rtp::red::primary(payload);
    let now = Instant::now();
    for codec in Codec::ALL {
        let format = Format {
            codec,
            clock_rate: 90_000,
            profile: Profile::Any,
            red: false,
        };
        let mut sets = ParameterSets::default();
        for seq in 0..3 {
            let packet = Packet {
                seq,
                frame: PayloadInfo::inspect(codec, payload),
                ..Packet::new(now, format, payload)
            };
            sets.take(&packet);
            sets.offer(
                now,
                &DescribedSet {
                    format,
                    unit: payload.to_vec(),
                },
            );
            sets.before(&packet);
            sets.completed(&packet);
        }
        let kept: usize = sets.packets().map(|packet| packet.payload.len()).sum();
        assert!(kept <= 64 * input.len() + 65_536, "{kept} bytes kept");
    }
    if let Ok(text) = std::str::from_utf8(payload) {
        rtp::h264::sets_from_sprop(text);
        rtp::h265::sets_from_sprop(text);
    }
}

/// Seeds: packets of each codec, with extensions.
pub(crate) fn packets() -> Vec<Vec<u8>> {
    let payloads: [&[u8]; 10] = [
        &[0x10, 0, 0x9d, 1, 0x2a],
        &[0x90, 0xe0, 0x81, 7, 9, 0x20, 0],
        &[0xb8, 0x85, 7, 0x11, 0x18, 1, 2, 0, 3],
        &[0x67, 0x42, 0, 0x1f, 1, 2, 3, 4],
        &[0x78, 0, 4, 0x67, 0x42, 0, 0x1f, 0, 2, 0x68, 1],
        &[0x7c, 0x85, 1, 2, 3],
        &[0x40, 1, 1, 2, 3],
        &[0x60, 1, 0, 3, 0x40, 1, 1, 0, 2, 0x42, 1],
        &[0x18, 10, 11, 0, 0, 0, 0x24, 0x0c, 0x30, 1, 2],
        &[0xef, 0, 0x40, 3, 111, 1, 2, 3, 4, 5],
    ];
    let head = [
        0x90, 0xe0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 2, 0x32, 0, 1, 2, 0x10, 9, 0, 0,
    ];
    let packet = |payload: &&[u8]| [&head[..], payload].concat();
    payloads.iter().map(packet).collect()
}

/// Reads everything in a compound packet.
pub(crate) fn rtcp(input: &[u8]) {
    let mut said = 0;
    for received in rtcp::read(input) {
        said += match received {
            Received::Nack { lost, .. } => lost.count(),
            Received::TransportFeedback(feedback) => feedback.arrivals().count(),
            _ => 1,
        };
    }
    // A NACK names 17 packets in four bytes; a run of feedback 8,191 in two.
    assert!(said <= 65_536 + 8_192 * input.len(), "{said} things");
}

/// Seeds: one report of each kind, and all together.
pub(crate) fn reports() -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(); 5];
    let block = ReportBlock {
        ssrc: 2,
        ..ReportBlock::default()
    };
    rtcp::write_receiver_report(&mut all[0], 1, &[block]);
    rtcp::write_nack(&mut all[1], 1, 2, &[7, 8, 100]);
    rtcp::write_pli(&mut all[2], 1, 2);
    rtcp::write_bye(&mut all[3], &[1, 2, 3]);
    let arrivals = [Some(Duration::from_millis(64)), None, Some(Duration::ZERO)];
    rtcp::write_transport_feedback(&mut all[4], 1, 2, 0, 9, &arrivals);
    all.push(all.concat());
    all
}
