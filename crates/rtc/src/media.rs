use std::fmt;
use std::sync::Arc;

use rtp::{DescribedSet, Format, Kind};

use crate::formats::PayloadTypes;
use crate::sender::{EncodingIndex, Types};

/// One m-line of an established peer, in one direction.
#[derive(Debug)]
pub struct Media {
    mid: Box<str>,
    /// Audio or video.
    pub kind: Kind,
    rids: Vec<Box<str>>,
    types: PayloadTypes,
    /// When receiving: parameter sets from the remote's description.
    sets: Arc<[DescribedSet]>,
    /// When sending: its encoding in the sender; `None` while the remote does not receive it.
    pub(crate) encoding: Option<EncodingIndex>,
    /// When sending: the last packet's format and its payload type, cached since the format rarely
    /// changes.
    mapped: Option<(Format, Types)>,
}

impl Media {
    /// Creates a section that sends nothing yet.
    pub(crate) fn new(mid: &str, kind: Kind, types: PayloadTypes) -> Self {
        Self {
            mid: mid.into(),
            kind,
            rids: Vec::new(),
            types,
            sets: Arc::from([]),
            encoding: None,
            mapped: None,
        }
    }

    /// Creates a section that the remote sends on.
    pub(crate) fn received(section: &crate::receiver::ReceivedSection) -> Self {
        let types = PayloadTypes::new(section.types.clone());
        Self {
            rids: section.rids.clone(),
            sets: section.sets.as_slice().into(),
            ..Self::new(&section.mid, section.kind, types)
        }
    }

    /// Returns the `a=mid` value.
    pub fn mid(&self) -> &str {
        &self.mid
    }

    /// Returns the simulcast rids in the order of the SDP; empty without simulcast.
    pub fn rids(&self) -> Vec<String> {
        self.rids.iter().map(|rid| rid.to_string()).collect()
    }

    /// Returns the parameter sets in the remote's description.
    pub fn described_sets(&self) -> Arc<[DescribedSet]> {
        self.sets.clone()
    }

    /// Iterates over the negotiated formats, the remote's preference first.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        self.types.formats()
    }

    /// Whether the remote accepts packets of this format.
    pub fn accepts(&self, format: &Format) -> bool {
        self.types.best_for(format).is_some()
    }

    /// Returns the names of the negotiated codecs, each once.
    pub fn codecs(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.formats().map(|format| format.codec.to_string()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Returns the payload type for packets of this format; `None` when the remote does not accept
    /// them.
    pub(crate) fn types_for(&mut self, format: &Format) -> Option<Types> {
        if let Some((last, types)) = self.mapped
            && last == *format
        {
            return Some(types);
        }
        let types = self.types.best_for(format)?;
        self.mapped = Some((*format, types));
        Some(types)
    }
}

impl fmt::Display for Media {
    /// Such as `video VP8 H264 in layers h m l`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.codecs().join(" "))?;
        if !self.rids.is_empty() {
            write!(f, " in layers {}", self.rids.join(" "))?;
        }
        Ok(())
    }
}
