//! Redundant audio (RFC 2198).

/// Returns the payload type and the bytes of the primary block of a RED payload.
///
/// ```text
///  0                   1                    2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |F|   block PT  |  timestamp offset         |   block length    |   redundant block, F = 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |0|   block PT  |                                                  primary block, last header
/// +-+-+-+-+-+-+-+-+
/// ```
///
/// `None` when the headers or the blocks are truncated.
pub fn primary(payload: &[u8]) -> Option<(u8, &[u8])> {
    let mut headers = payload;
    let mut redundant = 0;
    loop {
        let (first, rest) = headers.split_first()?;
        if first & 0x80 == 0 {
            return Some((first & 0x7f, rest.get(redundant..)?));
        }
        let [_, high, low] = *rest.first_chunk::<3>()?;
        redundant += usize::from(u16::from_be_bytes([high, low]) & 0x3ff);
        headers = rest.get(3..)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn primary_block_is_the_last() {
        // One redundant block of two bytes, then three bytes of payload type 111.
        let payload = [0x80 | 111, 0, 0, 2, 111, 1, 2, 3, 4, 5];
        assert_eq!(primary(&payload), Some((111, &[3, 4, 5][..])));
    }

    #[test]
    fn payload_without_redundancy_is_all_primary() {
        assert_eq!(primary(&[111, 9]), Some((111, &[9][..])));
    }

    #[test]
    fn truncated_payload_has_no_primary_block() {
        for cut in [&[][..], &[0xef], &[0xef, 0, 0], &[0xef, 0, 0, 9, 111, 1]] {
            assert_eq!(primary(cut), None, "{cut:?}");
        }
    }

    #[test]
    fn two_redundant_blocks_are_skipped() {
        // Lengths of 257 and 1: the high two bits of a length share a byte with the offset.
        let mut payload = vec![0x80 | 111, 0x0f, 0x01, 0x01, 0x80 | 111, 0x07, 0x80, 1, 96];
        payload.extend([0; 258]);
        payload.extend([7, 8]);
        assert_eq!(primary(&payload), Some((96, &[7, 8][..])));
    }

    proptest! {
        #[test]
        fn primary_block_ends_the_payload(payload in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some((_, block)) = primary(&payload) {
                prop_assert!(payload.ends_with(block));
            }
        }
    }
}
