use std::collections::VecDeque;

use ice::Path;

/// The largest RTP payload that is sent, in bytes. With headers, extensions and tag it already
/// makes a datagram that no path over Ethernet carries unfragmented; the kernel refuses a datagram
/// that exceeds the path's MTU.
pub const PAYLOAD_BYTES_MAX: usize = 1_472;

/// Limits of one send with segmentation offload: segments, and bytes without IP and UDP headers.
const SEGMENTS_MAX: usize = 64;
const TRAIN_BYTES_MAX: usize = 65_000;

/// Outgoing datagrams, back to back in one buffer.
///
/// Consecutive datagrams of one size to one destination form a train, which generic segmentation
/// offload sends with one call; only the last datagram of a train may be shorter. The buffer is
/// reused once every train was taken.
#[derive(Debug, Default)]
pub struct Datagrams {
    bytes: Vec<u8>,
    trains: VecDeque<Train>,
    cut: u64,
}

#[derive(Debug)]
struct Train {
    path: Path,
    start: usize,
    end: usize,
    segment: usize,
}

/// Datagrams to send: one, or several of one size to one destination.
#[derive(Debug)]
pub struct Transmit<'a> {
    /// Local and remote address.
    pub path: Path,
    /// Size of each datagram in bytes; the last one may be shorter.
    pub segment: usize,
    /// The datagrams, back to back.
    pub contents: &'a [u8],
}

impl Transmit<'_> {
    /// Iterates over the single datagrams.
    pub fn datagrams(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.contents.chunks(self.segment.max(1))
    }
}

impl Datagrams {
    /// Takes the next train to send, oldest first; `None` when all are taken.
    pub fn pop(&mut self) -> Option<Transmit<'_>> {
        let train = self.trains.pop_front()?;
        Some(Transmit {
            path: train.path,
            segment: train.segment,
            contents: self.bytes.get(train.start..train.end)?,
        })
    }

    /// Whether nothing waits to be sent.
    pub fn is_empty(&self) -> bool {
        self.trains.is_empty()
    }

    /// Returns the number of trains so far that ended only because the next datagram to the same
    /// destination was longer. Each of them costs a send that datagrams of equal size would not.
    pub fn trains_cut(&self) -> u64 {
        self.cut
    }

    /// Appends a copy of a datagram.
    pub fn push(&mut self, path: Path, datagram: &[u8]) {
        let buffer = self.buffer();
        let start = buffer.len();
        buffer.extend_from_slice(datagram);
        self.commit(path, start);
    }

    /// Returns the buffer to append the next datagram to; [`Self::commit`] completes it.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.trains.is_empty() {
            self.bytes.clear();
        }
        &mut self.bytes
    }

    /// Completes the datagram that was written from `start` to the end of the buffer.
    pub(crate) fn commit(&mut self, path: Path, start: usize) {
        let end = self.bytes.len();
        if let Some(train) = self.trains.back_mut() {
            if train.takes(path, start, end - start) {
                train.end = end;
                return;
            }
            self.cut += u64::from(train.is_cut_by(path, start, end - start));
        }
        self.trains.push_back(Train {
            path,
            start,
            end,
            segment: end - start,
        });
    }
}

impl Train {
    /// Whether a datagram at `start` of `length` bytes can continue this train.
    fn takes(&self, path: Path, start: usize, length: usize) -> bool {
        let bytes = self.end - self.start;
        let whole = bytes.is_multiple_of(self.segment.max(1));
        self.path == path
            && self.end == start
            && whole
            && length <= self.segment
            && bytes / self.segment.max(1) < SEGMENTS_MAX
            && bytes + length <= TRAIN_BYTES_MAX
    }

    /// Whether a datagram would continue this train if it were not longer than the segments.
    fn is_cut_by(&self, path: Path, start: usize, length: usize) -> bool {
        length > self.segment && self.takes(path, start, self.segment)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn path(port: u16) -> Path {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Path::udp(address(9), address(port))
    }

    fn trains(datagrams: &mut Datagrams) -> Vec<(u16, Vec<usize>)> {
        let mut all = Vec::new();
        while let Some(transmit) = datagrams.pop() {
            let sizes = transmit.datagrams().map(<[u8]>::len).collect();
            all.push((transmit.path.remote.port(), sizes));
        }
        all
    }

    #[test]
    fn train_has_one_size_one_destination_and_a_short_end() {
        let mut datagrams = Datagrams::default();
        for (port, bytes) in [(1, 9), (1, 9), (1, 5), (1, 5), (1, 6), (2, 6), (2, 6)] {
            datagrams.push(path(port), &vec![0; bytes]);
        }
        let expected = [
            (1, vec![9, 9, 5]),
            (1, vec![5]),
            (1, vec![6]),
            (2, vec![6, 6]),
        ];
        assert_eq!(trains(&mut datagrams), expected);
        assert!(datagrams.is_empty() && datagrams.buffer().is_empty());
        // Only the longer datagram cuts a train; one after a short segment, or to another
        // destination, does not.
        assert_eq!(datagrams.trains_cut(), 1);
    }

    #[test]
    fn train_is_limited_in_segments_and_bytes() {
        let mut datagrams = Datagrams::default();
        for _ in 0..100 {
            datagrams.push(path(1), &[0; 100]);
        }
        let lengths: Vec<_> = trains(&mut datagrams).iter().map(|t| t.1.len()).collect();
        assert_eq!(lengths, [64, 36]);
        for _ in 0..50 {
            datagrams.push(path(1), &[0; 1_500]);
        }
        let lengths: Vec<_> = trains(&mut datagrams).iter().map(|t| t.1.len()).collect();
        assert_eq!(lengths, [43, 7]);
    }
}
