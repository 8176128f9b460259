//! What a token allows to who talks by a dialect that knows no tokens itself.

use broadcast::{OpenError, room};

use super::Control;

/// What a socket may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grants {
    /// Begin streams, broadcasts and rooms.
    pub(crate) publish: bool,
    /// Watch them.
    pub(crate) view: bool,
}

impl Control {
    /// What a token allows; refused when that is nothing.
    pub(crate) fn grants(&self, token: Option<&str>) -> Result<Grants, OpenError> {
        let state = self.state();
        let check = |role| state.registry.check_role(role, token);
        let (publish, view) = (check(room::Role::Publisher), check(room::Role::Viewer));
        let grants = Grants {
            publish: publish.is_ok(),
            view: view.is_ok(),
        };
        if grants.publish || grants.view {
            Ok(grants)
        } else {
            view.map(|()| grants)
        }
    }
}
