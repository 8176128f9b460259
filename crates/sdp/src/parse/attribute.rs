//! Attributes that only add an option. Malformed ones, duplicates and those beyond a limit are
//! ignored.

use crate::codec::{Codec, Extension};
use crate::direction::Direction;
use crate::error::Reason;
use crate::limits::{
    EXTENSION_URI_MAX, EXTENSIONS_MAX, FEEDBACK_BYTES_MAX, FEEDBACKS_MAX, MSIDS_MAX, NAME_MAX,
    PARAMETERS_MAX, RIDS_MAX, SOURCE_GROUPS_MAX, SSRCS_MAX,
};
use crate::line::{first_word, is_word, number};
use crate::simulcast::{Rid, RidDirection, Simulcast, is_rid};
use crate::sources::{Msid, Source, SourceGroup};

/// Reads `opus/48000/2`. The first `rtpmap` of a payload type counts.
pub(super) fn rtpmap(codec: &mut Codec, value: &str) {
    let (encoding, _) = first_word(value);
    let mut parts = encoding.split('/');
    let (Some(name), Some(clock_rate)) = (parts.next(), parts.next().and_then(number)) else {
        return;
    };
    if !codec.name.is_empty() || !is_word(name) || clock_rate == 0 {
        return;
    }
    codec.name = name.to_owned();
    codec.clock_rate = clock_rate;
    codec.channels = parts
        .next()
        .and_then(number)
        .filter(|channels| *channels > 0);
}

/// Fills in a static audio payload type (RFC 3551 §6), unless the section describes it.
pub(super) fn name_static(codec: &mut Codec) {
    let name = match codec.payload_type {
        0 => "PCMU",
        8 => "PCMA",
        9 => "G722",
        _ => return,
    };
    if codec.name.is_empty() {
        codec.name = name.to_owned();
        codec.clock_rate = 8_000;
    }
}

/// Reads `minptime=10;useinbandfec=1`. Several lines for one payload type are joined.
pub(super) fn fmtp(codec: &mut Codec, value: &str) {
    if value.is_empty() || codec.parameters.len() + 1 + value.len() > PARAMETERS_MAX {
        return;
    }
    if !codec.parameters.is_empty() {
        codec.parameters.push(';');
    }
    codec.parameters.push_str(value);
}

/// Reads `nack pli`. White space between words is reduced to one space, so that messages can be
/// compared as text.
pub(super) fn feedback(messages: &mut Vec<String>, value: &str) {
    if value.is_empty() || value.len() > FEEDBACK_BYTES_MAX || messages.len() >= FEEDBACKS_MAX {
        return;
    }
    let message = if value.contains("  ") || value.contains('\t') {
        value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        value.to_owned()
    };
    if !messages.contains(&message) {
        messages.push(message);
    }
}

/// Reads `3/sendonly urn:ietf:params:rtp-hdrext:sdes:mid`. Identifiers from 256 on, which leave
/// the choice to the answer (RFC 8285 §5), are ignored.
pub(super) fn extension(extensions: &mut Vec<Extension>, value: &str) {
    let (key, rest) = first_word(value);
    let (uri, _) = first_word(rest);
    let (id, direction) = key.split_once('/').unwrap_or((key, ""));
    let Some(id) = number(id).filter(|id| *id > 0) else {
        return;
    };
    let known = extensions.iter().any(|extension| extension.id == id);
    if known || !is_word(uri) || uri.len() > EXTENSION_URI_MAX || extensions.len() >= EXTENSIONS_MAX
    {
        return;
    }
    extensions.push(Extension {
        id,
        direction: Direction::parse(direction),
        uri: uri.to_owned(),
    });
}

/// Reads `stream track`.
pub(super) fn msid(msids: &mut Vec<Msid>, value: &str) {
    if msids.len() >= MSIDS_MAX {
        return;
    }
    if let Some(msid) = Msid::parse(value).filter(|msid| !msids.contains(msid)) {
        msids.push(msid);
    }
}

/// Reads `2231627014 cname:4TOk42mSjXCkVIa6`. Lines of one SSRC are merged.
pub(super) fn source(sources: &mut Vec<Source>, value: &str) {
    let (ssrc, rest) = first_word(value);
    let Some(ssrc) = number(ssrc) else {
        return;
    };
    let position = sources.iter().position(|source| source.ssrc == ssrc);
    if position.is_none() {
        // The limit is checked before anything is stored.
        if sources.len() >= SSRCS_MAX {
            return;
        }
        sources.push(Source {
            ssrc,
            cname: None,
            msid: None,
        });
    }
    let position = position.unwrap_or(sources.len() - 1);
    let (Some(source), Some((name, value))) = (sources.get_mut(position), rest.split_once(':'))
    else {
        return;
    };
    let value = value.trim_ascii();
    match name {
        "cname" if !value.is_empty() => source.cname = Some(value.to_owned()),
        "msid" => source.msid = Msid::parse(value),
        _ => {}
    }
}

/// Reads `FID 2231627014 632943048`.
pub(super) fn source_group(groups: &mut Vec<SourceGroup>, value: &str) {
    if groups.len() >= SOURCE_GROUPS_MAX {
        return;
    }
    let (semantics, rest) = first_word(value);
    let ssrcs: Vec<u32> = rest
        .split_ascii_whitespace()
        .map_while(number)
        .take(SSRCS_MAX)
        .collect();
    if !ssrcs.is_empty() {
        groups.push(SourceGroup {
            semantics: semantics.to_owned(),
            ssrcs,
        });
    }
}

/// Reads `hi send max-width=1280`. A malformed rid is ignored (RFC 8851 §6). A name that is too
/// long is refused, because the publisher would silently lose a layer.
pub(super) fn rid(rids: &mut Vec<Rid>, value: &str) -> Result<(), Reason> {
    let (id, rest) = first_word(value);
    let (direction, parameters) = first_word(rest);
    let direction = match direction {
        "send" => RidDirection::Send,
        "recv" => RidDirection::Receive,
        _ => return Ok(()),
    };
    if id.len() > NAME_MAX {
        return Err(Reason::Rid);
    }
    if rids.len() < RIDS_MAX && is_rid(id) && rids.iter().all(|rid| rid.id != id) {
        rids.push(Rid {
            id: id.to_owned(),
            direction,
            parameters: parameters.to_owned(),
        });
    }
    Ok(())
}

/// Reads `send hi;lo`. The first `simulcast` of a section counts.
pub(super) fn simulcast(simulcast: &mut Option<Simulcast>, value: &str) {
    if simulcast.is_none() {
        *simulcast = Some(Simulcast::parse(value));
    }
}
