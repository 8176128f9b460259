use super::packet_type::{
    BYE, NACK, PAYLOAD_FEEDBACK, PLI, RECEIVER_REPORT, SENDER_REPORT, SOURCE_DESCRIPTION,
    TRANSPORT_FEEDBACK,
};
use super::report::{ReportBlock, SenderReport};

/// Most report blocks or sources in one packet: its count has five bits.
const COUNT_MAX: usize = 31;

/// Most bytes in a CNAME: one byte holds their number (RFC 3550 §6.5).
const CNAME_MAX: usize = 255;

/// Type of the CNAME item in a source description (RFC 3550 §6.5.1).
const CNAME: u8 = 1;

/// Appends a sender report without report blocks (RFC 3550 §6.4.1).
pub fn write_sender_report(to: &mut Vec<u8>, report: &SenderReport) {
    let fields = [
        report.ssrc,
        (report.ntp >> 32) as u32,
        report.ntp as u32,
        report.timestamp,
        report.packets,
        report.bytes,
    ];
    let start = begin(to, 0, SENDER_REPORT, &fields);
    finish(to, start);
}

/// Appends a receiver report of `sender`. Of more than 31 blocks, the first 31 are written.
pub fn write_receiver_report(to: &mut Vec<u8>, sender: u32, blocks: &[ReportBlock]) {
    let blocks = &blocks[..blocks.len().min(COUNT_MAX)];
    let start = begin(to, blocks.len() as u8, RECEIVER_REPORT, &[sender]);
    for block in blocks {
        let lost = u32::from(block.fraction_lost) << 24 | block.lost.min(0x7f_ffff);
        for field in [
            block.ssrc,
            lost,
            block.highest_seq,
            block.jitter,
            block.last_report,
            block.since_report,
        ] {
            to.extend(field.to_be_bytes());
        }
    }
    finish(to, start);
}

/// Appends a source description with the CNAME, the name that all sources of one endpoint share
/// (RFC 3550 §6.5.1). A name of more than 255 bytes is cut after the last character that fits.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |    CNAME=1    |     length    | name                        ...
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// ```
pub fn write_cname(to: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let cname = &cname[..cname.floor_char_boundary(CNAME_MAX)];
    let start = begin(to, 1, SOURCE_DESCRIPTION, &[ssrc]);
    to.extend([CNAME, cname.len() as u8]);
    to.extend(cname.as_bytes());
    // At least one zero ends the items.
    to.push(0);
    finish(to, start);
}

/// Appends a BYE: these sources have left (RFC 3550 §6.6). Of more than 31, the first 31 are
/// written.
pub fn write_bye(to: &mut Vec<u8>, ssrcs: &[u32]) {
    let ssrcs = &ssrcs[..ssrcs.len().min(COUNT_MAX)];
    let start = begin(to, ssrcs.len() as u8, BYE, ssrcs);
    finish(to, start);
}

/// Appends a NACK: `sender` misses these packets of `source`, which must be in ascending order (RFC
/// 4585 §6.2.1).
pub fn write_nack(to: &mut Vec<u8>, sender: u32, source: u32, missing: &[u16]) {
    let start = begin(to, NACK, TRANSPORT_FEEDBACK, &[sender, source]);
    let mut missing = missing.iter().copied().peekable();
    while let Some(first) = missing.next() {
        let mut following = 0_u16;
        while let Some(next) = missing.peek() {
            // An entry covers a packet and the 16 after it.
            let distance = next.wrapping_sub(first);
            if !(1..=16).contains(&distance) {
                break;
            }
            following |= 1 << (distance - 1);
            missing.next();
        }
        to.extend(first.to_be_bytes());
        to.extend(following.to_be_bytes());
    }
    finish(to, start);
}

/// Appends a PLI: `sender` asks `source` for a key frame (RFC 4585 §6.3.1).
pub fn write_pli(to: &mut Vec<u8>, sender: u32, source: u32) {
    let start = begin(to, PLI, PAYLOAD_FEEDBACK, &[sender, source]);
    finish(to, start);
}

