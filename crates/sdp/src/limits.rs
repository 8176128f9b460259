//! The limits of a description, and what happens beyond each. Real offers stay far below them: a
//! browser's offer of one camera has 150 lines and two sections.

/// Lines of a description, empty ones included. A longer description is refused.
pub const LINES_MAX: usize = 8_192;

/// Sections of a description. A description with more is refused. A viewer in a large room has
/// one section for each stream that it ever watched.
pub const SECTIONS_MAX: usize = 600;

/// Formats of one m-line; RTP has 128 payload types. Further ones are ignored.
pub const FORMATS_MAX: usize = 128;

/// Bytes of a mid or a rid: what an RTP header extension holds (RFC 8285 §4.3). A description
/// with a longer one is refused, because it could not be sent back unchanged.
pub const NAME_MAX: usize = 255;

/// Bytes of an ICE username fragment or password (RFC 8839 §5.4). A description with a longer one
/// is refused.
pub const ICE_CREDENTIAL_MAX: usize = 256;

/// ICE options of a section. Further ones are ignored.
pub const ICE_OPTIONS_MAX: usize = 8;

/// Fingerprints of a section. Further ones are ignored.
pub const FINGERPRINTS_MAX: usize = 8;

/// Bytes of one fingerprint: the longest registered hash is SHA-512. A description with a
/// longer one is refused.
pub const FINGERPRINT_BYTES_MAX: usize = 64;

/// ICE candidates of a section, and of a whole fragment. In a description further ones are
/// ignored, since a lite agent needs none; a fragment with more is refused.
pub const CANDIDATES_MAX: usize = 64;

/// Bytes of the parameters (`fmtp`) of one codec. Longer parameters are ignored. H.265 parameter
/// sets in base64 take a few hundred.
pub const PARAMETERS_MAX: usize = 4_096;

/// Feedback messages (`rtcp-fb`) of one codec. Further ones are ignored. Chromium has five.
pub const FEEDBACKS_MAX: usize = 16;

/// Bytes of one feedback message. Longer ones are ignored; no registered message is that long.
pub const FEEDBACK_BYTES_MAX: usize = 64;

/// Header extensions (`extmap`) of a section. Further ones are ignored. Chromium has 16.
pub const EXTENSIONS_MAX: usize = 64;

/// Bytes of the URI of a header extension. Extensions with a longer one are ignored.
pub const EXTENSION_URI_MAX: usize = 256;

/// Media stream identifiers (`msid`) of a section. Further ones are ignored. A track in two
/// streams has two.
pub const MSIDS_MAX: usize = 8;

/// SSRCs that a section declares. Further ones are ignored. Three simulcast layers with a
/// retransmission stream each have six.
pub const SSRCS_MAX: usize = 8;

/// Groups of SSRCs of a section. Further ones are ignored.
pub const SOURCE_GROUPS_MAX: usize = 8;

/// Rids of a section, and layers in each direction of `simulcast`. Further ones are ignored.
pub const RIDS_MAX: usize = 16;

/// Bytes that may be copied because one line applies to several places: a session-level attribute
/// to each section, `rtcp-fb:*` to each codec. A description that needs more is refused, because
/// it turns few bytes into much memory. 600 sections may take 1.7 kB each.
pub const COPIED_BYTES_MAX: usize = 1 << 20;

/// Characters of a line that an error quotes. The rest is left out.
pub const QUOTE_MAX: usize = 60;
