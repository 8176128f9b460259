//! Clients without media, and a publisher with media.

use base64::prelude::{BASE64_STANDARD, Engine};
use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

/// A frame that has not come after this time does not come at all: the server answers at once.
pub(super) const QUIET: Duration = Duration::from_millis(700);

/// Sessions here never connect, and must not time out.
pub(super) const PATIENT: (&str, &str) = ("HEADWATER_MEDIA__CONNECT_TIMEOUT_S", "600");

/// An offer of data channels alone.
pub(super) fn data_offer() -> String {
    let mut fingerprint = String::from("00");
    for byte in 1..32 {
        write!(fingerprint, ":{byte:02X}").expect("a String takes everything");
    }
    format!(
        "v=0\r\no=- 11 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
         a=ice-ufrag:aB3d\r\na=ice-pwd:0123456789abcdefghijklmn\r\n\
         a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:0\r\n\
         a=sctp-port:5000\r\na=max-message-size:262144\r\n"
    )
}

/// Base64, as browsers write it.
pub(super) fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

/// A description as clients encode it.
pub(super) fn described(kind: &str, sdp: &str) -> String {
    base64(&json!({ "type": kind, "sdp": sdp }).to_string())
}

pub(super) fn request(kind: &str, message: &str, (room, user): (&str, &str)) -> Value {
    json!({ "type": kind, "message": message, "userId": user, "roomId": room })
}

pub(super) fn broadcasting(offer: &str, names: (&str, &str)) -> Value {
    request("broadcastRequest", &described("offer", offer), names)
}

pub(super) fn subscribing(names: (&str, &str)) -> Value {
    request(
        "subscribeRequest",
        &described("offer", &data_offer()),
        names,
    )
}

pub(super) fn answer(sdp: &str) -> Value {
    json!({ "type": "remoteAnswer", "message": described("answer", sdp) })
}

/// An answer that accepts all of an offer, over the transport of [`data_offer`]. `version` is the
/// version in its o-line.
pub(super) fn taking(offer: &str, version: u32) -> String {
    let transport = data_offer();
    let own = |name: &str| {
        let mut lines = transport.lines();
        lines
            .find(|line| line.starts_with(name))
            .expect("it is there")
    };
    let lines = offer.lines().map(|line| match line {
        "a=sendonly" => "a=recvonly".to_owned(),
        "a=setup:actpass" => "a=setup:active".to_owned(),
        _ if line.starts_with("o=") => format!("o=- 11 {version} IN IP4 127.0.0.1"),
        _ => {
            let names = ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint"];
            let name = names.iter().find(|name| line.starts_with(**name));
            name.map_or(line, |name| own(name)).to_owned()
        }
    });
    lines.map(|line| format!("{line}\r\n")).collect()
}

pub(super) fn comes(server: &Running) -> Wire {
    Wire::open(&server.address, "/ws")
}

/// Waits for the next frame that is no candidate, and checks its kind. Returns its message.
pub(super) fn told(wire: &mut Wire, kind: &str) -> Value {
    let frame = wire.until(|frame| frame["type"] != "iceCandidate");
    assert_eq!(frame["type"], kind, "{frame}");
    frame["message"].clone()
}

/// All frames but candidates, until none comes for [`QUIET`].
pub(super) fn quiet(wire: &mut Wire) -> Vec<Value> {
    let mut all = Vec::new();
    while let Some(frame) = wire.within(QUIET) {
        if frame["type"] != "iceCandidate" {
            all.push(frame);
        }
    }
    all
}

/// A subscriber without media, whose request was accepted.
pub(super) fn subscriber(server: &Running, names: (&str, &str)) -> Wire {
    let mut wire = comes(server);
    wire.send(&subscribing(names));
    told(&mut wire, "remoteDescription");
    wire
}

/// The SDP of an offer of the server.
pub(super) fn sdp(message: &Value) -> &str {
    assert_eq!(message["type"], "offer", "{message}");
    message["sdp"].as_str().expect("a text")
}

/// A WHIP publisher with media, killed when this value is dropped.
pub(super) struct Publisher(Child);

impl Publisher {
    pub(super) fn begin(server: &Running, stream: &str) -> Self {
        let url = format!("http://{}", server.address);
        let whip = format!("{url}/whip/{stream}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
        let command = command.args(["bench", &url, "--whip", &whip, "--audio"]);
        let command = command.args(["--viewers", "0", "--time", "3600", "--bitrate", "300"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.expect("a publisher"))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
