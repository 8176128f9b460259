//! A subscriber that loses packets.

use super::LAB;
use super::people::{answer, broadcasting, comes, described, request, sdp, told};
use crate::media::{Client, Line, Publisher, Viewer};
use crate::running::Running;

#[test]
fn lost_packets_are_resent_and_pli_reaches_the_broadcaster() {
    let server = Running::start(&[]);
    let (mut ana, mut camera) = (comes(&server), Client::new());
    let offer = camera.offer(&[Line::Sent, Line::Channels]);
    ana.send(&broadcasting(&offer, LAB));
    let description = told(&mut ana, "remoteDescription");
    camera.accept(description["sdp"].as_str().expect("a text"));
    let publisher = Publisher::begin(camera);

    let (mut bob, mut screen) = (comes(&server), Client::new());
    let offer = described("offer", &screen.offer(&[Line::Channels]));
    bob.send(&request("subscribeRequest", &offer, LAB));
    let description = told(&mut bob, "remoteDescription");
    screen.accept(description["sdp"].as_str().expect("a text"));
    let offer = told(&mut bob, "remoteOffer");
    bob.send(&answer(&screen.answer(sdp(&offer))));
    let mut viewer = Viewer::begin(screen);
    viewer.loses_packets();
    viewer.asks_for_a_key_frame(&publisher);
}
