use std::collections::VecDeque;

use ice::Path;

/// What the kernel takes with one send: segments, and bytes less IP and UDP headers.
const SEGMENTS_MAX: usize = 64;
const TRAIN_BYTES_MAX: usize = 65_000;

/// Datagrams on their way out, one after the other in one buffer.
///
/// Those of one size to one destination form a train, which generic segmentation offload sends
/// with one call; only the last of a train may be shorter. When all are taken, the buffer is used
/// anew.
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
    /// From where to where.
    pub path: Path,
    /// Bytes of each datagram; the last one may have less.
    pub segment: usize,
    /// The datagrams, one after the other.
    pub contents: &'a [u8],
}

impl Transmit<'_> {
    /// The datagrams one by one.
    pub fn datagrams(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.contents.chunks(self.segment.max(1))
    }
}

impl Datagrams {
    /// The next to send, oldest first; `None` when all are taken.
    pub fn pop(&mut self) -> Option<Transmit<'_>> {
        let train = self.trains.pop_front()?;
        Some(Transmit {
            path: train.path,
            segment: train.segment,
            contents: self.bytes.get(train.start..train.end)?,
        })
    }

    /// Nothing is to be sent.
    pub fn is_empty(&self) -> bool {
        self.trains.is_empty()
    }

    /// How many trains ended, since the begin, only because the next datagram to the same
    /// destination was longer: each of them costs a send that equal datagrams would not.
    pub fn trains_cut(&self) -> u64 {
        self.cut
    }

    /// Adds a datagram.
    pub fn push(&mut self, path: Path, datagram: &[u8]) {
        let buffer = self.buffer();
        let start = buffer.len();
        buffer.extend_from_slice(datagram);
        self.commit(path, start);
    }

    /// Where to write the next datagram: at the end. [`Self::commit`] makes it one.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.trains.is_empty() {
            self.bytes.clear();
        }
        &mut self.bytes
    }

    /// What the buffer holds from `start` on is a datagram.
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

    /// A datagram would have its place here, were it not longer than the others.
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
    fn a_train_is_of_one_size_and_one_destination_and_ends_with_a_shorter_one() {
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
        // One byte more cuts; what follows on a shorter one, or goes elsewhere, does not.
        assert_eq!(datagrams.trains_cut(), 1);
    }

    #[test]
    fn a_train_is_no_longer_than_the_kernel_takes() {
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
