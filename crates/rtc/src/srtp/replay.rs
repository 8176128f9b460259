use crate::window::Window;

/// SSRCs whose SRTCP packets are tracked against replay; a further one replaces the oldest.
const REPLAY_SOURCES: usize = 4;

/// Replay protection for SRTCP (RFC 3711 §3.3.2).
#[derive(Debug, Default)]
pub struct Replay {
    sources: [Option<(u32, Window<1>)>; REPLAY_SOURCES],
    next: usize,
}

impl Replay {
    /// Records an authentic packet; returns whether it is new. A packet too old for the window
    /// counts as replayed.
    pub fn is_new(&mut self, ssrc: u32, index: u32) -> bool {
        let mut known = self.sources.iter_mut().flatten();
        if let Some((_, window)) = known.find(|(source, _)| *source == ssrc) {
            return window.take(index.into());
        }
        let mut window = Window::default();
        window.take(index.into());
        self.sources[self.next] = Some((ssrc, window));
        self.next = (self.next + 1) % REPLAY_SOURCES;
        true
    }
}
