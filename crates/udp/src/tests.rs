use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::{Received, Socket};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// How long a test waits for datagrams; the loopback is faster by far.
const PATIENCE: Duration = Duration::from_secs(5);

fn bound() -> (Socket, SocketAddr) {
    let socket = Socket::bind((LOCALHOST, 0).into()).expect("a socket");
    let address = socket.local_address().expect("its address");
    (socket, address)
}

/// Receives at least `count` datagrams. Returns their sources and contents.
fn received(socket: &Socket, count: usize) -> Vec<(SocketAddr, Vec<u8>)> {
    let (mut buffers, mut found) = (Received::new(4), Vec::new());
    let deadline = Instant::now() + PATIENCE;
    while found.len() < count {
        assert!(Instant::now() < deadline, "only {} came", found.len());
        // When nothing is waiting, the error is of kind `WouldBlock`.
        if buffers.call(socket).is_err() {
            std::thread::yield_now();
            continue;
        }
        for mut datagrams in buffers.iter_mut() {
            let source = datagrams.source;
            found.extend(datagrams.iter_mut().map(|bytes| (source, bytes.to_vec())));
        }
    }
    found
}

#[test]
fn datagrams_of_one_send_arrive_whole_and_in_order() {
    let (sender, from) = bound();
    let (receiver, to) = bound();
    let sizes = [1_200, 1_200, 1_200, 700];
    let contents: Vec<Vec<u8>> = (0_u8..).zip(sizes).map(|(i, size)| vec![i; size]).collect();
    let sent = sender.send(to, ANY, &contents.concat(), 1_200);
    sent.expect("sent");
    let found = received(&receiver, contents.len());
    assert!(found.iter().all(|(source, _)| *source == from));
    let found: Vec<Vec<u8>> = found.into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(found, contents);
}

#[test]
fn send_above_the_kernel_limit_takes_several_calls() {
    let (sender, _) = bound();
    let (receiver, to) = bound();
    receiver.set_buffers(4 << 20, 4 << 20);
    let contents: Vec<u8> = (0..100_u8).flat_map(|i| [i; 1_200]).collect();
    sender.send(to, ANY, &contents, 1_200).expect("sent");
    let found = received(&receiver, 100);
    let order: Vec<u8> = found.iter().map(|(_, bytes)| bytes[0]).collect();
    assert_eq!(order, (0..100).collect::<Vec<u8>>());
}

#[test]
fn socket_on_all_addresses_serves_both_families() {
    let both = Socket::bind_all(0).expect("a socket");
    let port = both.local_address().expect("its address").port();
    let mut families = vec![LOCALHOST];
    if both.is_ipv6() {
        families.push(Ipv6Addr::LOCALHOST.into());
    }
    for ip in families {
        let other = Socket::bind((ip, 0).into()).expect("a socket");
        let address = other.local_address().expect("its address");
        let asked = other.send((ip, port).into(), ip, b"ping", 4);
        asked.expect("sent");
        // The socket reports an address of that family, not a mapped one.
        assert_eq!(received(&both, 1), [(address, b"ping".to_vec())]);
        both.send(address, ip, b"pong", 4).expect("sent");
        assert_eq!(received(&other, 1), [((ip, port).into(), b"pong".to_vec())]);
    }
}

#[test]
fn send_from_a_foreign_address_is_an_error() {
    let (sender, to) = bound();
    // A source address that this host does not have.
    let source = Ipv4Addr::new(192, 0, 2, 1).into();
    assert!(sender.send(to, source, b"lost", 4).is_err());
}

#[test]
fn socket_without_gro_receives_each_datagram_by_itself() {
    for refuses in [false, true] {
        let (sender, _) = bound();
        let (receiver, to) = bound();
        if refuses {
            receiver.refuse_joined().expect("a kernel with GRO");
        }
        sender.send(to, ANY, &[7; 4_800], 1_200).expect("sent");
        // All four arrive together, since they were one send.
        let mut buffers = Received::new(8);
        let deadline = Instant::now() + PATIENCE;
        while buffers.call(&receiver).is_err() {
            assert!(Instant::now() < deadline, "nothing came");
            std::thread::yield_now();
        }
        let joined: Vec<usize> = buffers
            .iter_mut()
            .map(|mut d| d.iter_mut().count())
            .collect();
        let expected: &[usize] = if refuses { &[1; 4] } else { &[4] };
        assert_eq!(joined, expected);
    }
}
