use proptest::prelude::*;

use super::header::{join_type, split_type};
use super::*;

/// The password of the samples of RFC 5769 §2.
const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|char| char.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] << 4 | pair[1]) as u8)
        .collect()
}

/// RFC 5769 §2.1.
fn sample_request() -> Vec<u8> {
    bytes(
        "00010058 2112a442 b7e7a701 bc34d686 fa87dfae
         80220010 5354554e 20746573 7420636c 69656e74
         00240004 6e0001ff
         80290008 932ff9b1 51263b36
         00060009 6576746a 3a683676 59202020
         00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
         80280004 e57a3bcf",
    )
}

#[test]
fn rfc_5769_request_is_parsed() {
    let datagram = sample_request();
    let message = Message::read(&datagram).unwrap();
    assert_eq!(message.class(), Class::Request);
    assert_eq!(message.method(), Method::BINDING);
    assert_eq!(message.id()[..4], [0xb7, 0xe7, 0xa7, 0x01]);
    assert_eq!(message.software(), Some("STUN test client"));
    assert_eq!(message.priority(), Some(0x6e00_01ff));
    assert_eq!(message.controlled(), Some(0x932f_f9b1_5126_3b36));
    assert_eq!(message.controlling(), None);
    assert_eq!(message.username(), Some("evtj:h6vY"));
    assert!(!message.is_nominating() && message.has_fingerprint());
    assert!(message.is_authentic(PASSWORD));
    assert!(!message.is_authentic(b"VOkJxbRl1RmTxUk/WvJxBu"));
    assert_eq!(request_ufrag(&datagram), Some("evtj"));
}

#[test]
fn rfc_5769_responses_are_parsed() {
    let v4 = bytes(
        "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
         8022000b 74657374 20766563 746f7220
         00200008 0001a147 e112a643
         00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
         80280004 c07d4c96",
    );
    let v6 = bytes(
        "01010048 2112a442 b7e7a701 bc34d686 fa87dfae
         8022000b 74657374 20766563 746f7220
         00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
         00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
         80280004 c8fb0b4c",
    );
    for (datagram, address) in [
        (v4, "192.0.2.1:32853"),
        (v6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let message = Message::read(&datagram).unwrap();
        assert_eq!(message.class(), Class::Success);
        assert_eq!(message.software(), Some("test vector"));
        assert_eq!(message.mapped_address(), Some(address.parse().unwrap()));
        assert!(message.is_authentic(PASSWORD));
        assert_eq!(request_ufrag(&datagram), None);
    }
}

#[test]
fn written_messages_are_parsed_back() {
    let id = [7; 12];
    let mut out = b"before".to_vec();
    Writer::binding_request(&mut out, id)
        .username("theirs", "mine")
        .priority(5)
        .controlling(6)
        .use_candidate()
        .software("test")
        .finish(Some(PASSWORD));
    let message = Message::read(&out[6..]).unwrap();
    assert!(message.is_authentic(PASSWORD) && message.has_fingerprint());
    assert_eq!(message.username(), Some("theirs:mine"));
    assert_eq!(
        (message.priority(), message.controlling()),
        (Some(5), Some(6))
    );
    assert!(message.is_nominating());

    for address in ["192.0.2.1:1", "[2001:db8::1]:65535"] {
        let address = address.parse().unwrap();
        let mut out = Vec::new();
        Writer::binding_success(&mut out, id, address).finish(Some(PASSWORD));
        let message = Message::read(&out).unwrap();
        assert_eq!(message.mapped_address(), Some(address));
        assert!(message.is_authentic(PASSWORD));
    }

    let mut out = Vec::new();
    Writer::binding_error(&mut out, id, ErrorCode::UNKNOWN_ATTRIBUTE)
        .unknown_attributes(&[AttributeType(3), AttributeType(0x7fff)])
        .finish(None);
    let message = Message::read(&out).unwrap();
    assert_eq!(
        (message.class(), message.error_code()),
        (Class::Error, Some(420))
    );
    let unknown: Vec<_> = message.unknown_attributes().collect();
    assert_eq!(unknown, [AttributeType(3), AttributeType(0x7fff)]);
    assert!(!message.has_integrity() && !message.is_authentic(PASSWORD));
}

#[test]
fn message_type_round_trips_for_every_method_and_class() {
    for number in 0..0x1000 {
        for class in [
            Class::Request,
            Class::Indication,
            Class::Success,
            Class::Error,
        ] {
            let method = Method::new(number);
            assert_eq!(split_type(join_type(class, method)), (class, method));
        }
    }
    // Allocate success response of TURN (RFC 8656 §18).
    assert_eq!(join_type(Class::Success, Method::new(3)), 0x0103);
}

#[test]
fn altered_messages_are_refused_or_not_authentic() {
    let whole = sample_request();
    // Bytes 100 and 101 are the number of FINGERPRINT; changed, it is skipped as unknown.
    for index in (0..100).chain(102..whole.len()) {
        let mut datagram = whole.clone();
        datagram[index] ^= 1;
        let taken = Message::read(&datagram).is_ok_and(|it| it.is_authentic(PASSWORD));
        assert!(!taken, "byte {index}");
        assert!(Message::read(&whole[..index]).is_err());
    }
}

#[test]
fn attributes_after_integrity_are_skipped() {
    let mut out = Vec::new();
    Writer::binding_request(&mut out, [1; 12])
        .username("a", "b")
        .finish(Some(PASSWORD));
    // In place of FINGERPRINT: USE-CANDIDATE and SOFTWARE, which no key protects.
    out.truncate(out.len() - 8);
    out.extend([0x00, 0x25, 0, 0, 0x80, 0x22, 0, 0]);
    let message = Message::read(&out).unwrap();
    assert!(message.is_authentic(PASSWORD) && !message.has_fingerprint());
    assert!(!message.is_nominating());
}

#[test]
fn fingerprint_that_is_not_last_is_refused() {
    let mut out = Vec::new();
    Writer::binding_request(&mut out, [1; 12]).finish(None);
    out.extend([0x80, 0x22, 0, 0]);
    out[3] += 4;
    assert_eq!(Message::read(&out).unwrap_err(), ReadError::Fingerprint);
}

proptest! {
    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..200), keep in 0..4usize) {
        // Noise after 0, 2, 8 or 20 valid bytes gets further into the parser.
        let mut datagram = noise;
        let good = sample_request();
        for (byte, good) in datagram.iter_mut().zip(&good).take([0, 2, 8, 20][keep]) {
            *byte = *good;
        }
        if keep > 1 && datagram.len() > HEADER {
            datagram.truncate(datagram.len() / 4 * 4);
            datagram[3] = (datagram.len() - HEADER) as u8;
        }
        request_ufrag(&datagram);
        if let Ok(message) = Message::read(&datagram) {
            message.is_authentic(b"key");
            message.mapped_address();
            message.error_code();
            message.unknown_attributes().count();
            message.attributes().count();
        }
    }

    #[test]
    fn mutated_message_never_panics(index in 0..108usize, byte in any::<u8>()) {
        let mut datagram = sample_request();
        datagram[index] = byte;
        request_ufrag(&datagram);
        if let Ok(message) = Message::read(&datagram) {
            message.is_authentic(b"key");
            message.attributes().count();
        }
    }
}
