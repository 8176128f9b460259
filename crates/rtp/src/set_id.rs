/// The identity of a parameter set: it replaces one of the same type and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SetId {
    pub(crate) nal_type: u8,
    pub(crate) id: u32,
}
