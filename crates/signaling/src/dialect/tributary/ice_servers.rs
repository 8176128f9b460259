use serde_json::value::RawValue;

/// The list of STUN and TURN servers for peers, as JSON from the configuration.
#[derive(Debug, Clone)]
pub struct IceServers(Option<Box<RawValue>>);

impl IceServers {
    /// Keeps a JSON array byte for byte. With any other text, peers that ask for the list get an
    /// error.
    pub fn new(json: &str) -> Self {
        let list = serde_json::from_str::<Box<RawValue>>(json).ok();
        Self(list.filter(|list| list.get().starts_with('[')))
    }

    /// The list; `None` when the configured text is not a JSON array.
    pub(super) fn json(&self) -> Option<&str> {
        self.0.as_deref().map(RawValue::get)
    }
}
