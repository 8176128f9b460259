//! When media is sent, where to, and under which numbers.

use std::time::Duration;

use headwater_rtc::{Event, PAYLOAD_BYTES_MAX, Path, WriteError};
use pair::{CONNECT_MAX, STEP, World, path, strange_path};
use rtp::{Codec, DatagramKind};

const TRANSPORT_WIDE: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

#[test]
fn nothing_is_sent_before_keys_and_path_exist() {
    let mut world = World::viewer();
    assert_eq!(world.write(1), Err(WriteError::NotSending));
    let mut refused = 0;
    world.pass_with(CONNECT_MAX, |world| {
        let connected = |event: &Event| matches!(event, Event::Connected(_));
        if world.count(connected) == 0 {
            assert_eq!(world.write(1), Err(WriteError::NotSending));
            refused += 1;
        }
        assert!(world.media_sent().is_empty());
    });
    // After the STUN check, and after the flight with the server's certificate.
    assert!(refused >= 2, "{refused}");
    let mut world = world.connected();
    world.write(1).unwrap();
    world.pass(STEP);
    assert_eq!((world.media_sent().len(), world.pictures()), (1, 1));
}

#[test]
fn refused_packets_use_up_no_sequence_number() {
    let number = |world: &mut World, seq| {
        let (header, (_, bytes)) = world.write_one(seq);
        let mut lines = world.answer.lines().rev();
        let line = lines.find(|line| line.ends_with(TRANSPORT_WIDE)).unwrap();
        let id = line.trim_start_matches("a=extmap:");
        let id = id.split([' ', '/']).next().unwrap().parse().unwrap();
        let value = header.extension(&bytes, id).unwrap();
        (header.seq, u16::from_be_bytes(value.try_into().unwrap()))
    };
    let mut plain = World::viewer().connected();
    let mut world = World::viewer();
    for _ in 0..10 {
        assert!(world.write(1).is_err());
    }
    let mut world = world.connected();
    assert_eq!(number(&mut world, 1), number(&mut plain, 1));
    for _ in 0..10 {
        assert_eq!(
            world.write_as(2, Codec::Vp8, PAYLOAD_BYTES_MAX + 1),
            Err(WriteError::TooLarge)
        );
        assert_eq!(world.write_as(2, Codec::Opus, 100), Err(WriteError::Codec));
        assert_eq!(world.write(1), Err(WriteError::Late));
    }
    assert_eq!(number(&mut world, 2), number(&mut plain, 2));
}

/// Returns the server's STUN checks over a path since `sent` was cleared.
fn checks(world: &World, over: Path) -> Vec<Vec<u8>> {
    let to = |(to, bytes): &&(Path, Vec<u8>)| {
        *to == over && DatagramKind::of(bytes) == DatagramKind::Stun
    };
    let is_request = |bytes: &Vec<u8>| bytes.first() == Some(&0) && bytes.get(1) == Some(&1);
    let sent = world.sent.iter().filter(to).map(|(_, bytes)| bytes.clone());
    sent.filter(is_request).collect()
}

#[test]
fn only_a_validated_path_moves_media() {
    let mut world = World::viewer().connected();
    assert_eq!(world.write_one(1).1.0, path());
    world.sent.clear();
    let mut check = world.check(1);
    world.tell(strange_path(), &mut check);
    world.pass_alone(Duration::from_millis(100));
    let asked = checks(&world, strange_path());
    let request = asked.first().expect("the path is asked").clone();
    assert_eq!(world.moves(), 0);
    assert_eq!(world.write_one(2).1.0, path());
    // An answer without the password, and one over another path than the check, prove nothing.
    let answer = world.check_answer(&request, strange_path().remote);
    let mut forged = answer.clone();
    *forged.last_mut().unwrap() ^= 1;
    world.tell(strange_path(), &mut forged);
    world.tell(path(), &mut answer.clone());
    world.collect();
    assert_eq!(world.moves(), 0);
    assert_eq!(world.write_one(3).1.0, path());
    world.tell(strange_path(), &mut answer.clone());
    world.collect();
    assert_eq!(world.moves(), 1);
    assert_eq!(world.write_one(4).1.0, strange_path());
}
