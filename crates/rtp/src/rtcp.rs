//! RTCP as both ends of a media stream write and read it: reports, CNAME, BYE, NACK, requests for
//! key frames and transport-wide feedback (RFC 3550 §6, RFC 4585 §6, RFC 5104 §4.3.1,
//! draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
//!
//! Deliberately absent: reading source descriptions, and writing FIR or the report blocks of a
//! sender report.

mod packet_type;
mod read;
mod report;
mod transport_feedback;
mod write;

pub use read::{Lost, Received, read};
pub use report::{ReportBlock, SenderReport};
pub use transport_feedback::{TransportFeedback, write_transport_feedback};
pub use write::{
    write_bye, write_cname, write_nack, write_pli, write_receiver_report, write_sender_report,
};
