use rtp::Bitrate;

/// What is measured of the path to a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The bandwidth that the path carries.
    pub bandwidth: Bitrate,
    /// The path queues or drops packets now. The bandwidth may fall without that, for example when
    /// the viewer's machine is busy.
    pub congested: bool,
}
