use std::time::Instant;

use client::{Certificate, Config, Direction, Offering};
use rtp::Kind;

/// An offer of a publisher that will never connect.
pub(crate) fn publishing() -> String {
    offer(Direction::Send)
}

/// An offer of a viewer that will never connect.
pub(crate) fn watching() -> String {
    offer(Direction::Receive)
}

/// The offer with only its first m-line, which is audio, or only its second, which is video.
pub(crate) fn only(offer: &str, kind: Kind) -> String {
    let at = |line| offer.find(line).expect("both m-lines");
    let (audio, video) = (at("m=audio"), at("m=video"));
    let line = match kind {
        Kind::Audio => &offer[audio..video],
        Kind::Video => &offer[video..],
    };
    let (_, mid) = line.split_once("a=mid:").expect("a mid");
    let mid = mid.lines().next().expect("a mid");
    let session: String = offer[..audio]
        .lines()
        .map(|line| match line.strip_prefix("a=group:BUNDLE ") {
            Some(_) => format!("a=group:BUNDLE {mid}\r\n"),
            None => format!("{line}\r\n"),
        })
        .collect();
    session + line
}

fn offer(direction: Direction) -> String {
    let config = Config::new(&Certificate::generate(), ([127, 0, 0, 1], 9).into());
    let offering = Offering::new(&config, direction, &[], Instant::now());
    offering.sdp().to_owned()
}
