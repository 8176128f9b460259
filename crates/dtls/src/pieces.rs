//! Reassembly of fragmented handshake messages (RFC 6347 §4.2.3).
//!
//! A peer fragments its messages as it likes, and may fragment them differently when it repeats a
//! flight: OpenSSL fills its first datagrams to the last byte, and later gives each message its
//! own. The library only joins fragments that do not overlap, so it is given whole messages.

use std::borrow::Cow;

use crate::wire::{self, Fragment, Record};

/// The longest message that is reassembled, in bytes. ClientHellos with post-quantum keys have
/// 1,600, self-signed certificates of clients 250 to 1,000.
const LENGTH_MAX: usize = 8_192;

/// The most separate pieces of one message that are kept. Beyond that, a fragment that touches none
/// of them is dropped; the peer repeats it.
const PIECES_MAX: usize = 32;

/// The most incomplete messages at a time. A further one replaces the oldest, which the peer
/// repeats. A lost datagram leaves two.
const OPEN_MAX: usize = 4;

/// The fragments of one message.
#[derive(Default)]
pub(crate) struct Pieces {
    /// The message's body, as far as it is there. Empty until the first fragment tells the length.
    body: Vec<u8>,
    /// The ranges of `body` that are there: sorted, and neither overlapping nor adjacent.
    pieces: Vec<(usize, usize)>,
}

impl Pieces {
    /// Adds a fragment.
    pub(crate) fn add(&mut self, fragment: &Fragment<'_>) {
        let length = fragment.length;
        if length > LENGTH_MAX || fragment.body.is_empty() {
            return;
        }
        if length != self.body.len() {
            // Another length is another message: the newest is the one that the peer continues.
            self.body = vec![0; length];
            self.pieces.clear();
        }
        let (start, end) = (fragment.offset, fragment.offset + fragment.body.len());
        let Some(place) = self.body.get_mut(start..end) else {
            return;
        };
        let touches = |piece: &(usize, usize)| piece.0 <= end && start <= piece.1;
        if self.pieces.len() >= PIECES_MAX && !self.pieces.iter().any(touches) {
            return;
        }
        place.copy_from_slice(fragment.body);
        // The fragment and all ranges that it touches become one range.
        let joined = self.pieces.iter().filter(|piece| touches(piece));
        let joined = joined.fold((start, end), |all, piece| {
            (all.0.min(piece.0), all.1.max(piece.1))
        });
        self.pieces.retain(|piece| !touches(piece));
        let at = self.pieces.partition_point(|piece| piece.0 < joined.0);
        self.pieces.insert(at, joined);
    }

    /// Takes the message's body if it is complete, and starts over.
    pub(crate) fn take_whole(&mut self) -> Option<Vec<u8>> {
        let complete = self.pieces.as_slice() == [(0, self.body.len())];
        complete.then(|| {
            self.pieces.clear();
            std::mem::take(&mut self.body)
        })
    }
}

/// The peer's incomplete messages, by sequence number and type.
#[derive(Default)]
pub(crate) struct Messages(Vec<((u16, u8), Pieces)>);

impl Messages {
    /// Returns the datagram with whole messages only. Fragments are kept, and a message appears in
    /// place of the fragment that completes it. Empty if no message is whole.
    pub(crate) fn whole<'a>(&mut self, datagram: &'a [u8]) -> Cow<'a, [u8]> {
        if wire::records(datagram).all(|record| !has_pieces(&record)) {
            return Cow::Borrowed(datagram);
        }
        let mut out = Vec::with_capacity(datagram.len());
        for record in wire::records(datagram) {
            if !has_pieces(&record) {
                record.write(&mut out);
                continue;
            }
            let mut messages = Vec::with_capacity(record.fragment.len());
            for fragment in wire::fragments(record.fragment) {
                if is_piece(&fragment) {
                    self.add(&fragment, &mut messages);
                } else {
                    fragment.write(&mut messages);
                }
            }
            if !messages.is_empty() {
                let fragment = &messages;
                Record { fragment, ..record }.write(&mut out);
            }
        }
        Cow::Owned(out)
    }

    /// Adds a fragment, and writes the message if that completes it.
    fn add(&mut self, piece: &Fragment<'_>, out: &mut Vec<u8>) {
        let key = (piece.message_seq, piece.message);
        if self.0.iter().all(|(other, _)| *other != key) {
            if self.0.len() >= OPEN_MAX {
                self.0.remove(0);
            }
            self.0.push((key, Pieces::default()));
        }
        let Some(at) = self.0.iter().position(|(other, _)| *other == key) else {
            return;
        };
        let Some((_, pieces)) = self.0.get_mut(at) else {
            return;
        };
        pieces.add(piece);
        if let Some(body) = pieces.take_whole() {
            self.0.remove(at);
            let (offset, body) = (0, body.as_slice());
            let whole = Fragment {
                offset,
                body,
                ..*piece
            };
            whole.write(out);
        }
    }
}

