//! A user that loses packets of another.

use serde_json::{Value, json};

use super::user::User;
use crate::media::{Client, Line, Publisher, Viewer};
use crate::running::Running;

/// The SDP answer in the data of a response.
fn answer(done: &Value) -> &str {
    done["jsep"]["sdp"].as_str().expect("an answer")
}

#[test]
fn lost_packets_are_resent_and_pli_reaches_the_publisher() {
    let server = Running::start(&[]);
    let mut rio = User::join(&server, "rio", "dojo");
    let mut kai = User::join(&server, "kai", "dojo");
    let mut camera = Client::new();
    let jsep = json!({ "type": "offer", "sdp": camera.offer(&[Line::Sent]) });
    let minfo = json!({ "audio": false, "video": true });
    let published = rio.done(
        "publish",
        &json!({ "rid": "dojo", "jsep": jsep, "minfo": minfo }),
    );
    camera.accept(answer(&published));
    let publisher = Publisher::begin(camera);

    let mut screen = Client::new();
    let jsep = json!({ "type": "offer", "sdp": screen.offer(&[Line::Received]) });
    let watched = json!({ "rid": "dojo", "mid": published["mid"], "jsep": jsep });
    screen.accept(answer(&kai.done("subscribe", &watched)));
    let mut viewer = Viewer::begin(screen);
    viewer.loses_packets();
    viewer.asks_for_a_key_frame(&publisher);
}
