//! Where key frames begin in H.264 (RFC 6184 §5) and H.265 (RFC 7798 §4.4).
//!
//! A key frame begins with its parameter sets where they are sent in band, else with the
//! intra picture itself.

use crate::Frame;

/// The numbers in which the two codecs differ.
struct Syntax {
    header_len: usize,
    aggregation: u8,
    fragment: u8,
    nal_type: fn(u8) -> u8,
    begins_keyframe: fn(u8) -> bool,
    is_picture: fn(u8) -> bool,
}

const H264: Syntax = Syntax {
    header_len: 1,
    aggregation: 24,
    fragment: 28,
    nal_type: |byte| byte & 0x1f,
    // IDR picture, sequence parameter set.
    begins_keyframe: |nal| matches!(nal, 5 | 7),
    is_picture: |nal| matches!(nal, 1..=5),
};

const H265: Syntax = Syntax {
    header_len: 2,
    aggregation: 48,
    fragment: 49,
    nal_type: |byte| (byte >> 1) & 0x3f,
    // IRAP pictures; video and sequence parameter sets.
    begins_keyframe: |nal| matches!(nal, 16..=23 | 32 | 33),
    is_picture: |nal| nal < 32,
};

pub(crate) fn inspect_h264(payload: &[u8]) -> Option<Frame> {
    inspect(&H264, payload)
}

pub(crate) fn inspect_h265(payload: &[u8]) -> Option<Frame> {
    inspect(&H265, payload)
}

fn inspect(syntax: &Syntax, payload: &[u8]) -> Option<Frame> {
    let nal = (syntax.nal_type)(*payload.first()?);
    let body = payload.get(syntax.header_len..)?;
    let found = |nal: u8| Frame {
        keyframe: (syntax.begins_keyframe)(nal),
        start: (syntax.is_picture)(nal) || (syntax.begins_keyframe)(nal),
        ..Frame::default()
    };
    if nal == syntax.aggregation {
        let inner = aggregated(body).filter_map(|unit| unit.first());
        let all = inner.map(|byte| found((syntax.nal_type)(*byte)));
        return Some(all.fold(Frame::default(), |a, b| Frame {
            keyframe: a.keyframe || b.keyframe,
            start: a.start || b.start,
            ..a
        }));
    }
    if nal == syntax.fragment {
        let header = *body.first()?;
        // Start bit; the type has five bits in H.264, six in H.265.
        let fragment_type = if syntax.header_len == 1 {
            header & 0x1f
        } else {
            header & 0x3f
        };
        return Some(if header & 0x80 != 0 {
            found(fragment_type)
        } else {
            Frame::default()
        });
    }
    Some(found(nal))
}

/// NAL units behind 16-bit lengths.
fn aggregated(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = body.split_first_chunk::<2>()?;
        let unit = rest.get(..u16::from_be_bytes(*length).into())?;
        body = &rest[unit.len()..];
        Some(unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyframe(frame: Option<Frame>) -> bool {
        frame.is_some_and(|f| f.keyframe)
    }

    #[test]
    fn h264_key_frames_begin_with_parameter_sets_or_an_idr() {
        assert!(keyframe(inspect_h264(&[0x67, 1])));
        assert!(keyframe(inspect_h264(&[0x65, 1])));
        assert!(!keyframe(inspect_h264(&[0x41, 1])));
        // STAP-A of SPS and PPS.
        assert!(keyframe(inspect_h264(&[0x78, 0, 2, 0x67, 1, 0, 1, 0x68])));
        // FU-A: the first fragment of an IDR, then a later one.
        assert!(keyframe(inspect_h264(&[0x7c, 0x85, 1])));
        assert!(!keyframe(inspect_h264(&[0x7c, 0x05, 1])));
    }

    #[test]
    fn h265_key_frames_begin_with_parameter_sets_or_an_irap() {
        assert!(keyframe(inspect_h265(&[0x40, 1, 0])));
        assert!(keyframe(inspect_h265(&[0x26, 1, 0])));
        assert!(!keyframe(inspect_h265(&[0x02, 1, 0])));
        // FU of an IDR_W_RADL (19).
        assert!(keyframe(inspect_h265(&[0x62, 1, 0x93])));
        assert!(!keyframe(inspect_h265(&[0x62, 1, 0x13])));
    }

    #[test]
    fn cut_aggregates_are_read_as_far_as_they_go() {
        assert!(!keyframe(inspect_h264(&[0x78, 0, 9, 0x67])));
        assert!(keyframe(inspect_h264(&[0x78, 0, 1, 0x67, 0, 9])));
    }
}