/// Whether a record has fragments of messages to reassemble.
fn has_pieces(record: &Record<'_>) -> bool {
    let clear = record.content == wire::HANDSHAKE && record.epoch == 0;
    clear && wire::fragments(record.fragment).any(|fragment| is_piece(&fragment))
}

/// Whether a fragment is to be reassembled. Those of longer messages are left to the library.
fn is_piece(fragment: &Fragment<'_>) -> bool {
    !fragment.is_whole() && fragment.length <= LENGTH_MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn piece(message_seq: u16, whole: &[u8], from: usize, to: usize) -> Vec<u8> {
        let mut fragment = Vec::new();
        Fragment {
            message: 11,
            length: whole.len(),
            message_seq,
            offset: from,
            body: &whole[from..to],
        }
        .write(&mut fragment);
        Record::bytes(wire::HANDSHAKE, 0, &fragment)
    }

    #[test]
    fn message_fragmented_anew_is_reassembled() {
        let whole: Vec<u8> = (0..100).collect();
        let mut messages = Messages::default();
        // The middle was lost, and comes again in other fragments.
        for (from, to) in [(0, 20), (60, 100), (0, 50)] {
            assert!(messages.whole(&piece(2, &whole, from, to)).is_empty());
        }
        let last = piece(2, &whole, 50, 100);
        let expected = piece(2, &whole, 0, 100);
        assert_eq!(messages.whole(&last).as_ref(), expected);
        assert!(messages.0.is_empty());
    }

    #[test]
    fn other_records_and_whole_messages_keep_their_order() {
        let whole: Vec<u8> = (0..100).collect();
        let change = Record::bytes(wire::CHANGE_CIPHER_SPEC, 0, &[1]);
        let (first, rest) = (piece(2, &whole, 0, 60), piece(2, &whole, 60, 100));
        let message = piece(3, &whole, 0, 100);
        let mut messages = Messages::default();
        assert_eq!(messages.whole(&message), Cow::Borrowed(&message));
        let datagram = [first, rest, message.clone(), change.clone()].concat();
        let expected = [piece(2, &whole, 0, 100), message, change].concat();
        assert_eq!(messages.whole(&datagram).as_ref(), expected);
    }

    #[test]
    fn incomplete_messages_are_limited_in_number_and_length() {
        let mut messages = Messages::default();
        for number in 0..100 {
            let length = usize::from(number) + LENGTH_MAX - 50;
            let datagram = piece(number, &vec![7; length], 0, 10);
            let whole = messages.whole(&datagram);
            assert_eq!(whole.is_empty(), length <= LENGTH_MAX, "{length}");
        }
        assert_eq!(messages.0.len(), OPEN_MAX);
        let last = messages.0.last().map(|(key, _)| *key);
        assert_eq!(last, Some((50, 11)));
    }

    #[test]
    fn too_long_message_is_not_kept() {
        let mut pieces = Pieces::default();
        pieces.add(&Fragment {
            message: 1,
            length: LENGTH_MAX + 1,
            message_seq: 0,
            offset: 0,
            body: &[7; 10],
        });
        assert!(pieces.body.is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_fragments_never_panic(
            ranges in proptest::collection::vec((0_usize..120, 0_usize..120, 0_usize..300), 0..80),
        ) {
            let mut pieces = Pieces::default();
            for (start, length, total) in ranges {
                let body = vec![1; length];
                pieces.add(&Fragment {
                    message: wire::CLIENT_HELLO,
                    length: total.max(start + length),
                    message_seq: 0,
                    offset: start,
                    body: &body,
                });
                prop_assert!(pieces.pieces.len() <= PIECES_MAX + 1);
                prop_assert!(pieces.pieces.is_sorted());
            }
        }
    }
}
