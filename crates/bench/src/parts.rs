use crate::{forwarding, instructions, signalling, stages};

/// The costs of the parts.
pub(crate) struct Parts {
    pub(crate) forwarding: Vec<forwarding::Forwarding>,
    pub(crate) stages: Stages,
    pub(crate) instructions: Option<instructions::Instructions>,
    pub(crate) signalling: Vec<signalling::Cost>,
}

/// The costs of the stages that a packet passes.
pub(crate) struct Stages {
    pub(crate) ingest: stages::Took,
    pub(crate) choose: stages::Took,
    pub(crate) write: stages::Took,
}

/// Measures all parts, for minutes.
pub(crate) fn measure() -> anyhow::Result<Parts> {
    Ok(Parts {
        forwarding: forwarding::measure()?,
        stages: Stages {
            ingest: stages::ingest()?,
            choose: stages::choose(),
            write: stages::write()?,
        },
        instructions: instructions::measure()?,
        signalling: signalling::measure()?,
    })
}
