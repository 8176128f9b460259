//! Clients without media, and a stream with it.

use base64::prelude::{BASE64_STANDARD, Engine};
use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

/// Nothing of this comes within so long when it does not come at all: the server answers at once.
pub(super) const QUIET: Duration = Duration::from_millis(700);

/// Sessions here never connect: their end is not to come by itself.
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

/// A description in the words of clients.
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

/// An answer to an offer that takes all of it, over the transport of [`data_offer`]. Descriptions of
/// one client have versions.
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

/// The next frame of this kind. Candidates may come before it.
pub(super) fn told(wire: &mut Wire, kind: &str) -> Value {
    let frame = wire.until(|frame| frame["type"] != "iceCandidate");
    assert_eq!(frame["type"], kind, "{frame}");
    frame["message"].clone()
}

/// All that comes within a moment, without candidates.
pub(super) fn quiet(wire: &mut Wire) -> Vec<Value> {
    let mut all = Vec::new();
    while let Some(frame) = wire.within(QUIET) {
        if frame["type"] != "iceCandidate" {
            all.push(frame);
        }
    }
    all
}

/// A receiver without media, whose request was accepted.
pub(super) fn subscriber(server: &Running, names: (&str, &str)) -> Wire {
    let mut wire = comes(server);
    wire.send(&subscribing(names));
    told(&mut wire, "remoteDescription");
    wire
}

/// The text of an offer of the server.
pub(super) fn sdp(message: &Value) -> &str {
    assert_eq!(message["type"], "offer", "{message}");
    message["sdp"].as_str().expect("a text")
}

/// A publisher with media, by WHIP; ends with this value.
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