/// Appends the common header (RFC 3550 §6.1), whose length [`finish`] fills in, and the first
/// fields. Returns where the packet starts.
pub(super) fn begin(to: &mut Vec<u8>, count: u8, kind: u8, fields: &[u32]) -> usize {
    let start = to.len();
    to.extend([0x80 | count, kind, 0, 0]);
    to.extend(fields.iter().flat_map(|field| field.to_be_bytes()));
    start
}

/// Fills the last word with zeros and writes the length into the header.
pub(super) fn finish(to: &mut Vec<u8>, start: usize) {
    let length = (to.len() - start).next_multiple_of(4);
    to.resize(start + length, 0);
    let words = (length / 4 - 1) as u16;
    to[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receiver_report_has_the_layout_of_the_rfc() {
        let mut bytes = Vec::new();
        let block = ReportBlock {
            ssrc: 0x0102_0304,
            fraction_lost: 5,
            lost: 6,
            highest_seq: 7,
            jitter: 8,
            last_report: 9,
            since_report: 10,
        };
        write_receiver_report(&mut bytes, 0xaabb_ccdd, &[block]);
        assert_eq!(
            bytes,
            [
                0x81, 201, 0, 7, 0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3, 4, 5, 0, 0, 6, 0, 0, 0, 7, 0, 0,
                0, 8, 0, 0, 0, 9, 0, 0, 0, 10
            ]
        );
    }

    #[test]
    fn sender_report_has_the_layout_of_the_rfc() {
        let mut bytes = Vec::new();
        let report = SenderReport {
            ssrc: 0xaabb_ccdd,
            ntp: 0x0102_0304_0506_0708,
            timestamp: 9,
            packets: 10,
            bytes: 11,
        };
        write_sender_report(&mut bytes, &report);
        assert_eq!(
            bytes,
            [
                0x80, 200, 0, 6, 0xaa, 0xbb, 0xcc, 0xdd, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9, 0, 0,
                0, 10, 0, 0, 0, 11
            ]
        );
    }

    #[test]
    fn cname_ends_with_a_zero_and_whole_words() {
        let mut bytes = Vec::new();
        write_cname(&mut bytes, 9, "a");
        assert_eq!(bytes, [0x81, 202, 0, 2, 0, 0, 0, 9, 1, 1, b'a', 0]);
        bytes.clear();
        write_cname(&mut bytes, 9, "ab");
        let item = [1, 2, b'a', b'b', 0, 0, 0, 0];
        assert_eq!(
            (&bytes[..4], &bytes[8..]),
            (&[0x81, 202, 0, 3][..], &item[..])
        );
    }

    #[test]
    fn long_cname_is_cut_between_characters() {
        let mut bytes = Vec::new();
        write_cname(&mut bytes, 9, &"ä".repeat(200));
        assert_eq!(bytes[8..10], [1, 254]);
        assert_eq!(bytes[10..264], *"ä".repeat(127).as_bytes());
        assert_eq!(bytes[264..], [0; 4]);
    }

    #[test]
    fn bye_names_up_to_31_sources() {
        let mut bytes = vec![0xff; 3];
        write_bye(&mut bytes, &[8, 9]);
        assert_eq!(bytes[3..], [0x82, 203, 0, 2, 0, 0, 0, 8, 0, 0, 0, 9]);
        bytes.clear();
        write_bye(&mut bytes, &[7; 40]);
        assert_eq!((bytes[0], bytes[3], bytes.len()), (0x9f, 31, 128));
    }

    #[test]
    fn nearby_missing_packets_share_a_nack_entry() {
        let mut bytes = Vec::new();
        write_nack(&mut bytes, 1, 2, &[0xfffe, 0xffff, 14, 15]);
        assert_eq!(bytes[..4], [0x81, 205, 0, 4]);
        assert_eq!(bytes[12..], [0xff, 0xfe, 0x80, 1, 0, 15, 0, 0]);
    }
}
