/// RFC 8489 §14.7: distinguishes the value from other protocols' checksums of the same bytes.
const XOR: u32 = 0x5354_554e;

/// Computes the value of FINGERPRINT over the message before that attribute, given in pieces.
pub(super) fn fingerprint<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    let mut crc = u32::MAX;
    for byte in pieces.into_iter().flatten() {
        // The index is one byte and the table has 256 entries.
        crc = TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8);
    }
    !crc ^ XOR
}

/// The table of the CRC-32 of ISO 3309, as in zip: polynomial 0x04c11db7 with its bits reversed.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[test]
fn crc_of_the_check_string_matches_the_catalogue() {
    assert_eq!(fingerprint([&b"1234"[..], b"56789"]) ^ XOR, 0xcbf4_3926);
}
