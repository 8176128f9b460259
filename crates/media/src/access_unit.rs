/// What is shown or heard at one time: a picture with all its spatial layers, or a packet of sound.
///
/// How `data` is written depends on the codec, and is what the file formats of ISO expect:
///
/// | codec | `data` |
/// |---|---|
/// | Opus | a packet (RFC 6716 §3) |
/// | VP8 | a frame (RFC 6386 §9.1) |
/// | VP9 | a frame; with several spatial layers a superframe (VP9 bitstream specification, annex B) |
/// | H.264, H.265 | NAL units, each after its length in 32 bits (ISO/IEC 14496-15 §4.3) |
/// | AV1 | OBUs, each with its size, without temporal delimiters (AV1-ISOBMFF §2.4) |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// RTP timestamp, in units of the codec's clock rate; wraps at 32 bits.
    pub timestamp: u32,
    /// A decoder that has the parameter sets can start here. Always so for sound.
    pub keyframe: bool,
    /// Something before this unit is missing: a picture that is no key frame may refer to it. Also so
    /// for the first unit that was received.
    pub after_gap: bool,
    /// The unit's bytes.
    pub data: Vec<u8>,
}
