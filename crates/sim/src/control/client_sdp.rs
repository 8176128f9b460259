//! Descriptions of a client that has no media: what a browser would say, by hand.

/// One m-section, as the client describes it.
#[derive(Debug, Clone)]
struct Section {
    mid: String,
    /// Its lines, from `m=` to the last one about codecs.
    lines: Vec<String>,
    direction: Direction,
    /// Stream and track (RFC 8830), of a section that the client sends on.
    msid: String,
}

/// Who sends on a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Client,
    Server,
    Nobody,
}

/// The descriptions of one peer connection of a client.
#[derive(Debug, Clone)]
pub(super) struct ClientSdp {
    ufrag: u32,
    version: u32,
    sections: Vec<Section>,
}

const OPUS: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1";
const VP8: &str = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\n\
    a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\n\
    a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96";

impl ClientSdp {
    /// A connection that was not described yet. `ufrag` tells its ICE from that of others.
    pub(super) fn new(ufrag: u32) -> Self {
        Self {
            ufrag,
            version: 0,
            sections: Vec::new(),
        }
    }

    /// Adds a section for audio and one for video, which the client sends as one stream. Returns
    /// their mids.
    pub(super) fn send(&mut self, stream: &str) -> [String; 2] {
        [OPUS, VP8].map(|media| self.add(media, stream, Direction::Client))
    }

    /// Adds a section for audio and one for video, on which the client receives.
    pub(super) fn receive(&mut self) {
        for media in [OPUS, VP8] {
            self.add(media, "-", Direction::Server);
        }
    }

    fn add(&mut self, media: &str, stream: &str, direction: Direction) -> String {
        let mid = self.sections.len().to_string();
        self.sections.push(Section {
            mid: mid.clone(),
            lines: media.split("\r\n").map(str::to_owned).collect(),
            direction,
            msid: format!("{stream} {stream}{mid}"),
        });
        mid
    }

    /// The client sends no more on its sections.
    pub(super) fn stop_sending(&mut self) {
        for section in &mut self.sections {
            if section.direction == Direction::Client {
                section.direction = Direction::Nobody;
            }
        }
    }

    /// Begins ICE anew.
    pub(super) fn restart(&mut self) {
        self.ufrag = self.ufrag.wrapping_add(1);
    }

    /// An offer of all sections.
    pub(super) fn offer(&mut self) -> String {
        self.describe("actpass")
    }

    /// Takes an offer of the server, and answers it: the client takes all that is offered, and sends
    /// `stream` where it is asked to.
    pub(super) fn answer(&mut self, offer: &str, stream: &str) -> String {
        for (index, text) in offer.split("\r\nm=").skip(1).enumerate() {
            let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
            let has = |attribute: &str| lines.contains(&attribute);
            let direction = match () {
                () if has("a=sendonly") => Direction::Server,
                () if has("a=recvonly") || has("a=sendrecv") => Direction::Client,
                () => Direction::Nobody,
            };
            let mid = lines.iter().find_map(|line| line.strip_prefix("a=mid:"));
            let mid = mid.unwrap_or_default().to_owned();
            let codecs = [
                "a=rtpmap",
                "a=fmtp",
                "a=rtcp-fb",
                "a=rtcp-mux",
                "a=sctp-port",
            ];
            let kept = |line: &&&str| codecs.iter().any(|codec| line.starts_with(codec));
            let media = format!("m={}", lines.first().copied().unwrap_or_default());
            let rest = lines.iter().filter(kept).map(|line| (*line).to_owned());
            let section = Section {
                msid: format!("{stream} {stream}{mid}"),
                mid,
                lines: std::iter::once(media).chain(rest).collect(),
                direction,
            };
            match self.sections.get_mut(index) {
                // The client's own sections stay as they are.
                Some(known) if known.direction == Direction::Client => {}
                Some(known) => *known = section,
                None => self.sections.push(section),
            }
        }
        self.describe("active")
    }

    fn describe(&mut self, setup: &str) -> String {
        self.version += 1;
        let mids: Vec<&str> = self.sections.iter().map(|s| s.mid.as_str()).collect();
        let mut sdp = format!(
            "v=0\r\no=- 7 {} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n",
            self.version,
            mids.join(" ")
        );
        for section in &self.sections {
            let direction = match section.direction {
                Direction::Client => "sendonly",
                Direction::Server => "recvonly",
                Direction::Nobody => "inactive",
            };
            sdp.push_str(&section.lines.join("\r\n"));
            sdp.push_str(&format!(
                "\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\na=setup:{setup}\r\na=ice-ufrag:u{:07}\r\n\
                 a=ice-pwd:0123456789abcdef01234567\r\na=fingerprint:sha-256 {FINGERPRINT}\r\n",
                section.mid, self.ufrag,
            ));
            if !section.lines[0].starts_with("m=application") {
                sdp.push_str(&format!("a={direction}\r\n"));
            }
            if section.direction == Direction::Client {
                sdp.push_str(&format!("a=msid:{}\r\n", section.msid));
            }
        }
        sdp
    }
}

const FINGERPRINT: &str = "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
    10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
