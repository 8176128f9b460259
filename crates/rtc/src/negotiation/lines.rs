//! What one side sends, and how its descriptions tell of it.

use std::fmt::Write as _;

use rtp::{Format, Kind};

use super::{AgreedLine, LINES_MAX, OutgoingTrack};
use crate::formats::PayloadTypes;
use crate::media::Media;
use crate::peer::IceCredentials;
use crate::sender::EncodingConfig;
use crate::{extensions, sdp};

/// What one side sends, by numbers that stay.
#[derive(Debug)]
pub(crate) struct Lines {
    all: Vec<Line>,
    offered: Vec<PayloadType>,
    /// Header extensions whose id is another than usual.
    extension_ids: Vec<(&'static str, u8)>,
    cname: String,
    /// SSRCs count up from here, so that none comes twice.
    next_ssrc: u32,
}

/// A payload type that can be offered, with the lines that describe it.
#[derive(Debug, Clone)]
struct PayloadType {
    number: u8,
    rtx: Option<u8>,
    format: Format,
    rtpmap: String,
    fmtp: String,
}

#[derive(Debug)]
struct Line {
    kind: Kind,
    track: Option<OutgoingTrack>,
    /// Those of its track, also when that has gone: all that there are would be a long list.
    formats: Vec<Format>,
    ssrc: u32,
    rtx_ssrc: u32,
    /// What the present description says of it, or would.
    sends: bool,
    /// The remote has been told of the track.
    told: bool,
}

impl Lines {
    /// None yet. `ssrc` is random.
    pub(crate) fn new(params: &[str0m::format::PayloadParams], ssrc: u32) -> Self {
        Self {
            all: Vec::new(),
            offered: params.iter().filter_map(payload_type).collect(),
            extension_ids: Vec::new(),
            cname: format!("{ssrc:x}"),
            next_ssrc: ssrc,
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether a line has something to carry.
    pub(crate) fn carries(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(|line| line.track.is_some())
    }

    /// A track is to be sent, on a new line as long as there are fewer than `new_lines`. `None`
    /// when there are [`LINES_MAX`].
    pub(crate) fn add(&mut self, track: OutgoingTrack, new_lines: usize) -> Option<usize> {
        let free = |line: &Line| line.kind == track.kind && line.track.is_none() && !line.told;
        let mut all = self.all.iter();
        let again = all.position(free).filter(|_| self.all.len() >= new_lines);
        let index = match again {
            Some(index) => index,
            None if self.all.len() == LINES_MAX => return None,
            None => {
                self.all.push(Line {
                    kind: track.kind,
                    track: None,
                    formats: Vec::new(),
                    ssrc: 0,
                    rtx_ssrc: 0,
                    sends: false,
                    told: false,
                });
                self.all.len() - 1
            }
        };
        let (ssrc, rtx_ssrc) = (self.ssrc(), self.ssrc());
        let line = self.all.get_mut(index)?;
        // A source of its own: numbers of another must not be used again under the same key.
        (line.ssrc, line.rtx_ssrc) = (ssrc, rtx_ssrc);
        line.formats.clone_from(&track.formats);
        line.track = Some(track);
        Some(index)
    }

    /// A line has nothing to carry any more. Returns whether it had.
    pub(crate) fn remove(&mut self, index: usize) -> bool {
        let line = self.all.get_mut(index);
        line.is_some_and(|line| line.track.take().is_some())
    }

    /// The description that is being written says of a line what it carries now.
    pub(crate) fn tell(&mut self, index: usize) {
        if let Some(line) = self.all.get_mut(index) {
            line.sends = line.track.is_some();
            line.told = line.sends;
        }
    }

    /// The remote has not heard what it was told.
    pub(crate) fn untell(&mut self, index: usize) {
        if let Some(line) = self.all.get_mut(index) {
            (line.sends, line.told) = (false, false);
        }
    }

    /// Writes with the payload types and header extensions of a remote that has described some
    /// before: one number means one thing in all m-lines of a bundle (RFC 8843 §9.1, §9.3).
    pub(crate) fn follow(&mut self, params: &[str0m::format::PayloadParams], offer: &str) {
        self.offered = params.iter().filter_map(payload_type).collect();
        let taken = sdp::extensions(offer);
        let is_taken = |id: u8| taken.iter().any(|(taken, _)| *taken == id);
        let mut free = (1..extensions::ID_MAX).filter(|id| !is_taken(*id));
        let all = [Kind::Audio, Kind::Video].into_iter();
        for (usual, uri) in all.flat_map(extensions::sent) {
            let theirs = taken.iter().find(|(_, name)| *name == uri);
            let id = match theirs {
                Some((id, _)) => Some(*id),
                None if is_taken(usual) => free.next(),
                None => None,
            };
            self.extension_ids
                .extend(id.filter(|id| *id != usual).map(|id| (uri, id)));
        }
    }

    /// Writes the m-line with its payload types, up to where its transport is to be described.
    pub(crate) fn begin(&self, out: &mut String, index: usize, mid: &str) {
        let Some(carrying) = self.all.get(index) else {
            return;
        };
        let types = self.types(carrying);
        let numbers = types.iter().flat_map(|pt| [Some(pt.number), pt.rtx]);
        let numbers: Vec<String> = numbers.flatten().map(|n| n.to_string()).collect();
        let (kind, numbers) = (carrying.kind, numbers.join(" "));
        line(out, &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {numbers}"));
        line(out, "c=IN IP4 0.0.0.0");
        line(out, &format!("a=mid:{mid}"));
    }

    /// Writes the rest of it.
    pub(crate) fn finish(&self, out: &mut String, index: usize) {
        let Some(carrying) = self.all.get(index) else {
            return;
        };
        let types = self.types(carrying);
        self.write_media(out, carrying.kind);
        line(
            out,
            if carrying.sends {
                "a=sendonly"
            } else {
                "a=inactive"
            },
        );
        types.iter().for_each(|pt| pt.write(out));
        self.write_source(out, index);
    }

    /// Writes what an m-line for receiving offers, up to where its transport is to be described.
    pub(crate) fn begin_received(&self, out: &mut String, kind: Kind, mid: &str) {
        let types = self.offered.iter();
        let types = types.filter(|pt| pt.format.codec.kind() == kind);
        let numbers = types.flat_map(|pt| [Some(pt.number), pt.rtx]);
        let numbers: Vec<String> = numbers.flatten().map(|n| n.to_string()).collect();
        let numbers = numbers.join(" ");
        line(out, &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {numbers}"));
        line(out, "c=IN IP4 0.0.0.0");
        line(out, &format!("a=mid:{mid}"));
    }

    /// Writes the rest of it.
    pub(crate) fn finish_received(&self, out: &mut String, kind: Kind) {
        self.write_media(out, kind);
        line(out, "a=recvonly");
        let types = self.offered.iter();
        let types = types.filter(|pt| pt.format.codec.kind() == kind);
        types.for_each(|pt| pt.write(out));
    }

    /// Writes which source a line sends; nothing when it sends none.
    pub(crate) fn write_source(&self, out: &mut String, index: usize) {
        let carrying = self.all.get(index).filter(|line| line.sends);
        let Some((carrying, track)) = carrying.and_then(|c| Some((c, c.track.as_ref()?))) else {
            return;
        };
        line(out, &format!("a=msid:{} {}", track.stream, track.track));
        let (ssrc, rtx, cname) = (carrying.ssrc, carrying.rtx_ssrc, &self.cname);
        // Chromium takes the first for the one that is played.
        line(out, &format!("a=ssrc:{ssrc} cname:{cname}"));
        if carrying.kind == Kind::Video {
            line(out, &format!("a=ssrc:{rtx} cname:{cname}"));
            line(out, &format!("a=ssrc-group:FID {ssrc} {rtx}"));
        }
    }

    fn write_media(&self, out: &mut String, kind: Kind) {
        line(out, "a=rtcp-mux");
        for (usual, uri) in extensions::sent(kind) {
            let other = self.extension_ids.iter().find(|(name, _)| *name == uri);
            let id = other.map_or(usual, |(_, id)| *id);
            line(out, &format!("a=extmap:{id} {uri}"));
        }
    }

    /// What was agreed about a line by the remote's section for it.
    pub(crate) fn agreed(&self, index: usize, mid: &str, section: &str) -> Option<AgreedLine> {
        let line = self.all.get(index)?;
        let mid = mid.into();
        let accepted = sdp::payload_types(section);
        let types = self.offered.iter();
        let types = types.filter(|pt| accepted.contains(&pt.number));
        let types = types.map(|pt| {
            let rtx = pt.rtx.filter(|rtx| accepted.contains(rtx));
            (pt.number, rtx, pt.format)
        });
        let sends = line.sends && sdp::receives(section);
        let encoding = sends.then(|| EncodingConfig {
            ssrc: line.ssrc,
            rtx_ssrc: (line.kind == Kind::Video).then_some(line.rtx_ssrc),
            mid,
            rid: None,
            ids: sdp::extension_ids(section),
            cname: self.cname.clone(),
        });
        let media = Media::offered(mid, line.kind, PayloadTypes::new(types));
        Some(AgreedLine {
            index,
            media,
            encoding,
        })
    }

    fn types(&self, carrying: &Line) -> Vec<&PayloadType> {
        let fits = |pt: &&PayloadType| {
            let formats = &carrying.formats;
            pt.format.codec.kind() == carrying.kind
                && (formats.is_empty() || formats.iter().any(|f| f.fit(&pt.format).is_some()))
        };
        self.offered.iter().filter(fits).collect()
    }

    fn ssrc(&mut self) -> u32 {
        self.next_ssrc = self.next_ssrc.wrapping_add(1);
        self.next_ssrc
    }
}

/// How this side is reached.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) local: IceCredentials,
    pub(crate) fingerprint: String,
    /// As they are written.
    pub(crate) candidates: Vec<String>,
}

impl Transport {
    /// Writes the attributes of an m-line; `setup` is this side's part in DTLS (RFC 8842 §5.2).
    pub(crate) fn write(&self, out: &mut String, setup: &str) {
        line(out, &format!("a=ice-ufrag:{}", self.local.ufrag));
        line(out, &format!("a=ice-pwd:{}", self.local.pwd));
        line(out, &format!("a=fingerprint:{}", self.fingerprint));
        line(out, &format!("a=setup:{setup}"));
        for candidate in &self.candidates {
            line(out, &format!("a={candidate}"));
        }
        line(out, "a=end-of-candidates");
    }
}

impl PayloadType {
    fn write(&self, out: &mut String) {
        let number = self.number;
        line(out, &format!("a=rtpmap:{number} {}", self.rtpmap));
        line(out, &format!("a=rtcp-fb:{number} transport-cc"));
        if self.format.codec.kind() == Kind::Video {
            for feedback in ["ccm fir", "nack", "nack pli"] {
                line(out, &format!("a=rtcp-fb:{number} {feedback}"));
            }
        }
        if !self.fmtp.is_empty() {
            line(out, &format!("a=fmtp:{number} {}", self.fmtp));
        }
        if let Some(rtx) = self.rtx {
            let rate = self.format.clock_rate;
            line(out, &format!("a=rtpmap:{rtx} rtx/{rate}"));
            line(out, &format!("a=fmtp:{rtx} apt={number}"));
        }
    }
}

fn payload_type(params: &str0m::format::PayloadParams) -> Option<PayloadType> {
    let format = crate::formats::format(params)?;
    let (codec, rate) = (format.codec, format.clock_rate);
    let mut rtpmap = format!("{codec}/{rate}");
    let mut fmtp = params.spec().format.to_string();
    if format.codec == rtp::Codec::Opus {
        rtpmap.push_str("/2");
        let separator = if fmtp.is_empty() { "" } else { ";" };
        // Infallible: it is a `String`.
        let _written = write!(fmtp, "{separator}{}", sdp::OPUS_STEREO);
    }
    Some(PayloadType {
        number: *params.pt(),
        rtx: params.resend().map(|pt| *pt),
        format,
        rtpmap,
        fmtp,
    })
}

/// Writes the lines before the first m-line; `mids` are those of the bundle.
pub(crate) fn head<'a>(
    out: &mut String,
    (session, version): (u64, u64),
    mids: impl Iterator<Item = &'a str>,
    ice_lite: bool,
) {
    line(out, "v=0");
    line(out, &format!("o=- {session} {version} IN IP4 0.0.0.0"));
    line(out, "s=-");
    line(out, "t=0 0");
    let mids = mids.fold(String::new(), |mut all, mid| {
        all.push(' ');
        all.push_str(mid);
        all
    });
    line(out, &format!("a=group:BUNDLE{mids}"));
    line(out, "a=msid-semantic: WMS *");
    if ice_lite {
        line(out, "a=ice-lite");
    }
}

pub(crate) fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push_str("\r\n");
}
