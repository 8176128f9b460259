use std::time::{Duration, Instant};

use headwater_sim::{ClientId, World};

pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The longest freeze that losses may cause. The viewers' library asks for a packet five times at
/// most, 133 ms apart, and whether a request gets through a lossy link is up to chance.
pub(crate) const REPAIRED: Duration = ms(5 * 133 + 50);

/// A world that prints its seed on failure.
pub(crate) struct Seeded(pub(crate) World);

pub(crate) fn world(seed: u64, shards: usize) -> Seeded {
    Seeded(World::new(
        seed,
        Instant::now(),
        shards,
        &shard::Config::default(),
    ))
}

impl std::ops::Deref for Seeded {
    type Target = World;
    fn deref(&self) -> &World {
        &self.0
    }
}

impl std::ops::DerefMut for Seeded {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.0
    }
}

impl Drop for Seeded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {} at {:?}", self.0.seed(), self.0.now());
        }
    }
}

/// Checks that every packet arrived, with one unbroken numbering of audio and one of video.
pub(crate) fn assert_whole(world: &World, viewer: ClientId) {
    assert_seamless(world, viewer);
    let settled = world.now().saturating_sub(s(1));
    let viewer = world.viewer(viewer);
    assert_eq!(viewer.video().missing(settled), [0_u64; 0], "video");
    assert_eq!(viewer.audio().missing(settled), [0_u64; 0], "audio");
}

/// Checks that what arrived has no discontinuity, and one SSRC for each kind of packet: audio,
/// video and its retransmissions.
pub(crate) fn assert_seamless(world: &World, viewer: ClientId) {
    let viewer = world.viewer(viewer);
    for track in [viewer.video(), viewer.audio()] {
        let faults = track.faults();
        assert!(
            faults.is_empty(),
            "{} faults, the first: {}",
            faults.len(),
            faults[0]
        );
        assert_eq!(track.foreign(), 0, "packets that nobody wrote");
    }
    assert!(viewer.ssrcs().len() <= 3, "{:?}", viewer.ssrcs());
}
