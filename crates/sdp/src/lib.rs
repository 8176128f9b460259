//! Session descriptions (SDP, RFC 8866) for WebRTC. Offers and answers are parsed leniently, by
//! the rules below, and written in one fixed form.
//!
//! # What the parser ignores, refuses and completes
//!
//! - **Ignored**: whatever a connection does not need. That is unknown lines and attributes,
//!   session lines other than `v=`, `o=` and `a=`, payload types without a description, group
//!   members that no section has, and malformed lines that only add an option (`rtpmap`, `fmtp`,
//!   `rtcp-fb`, `extmap`, `msid`, `rid`, `simulcast`, `ssrc`, `ssrc-group`). Items beyond one of
//!   the [`limits`] are ignored if that limit says so.
//! - **Refused**: whatever cannot be served, or would fail later without a visible cause. That is
//!   a malformed `m=` line, mid, ICE credential, fingerprint, DTLS role (`setup`) or SCTP port,
//!   and a description with too many lines or sections. The [`Error`] names the line.
//! - **Completed**: attributes that the session level sets for all sections (RFC 8866 §5.13). A
//!   section without its own gets a copy, so that readers need to look at the section only.
//!
//! Parsing takes time linear in the length of the text. [`Description::write`] writes everything
//! that a [`Description`] holds; parsing the result gives the same description again.
//!
//! Deliberately absent: deciding what to answer. That is the negotiator's job.

mod candidate;
mod codec;
mod description;
mod direction;
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
pub use direction::Direction;
pub use error::{CandidatePart, Error, Reason};
pub use fragment::Fragment;
pub use section::{MediaKind, Section};
pub use simulcast::{Rid, RidDirection, Simulcast};
pub use sources::{Msid, Source, SourceGroup};
pub use transport::{Fingerprint, Setup, Transport};
