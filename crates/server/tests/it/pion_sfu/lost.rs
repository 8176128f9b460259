//! A participant that loses packets of another.

use serde_json::json;

use super::person::Person;
use crate::media::{Client, Line, Publisher, Viewer};
use crate::running::Running;

/// Joins and publishes a camera.
fn joins(server: &Running, id: &str) -> (Person, Client) {
    let mut person = Person::joins(server, "attic", id);
    let mut client = Client::new();
    person.offer = client.offer(&[Line::Sent]);
    client.accept(&person.publish());
    (person, client)
}

#[test]
fn lost_packets_are_resent_and_pli_reaches_the_publisher() {
    let server = Running::start(&[]);
    let (_mia, camera) = joins(&server, "mia");
    let publisher = Publisher::begin(camera);
    // Leo's own camera sends nothing.
    let (mut leo, mut screen) = joins(&server, "leo");
    let offer = leo.comes_next("offer");
    let answer = screen.answer(offer["sdp"].as_str().expect("a description"));
    leo.tell(
        "answer",
        json!({ "answer": { "type": "answer", "sdp": answer } }),
    );
    let mut viewer = Viewer::begin(screen);
    viewer.loses_packets();
    viewer.asks_for_a_key_frame(&publisher);
}
