use std::time::{Instant, SystemTime};

use rtc::{Certificate, Config, Direction, Offering, WallClock};

/// An offer of a publisher that will never connect.
pub(crate) fn publishing() -> String {
    let now = Instant::now();
    let config = Config {
        certificate: Certificate::generate(),
        candidates: vec!["127.0.0.1:9".parse().expect("an address")],
        announce_ice_lite: false,
        wall_clock: WallClock {
            instant: now,
            time: SystemTime::now(),
        },
    };
    let offering = Offering::new(&config, Direction::Send, &[], now);
    offering.sdp().to_owned()
}
