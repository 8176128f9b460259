use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rtp::Header;
use str0m::Event;
use str0m::media::KeyframeRequestKind;

use super::{Came, Client, Publisher};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough for one NACK, and too short for another: str0m sends NACKs no more often than every
/// 33 ms, and requests a packet again after 105 ms.
const ASKS_AFTER: Duration = Duration::from_millis(40);

/// When the publisher gets no request for this long, none is pending: the server repeats a request
/// after 0.5 s.
const SETTLED: Duration = Duration::from_secs(1);

/// A client that receives the packets of a [`Publisher`].
pub(crate) struct Viewer {
    client: Client,
    newest: Came,
}

impl Viewer {
    /// Waits for the first packet.
    pub(crate) fn begin(mut client: Client) -> Self {
        let newest = until(|| packets(client.turn()).last().copied());
        Self { client, newest }
    }

    /// Loses packets, requests them once, and waits until each was retransmitted.
    pub(crate) fn loses_packets(&mut self) {
        // As many in a row as one NACK names: the PID and all bits of its BLP (RFC 4585 §6.2.1).
        self.loses(&(0..=16).collect::<Vec<_>>());
        self.loses(&[0, 2, 3, 7, 16]);
    }

    /// Loses these of the packets to come; 0 is the next one.
    fn loses(&mut self, lost: &[u16]) {
        let begin = self.newest;
        let lost = lost.iter().map(|n| n + 1);
        let mut missing: BTreeMap<u16, u64> = lost
            .map(|n| (begin.seq.wrapping_add(n), begin.number + u64::from(n)))
            .collect();
        let last = *missing.values().max().expect("something is lost");
        let is_lost = |datagram: &[u8]| {
            let header = Header::read(datagram);
            header.is_some_and(|h| h.ssrc == *begin.ssrc && missing.contains_key(&h.seq))
        };
        until(|| {
            self.hear(is_lost);
            (self.newest.number > last).then_some(())
        });
        // From here on the clock stands still, so the client requests nothing twice.
        self.client.pass(self.client.now + ASKS_AFTER);
        until(|| {
            for again in self.hear(|_| false) {
                if let Some(number) = missing.remove(&again.seq) {
                    assert_eq!(again.number, number, "another packet");
                }
            }
            missing.is_empty().then_some(())
        });
    }

    /// Receives the next datagram as [`Client::hear`] does. Returns the packets of the publisher.
    fn hear(&mut self, is_lost: impl Fn(&[u8]) -> bool) -> Vec<Came> {
        let came = packets(self.client.hear(is_lost));
        let newest = came.iter().copied().chain([self.newest]);
        self.newest = newest.max_by_key(|came| came.number).expect("there is one");
        came
    }

    /// Requests a key frame, waits for it, and checks that the request reached the publisher.
    pub(crate) fn asks_for_a_key_frame(&mut self, publisher: &Publisher) {
        let client = &mut self.client;
        let (mut asked, mut since) = (publisher.asked(), Instant::now());
        // Earlier requests have to settle first, so that the next one is the viewer's.
        while since.elapsed() < SETTLED {
            client.turn();
            if publisher.asked() != asked {
                (asked, since) = (publisher.asked(), Instant::now());
            }
        }
        let mut direct = client.rtc.direct_api();
        let stream = direct.stream_rx(&self.newest.ssrc).expect("it came");
        stream.request_keyframe(KeyframeRequestKind::Pli);
        until(|| {
            let came = packets(client.turn());
            came.into_iter().find(|packet| packet.keyframe)
        });
        assert!(publisher.asked() > asked);
    }
}

fn packets(events: Vec<Event>) -> Vec<Came> {
    let packets = events.iter().filter_map(|event| match event {
        Event::RtpPacket(packet) => Some(Came::read(packet)),
        _ => None,
    });
    packets.collect()
}

/// Repeats `attempt` until it returns something.
fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = attempt() {
            return found;
        }
        assert!(Instant::now() < end, "it never came");
    }
}
