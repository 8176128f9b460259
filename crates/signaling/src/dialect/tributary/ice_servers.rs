use serde_json::value::RawValue;

/// The list of STUN and TURN servers that peers are told, as the configuration has it.
#[derive(Debug, Clone)]
pub struct IceServers(Option<Box<RawValue>>);

impl IceServers {
    /// Keeps a JSON array as it is. With any other text, peers that ask for the list are told so.
    pub fn new(json: &str) -> Self {
        let list = serde_json::from_str::<Box<RawValue>>(json).ok();
        Self(list.filter(|list| list.get().starts_with('[')))
    }

    /// `None`: what the configuration has is no list.
    pub(super) fn json(&self) -> Option<&str> {
        self.0.as_deref().map(RawValue::get)
    }
}
