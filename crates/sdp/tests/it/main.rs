//! The crate at its edge: texts in, descriptions and errors out.

extern crate headwater_sdp as sdp;

mod candidates;
mod cases;
mod corpus;
mod fragments;
mod identity;
mod limits;

/// An offer with one audio section, with the lines `session` and `section` added at their levels.
fn offer(session: &str, section: &str) -> String {
    format!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{session}\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n\
         a=rtpmap:111 opus/48000/2\r\n{section}"
    )
}

/// The only section of [`offer`].
fn section(session: &str, section: &str) -> sdp::Section {
    let description = sdp::Description::parse(&offer(session, section)).expect("well-formed");
    description
        .sections
        .into_iter()
        .next()
        .expect("one section")
}
