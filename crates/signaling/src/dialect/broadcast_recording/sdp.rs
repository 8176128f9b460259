//! The parts of SDP that this dialect looks at.

/// The media sections of a description: each m-line with the lines below it.
fn sections(sdp: &str) -> impl Iterator<Item = &str> {
    let begins = sdp.match_indices("m=").map(|(at, _)| at);
    let begins = begins.filter(|at| *at == 0 || sdp.as_bytes().get(at - 1) == Some(&b'\n'));
    let mut begins: Vec<usize> = begins.collect();
    begins.push(sdp.len());
    let ranges: Vec<(usize, usize)> = begins.windows(2).map(|pair| (pair[0], pair[1])).collect();
    ranges
        .into_iter()
        .filter_map(|(from, to)| sdp.get(from..to))
}

/// The value of the first attribute with this name.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim_end);
    lines.find_map(|line| {
        line.strip_prefix("a=")?
            .strip_prefix(name)?
            .strip_prefix(':')
    })
}

/// Whether a section has this attribute without a value.
fn has(section: &str, flag: &str) -> bool {
    let mut lines = section.lines().map(str::trim_end);
    lines.any(|line| line.strip_prefix("a=") == Some(flag))
}

fn is_media(section: &str) -> bool {
    section.starts_with("m=audio") || section.starts_with("m=video")
}

/// Whether the side that wrote the section sends media on it.
fn sends(section: &str) -> bool {
    is_media(section) && (has(section, "sendonly") || has(section, "sendrecv"))
}

/// Whether the side that wrote the section receives media on it.
fn receives(section: &str) -> bool {
    is_media(section) && (has(section, "recvonly") || has(section, "sendrecv"))
}

/// Whether the side that wrote the description sends any media.
pub(super) fn carries(sdp: &str) -> bool {
    sections(sdp).any(sends)
}

/// Whether an answer has the same m-lines as an offer, in the same order.
pub(super) fn same_lines(offer: &str, answer: &str) -> bool {
    let mids = |sdp| sections(sdp).map(|section| attribute(section, "mid"));
    mids(offer).eq(mids(answer))
}

/// Whether an answer accepts every track that is offered, and no more (RFC 3264 §6.1).
pub(super) fn takes(offer: &str, answer: &str) -> bool {
    let mut pairs = sections(offer).zip(sections(answer));
    pairs.all(|(offered, answered)| {
        let taken = !sends(offered) || receives(answered);
        taken && (sends(offered) || !receives(answered))
    })
}

/// The part of a description that tells it from others: user name, session id and version of its
/// `o=` line (RFC 8829 §5.2.1). Without such a line, the whole description.
pub(super) fn origin(sdp: &str) -> &str {
    let Some(line) = sdp.lines().find(|line| line.starts_with("o=")) else {
        return sdp;
    };
    let end = line.match_indices(' ').nth(2);
    end.map_or(line, |(end, _)| &line[..end])
}

/// The answer to an offer by a client that receives every offered track and sends nothing.
pub(super) fn assumed(offer: &str) -> String {
    let turned = |line| match line {
        "a=sendonly" | "a=sendrecv" => "a=recvonly",
        "a=recvonly" => "a=inactive",
        line => line,
    };
    let lines = offer.lines().map(|line| turned(line.trim_end()));
    lines.flat_map(|line| [line, "\r\n"]).collect()
}

/// The candidates of the first m-line, its mid, and the ufrag. With BUNDLE they apply to all
/// m-lines.
pub(super) fn candidates(sdp: &str) -> (Vec<&str>, Option<&str>, Option<&str>) {
    let first = sections(sdp).next().unwrap_or_default();
    let lines = first.lines().map(str::trim_end);
    let lines = lines.filter_map(|line| line.strip_prefix("a="));
    let candidates = lines.filter(|line| line.starts_with("candidate:"));
    let ufrag = attribute(sdp, "ice-ufrag");
    (candidates.collect(), attribute(first, "mid"), ufrag)
}

/// Returns the description with Opus or VP8 as the first choice of every m-line that has it. The
/// broadcasts of this dialect use these codecs.
pub fn usual_codecs_first(sdp: &str) -> String {
    let head = sdp.find("\nm=").map_or(sdp.len(), |at| at + 1);
    let mut out = sdp.get(..head).unwrap_or_default().to_owned();
    for section in sections(sdp.get(head..).unwrap_or_default()) {
        match first_line(section) {
            Some(line) => {
                out += &line;
                out += section.find('\n').map_or("", |at| &section[at..]);
            }
            None => out += section,
        }
    }
    out
}

/// Returns the description without its `a=msid` lines, so that all tracks belong to one stream: a
/// broadcaster has a single one.
pub fn of_one_stream(sdp: &str) -> String {
    let lines = sdp.split_inclusive('\n');
    lines.filter(|line| !line.starts_with("a=msid:")).collect()
}

/// The m-line with Opus or VP8 first; `None` when the section has neither.
fn first_line(section: &str) -> Option<String> {
    let mut lines = section.split('\n');
    let line = lines.next()?;
    let usual = match line.split(' ').next() {
        Some("m=audio") => "OPUS/",
        Some("m=video") => "VP8/",
        _ => return None,
    };
    let mut maps = section
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:"));
    let first = maps.find_map(|map| {
        let (number, codec) = map.split_once(' ')?;
        codec
            .to_ascii_uppercase()
            .starts_with(usual)
            .then_some(number)
    })?;
    // The retransmission format of that codec moves to the front with it.
    let rtx = section
        .lines()
        .filter_map(|line| line.strip_prefix("a=fmtp:"));
    let rtx = rtx.filter_map(|fmtp| fmtp.split_once(' '));
    let apt = format!("apt={first}");
    let rtx = { rtx }.find_map(|(number, value)| (value.trim_end() == apt).then_some(number));
    let mut words: Vec<&str> = line.trim_end().split(' ').collect();
    let types = words.split_off(words.len().min(3));
    let is_first = |number: &&str| *number == first || Some(*number) == rtx;
    let (front, rest): (Vec<&str>, Vec<&str>) = types.into_iter().partition(is_first);
    words.extend(front);
    words.extend(rest);
    let end = if line.ends_with('\r') { "\r" } else { "" };
    Some(words.join(" ") + end)
}
