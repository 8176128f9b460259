//! Session descriptions (SDP, RFC 8866) of WebRTC: offers and answers, read leniently by rule
//! and written in one way.
//!
//! # What is read, ignored and refused
//!
//! - **Ignored** is what a connection does not need: unknown lines and attributes, lines of the
//!   session beside `v=`, `o=` and `a=`, payload types without a description, members of groups
//!   that no section has, and malformed lines that only add an option (`rtpmap`, `fmtp`,
//!   `rtcp-fb`, `extmap`, `msid`, `rid`, `simulcast`, `ssrc`, `ssrc-group`). So is what exceeds
//!   a bound of [`limits`] that says so.
//! - **Refused** is what cannot be served or would fail later without a reason: a malformed
//!   `m=` line, mid, ICE credential, fingerprint, role (`setup`) or SCTP port, and a
//!   description beyond the bounds of its lines and sections. The [`Error`] names the line.
//! - **Completed** is what the session level says for all sections (RFC 8866 §5.13): a section
//!   that lacks its own gets it, so that readers look at the section only.
//!
//! Parsing takes time linear in the text. [`Description::write`] writes all that a
//! [`Description`] holds, at the level of its sections; parsing that gives the same again.
//!
//! Absent on purpose: what to answer. That is the negotiator's.

mod candidate;
mod codec;
mod description;
mod error;
pub mod fragment;
pub mod fuzz;
pub mod limits;
mod line;
mod parse;
mod section;
mod simulcast;
mod sources;
mod transport;
mod write;

pub use candidate::{Address, Candidate, CandidateKind, Protocol};
pub use codec::{Codec, Extension};
pub use description::{Description, Origin};
pub use error::{CandidatePart, Error, Reason};
pub use fragment::Fragment;
pub use section::{Direction, MediaKind, Section};
pub use simulcast::{Rid, RidDirection, Simulcast};
pub use sources::{Msid, Source, SourceGroup};
pub use transport::{Fingerprint, Setup, Transport};
