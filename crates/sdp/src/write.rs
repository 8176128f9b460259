//! Writes a description: the lines in one fixed order, attributes of a section in that section.

use std::fmt::{self, Write as _};

use crate::codec::Codec;
use crate::description::Description;
use crate::direction::Direction;
use crate::section::Section;
use crate::simulcast::Simulcast;
use crate::sources::{Msid, Source};
use crate::transport::Transport;

/// Bytes reserved for each section, so that the text is rarely reallocated.
const SECTION_BYTES: usize = 2_048;

impl Description {
    /// Writes the description with CRLF line ends. The fields of [`Description`] itself are written
    /// at session level, everything else in the sections. If a field that was not parsed contains a
    /// line break, the rest of that line is left out.
    pub fn write(&self) -> String {
        let mut out = Lines::with_room_for(self.sections.len());
        out.line(format_args!("v=0"));
        let origin = &self.origin;
        out.line(format_args!(
            "o=- {} {} IN IP4 0.0.0.0",
            origin.id, origin.version
        ));
        out.line(format_args!("s=-"));
        out.line(format_args!("t=0 0"));
        if self.ice_lite {
            out.line(format_args!("a=ice-lite"));
        }
        if !self.bundle.is_empty() {
            let mids = Joined(&self.bundle, " ");
            out.line(format_args!("a=group:BUNDLE {mids}"));
        }
        if self.extmap_allow_mixed {
            out.line(format_args!("a=extmap-allow-mixed"));
        }
        for section in &self.sections {
            out.section(section);
        }
        out.text
    }
}

/// Text in lines that end with CRLF.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) text: String,
}

impl Lines {
    fn with_room_for(sections: usize) -> Self {
        Self {
            text: String::with_capacity((sections + 1) * SECTION_BYTES),
        }
    }

    /// Appends a line, up to the first line break in it: a field that contains one must not be
    /// able to inject further lines.
    pub(crate) fn line(&mut self, line: fmt::Arguments<'_>) {
        let begin = self.text.len();
        self.text
            .write_fmt(line)
            .expect("writing to a string does not fail");
        let break_at = self
            .text
            .bytes()
            .skip(begin)
            .position(|b| matches!(b, b'\r' | b'\n'));
        if let Some(length) = break_at {
            self.text.truncate(begin + length);
        }
        self.text.push_str("\r\n");
    }

    fn section(&mut self, section: &Section) {
        self.media_line(section);
        self.line(format_args!("c=IN IP4 0.0.0.0"));
        self.transport(&section.transport);
        if let Some(mid) = &section.mid {
            self.line(format_args!("a=mid:{mid}"));
        }
        if section.bundle_only && section.port == 0 {
            self.line(format_args!("a=bundle-only"));
        }
        for extension in &section.extensions {
            let (id, uri) = (extension.id, &extension.uri);
            match extension.direction {
                Some(direction) => {
                    let direction = direction.as_str();
                    self.line(format_args!("a=extmap:{id}/{direction} {uri}"));
                }
                None => self.line(format_args!("a=extmap:{id} {uri}")),
            }
        }
        // Without RTP, a section states its direction only if it is not the default.
        if section.is_rtp() || section.direction != Direction::SendRecv {
            self.line(format_args!("a={}", section.direction.as_str()));
        }
        for msid in &section.msids {
            self.line(format_args!("a=msid:{msid}"));
        }
        if section.rtcp_mux {
            self.line(format_args!("a=rtcp-mux"));
        }
        if section.rtcp_rsize {
            self.line(format_args!("a=rtcp-rsize"));
        }
        section.codecs.iter().for_each(|codec| self.codec(codec));
        self.layers(section);
        self.sources(section);
        if let Some(port) = section.sctp_port {
            self.line(format_args!("a=sctp-port:{port}"));
        }
        if let Some(size) = section.max_message_size {
            self.line(format_args!("a=max-message-size:{size}"));
        }
        self.candidates(&section.transport);
    }

