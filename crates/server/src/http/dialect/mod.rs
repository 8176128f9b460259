//! The dialects: one folder each, with one function that mounts it.
//!
//! A dialect knows its own module of [`signaling::dialect`] and nothing of the other dialects.
//! Nothing outside this folder names one of them.

mod broadcast_recording;
mod gortc;
mod headwater;
mod live_room;
mod mount;
mod pion_sfu;
mod tributary;
mod whip_whep;

pub(crate) use mount::Listener;
pub(super) use mount::Mount;

/// Adds the routes of a dialect to the main port, and says which port of its own it listens on.
type Plug = fn(&mut Mount<'_>);

/// All dialects. A new one is a line here, a folder beside this file, and one in `signaling`.
const ALL: [Plug; 7] = [
    broadcast_recording::mount,
    gortc::mount,
    headwater::mount,
    live_room::mount,
    pion_sfu::mount,
    tributary::mount,
    whip_whep::mount,
];

/// Mounts all dialects.
pub(super) fn mount_all(mount: &mut Mount<'_>) {
    for plug in ALL {
        plug(mount);
    }
}
