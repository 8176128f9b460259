use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rtp::{DescribedSet, Format, Kind};

use crate::formats::PayloadTypes;
use crate::sender::Types;

/// Encodings of one section; further rids of an offer are not received.
pub const LAYERS_MAX: usize = 4;

/// One section of an established peer, as one side sends on it.
#[derive(Debug)]
pub struct Media {
    mid: Box<str>,
    /// Audio or video.
    pub kind: Kind,
    rids: Vec<Box<str>>,
    types: PayloadTypes,
    /// Received: parameter sets that the description carries.
    sets: Arc<[DescribedSet]>,
    /// Sending: numbers of its encodings.
    pub(crate) encodings: Range<usize>,
    /// Sending: how the last packet's format went, since it rarely changes.
    mapped: Option<(Format, Types)>,
}

impl Media {
    /// A section that sends nothing yet.
    pub(crate) fn new(mid: &str, kind: Kind, types: PayloadTypes) -> Self {
        Self {
            mid: mid.into(),
            kind,
            rids: Vec::new(),
            types,
            sets: Arc::from([]),
            encodings: 0..0,
            mapped: None,
        }
    }

    /// A section that is received.
    pub(crate) fn received(section: &crate::receiver::ReceivedSection) -> Self {
        let types = PayloadTypes::new(section.types.clone());
        Self {
            rids: section.rids.clone(),
            sets: section.sets.as_slice().into(),
            ..Self::new(&section.mid, section.kind, types)
        }
    }

    /// The `a=mid` value.
    pub fn mid(&self) -> &str {
        &self.mid
    }

    /// Simulcast rids in the order of the SDP; empty without simulcast.
    pub fn rids(&self) -> Vec<String> {
        self.rids.iter().map(|rid| rid.to_string()).collect()
    }

    /// Parameter sets that the remote's description carries.
    pub fn described_sets(&self) -> Arc<[DescribedSet]> {
        self.sets.clone()
    }

    /// What was negotiated, the remote's preference first.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        self.types.formats()
    }

    /// Whether the remote can take packets of this format.
    pub fn accepts(&self, format: &Format) -> bool {
        self.types.best_for(format).is_some()
    }

    /// Names of the negotiated codecs, each once.
    pub fn codecs(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.formats().map(|format| format.codec.to_string()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How packets of this format are sent; `None` when the remote does not take them.
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