    fn media_line(&mut self, section: &Section) {
        let Section {
            kind,
            port,
            protocol,
            codecs,
            formats,
            ..
        } = section;
        let kind = kind.as_str();
        let payload_types: Vec<u8> = codecs.iter().map(|codec| codec.payload_type).collect();
        let payload_types = Joined(&payload_types, " ");
        let other = Joined(formats, " ");
        match (codecs.is_empty(), formats.is_empty()) {
            (false, false) => {
                self.line(format_args!(
                    "m={kind} {port} {protocol} {payload_types} {other}"
                ));
            }
            (false, true) => self.line(format_args!("m={kind} {port} {protocol} {payload_types}")),
            (true, false) => self.line(format_args!("m={kind} {port} {protocol} {other}")),
            // RFC 8866 §5.14 requires a format; for a refused section any will do.
            (true, true) => self.line(format_args!("m={kind} {port} {protocol} 0")),
        }
    }

    fn transport(&mut self, transport: &Transport) {
        if let Some(ufrag) = &transport.ice_ufrag {
            self.line(format_args!("a=ice-ufrag:{ufrag}"));
        }
        if let Some(pwd) = &transport.ice_pwd {
            self.line(format_args!("a=ice-pwd:{pwd}"));
        }
        if !transport.ice_options.is_empty() {
            let options = Joined(&transport.ice_options, " ");
            self.line(format_args!("a=ice-options:{options}"));
        }
        for fingerprint in &transport.fingerprints {
            self.line(format_args!("a=fingerprint:{fingerprint}"));
        }
        if let Some(setup) = transport.setup {
            self.line(format_args!("a=setup:{}", setup.as_str()));
        }
    }

    fn codec(&mut self, codec: &Codec) {
        let (pt, name, clock_rate) = (codec.payload_type, &codec.name, codec.clock_rate);
        match codec.channels {
            Some(channels) => {
                self.line(format_args!("a=rtpmap:{pt} {name}/{clock_rate}/{channels}"));
            }
            None => self.line(format_args!("a=rtpmap:{pt} {name}/{clock_rate}")),
        }
        for message in &codec.feedback {
            self.line(format_args!("a=rtcp-fb:{pt} {message}"));
        }
        if !codec.parameters.is_empty() {
            self.line(format_args!("a=fmtp:{pt} {}", codec.parameters));
        }
    }

    fn layers(&mut self, section: &Section) {
        for rid in &section.rids {
            let space = if rid.parameters.is_empty() { "" } else { " " };
            self.line(format_args!(
                "a=rid:{} {}{space}{}",
                rid.id,
                rid.direction.as_str(),
                rid.parameters
            ));
        }
        let Some(Simulcast { send, receive }) = &section.simulcast else {
            return;
        };
        let (sent, received) = (Joined(send, ";"), Joined(receive, ";"));
        match (send.is_empty(), receive.is_empty()) {
            (false, false) => {
                self.line(format_args!("a=simulcast:send {sent} recv {received}"));
            }
            (false, true) => self.line(format_args!("a=simulcast:send {sent}")),
            (true, false) => self.line(format_args!("a=simulcast:recv {received}")),
            (true, true) => {}
        }
    }

    fn sources(&mut self, section: &Section) {
        for group in &section.source_groups {
            let (semantics, ssrcs) = (&group.semantics, Joined(&group.ssrcs, " "));
            self.line(format_args!("a=ssrc-group:{semantics} {ssrcs}"));
        }
        for Source { ssrc, cname, msid } in &section.sources {
            if let Some(cname) = cname {
                self.line(format_args!("a=ssrc:{ssrc} cname:{cname}"));
            }
            if let Some(msid) = msid {
                self.line(format_args!("a=ssrc:{ssrc} msid:{msid}"));
            }
            if cname.is_none() && msid.is_none() {
                self.line(format_args!("a=ssrc:{ssrc}"));
            }
        }
    }

    fn candidates(&mut self, transport: &Transport) {
        for candidate in &transport.candidates {
            self.line(format_args!("a={candidate}"));
        }
        if transport.end_of_candidates {
            self.line(format_args!("a=end-of-candidates"));
        }
    }
}

impl fmt::Display for Msid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stream)?;
        if !self.track.is_empty() {
            write!(f, " {}", self.track)?;
        }
        Ok(())
    }
}

/// Displays a list with a separator between its items.
pub(crate) struct Joined<'a, T>(pub(crate) &'a [T], pub(crate) &'a str);

impl<T: fmt::Display> fmt::Display for Joined<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(self.1)?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}
