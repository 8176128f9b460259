//! What a fuzzer does, one step at a time.

use super::mutation::{mutate, raw, text, worse};
use super::*;

impl Fuzzer {
    /// Sends a valid request, which may not be allowed.
    pub(super) async fn good(&mut self) {
        self.count("good request");
        let (method, params) = self.request();
        self.client.ask(method, params).await;
    }

    /// Sends a request with one to three random changes.
    pub(super) async fn mutated(&mut self) {
        self.count("mutated request");
        let (method, mut params) = self.request();
        for _ in 0..self.rng.usize(1..4) {
            mutate(&mut self.rng, &mut params);
        }
        let unknown = ["", "Join", "sing", "\u{0}", "ping ", "publish\u{1f600}"];
        let method = if self.rng.u8(..8) == 0 {
            self.rng.choice(unknown).expect("some")
        } else {
            method
        };
        self.client.ask(method, params).await;
    }

    /// Sends a request for a peer connection, with a valid, broken or random description.
    pub(super) async fn media(&mut self) {
        self.count("media request");
        let (method, params) = match self.rng.u8(..8) {
            0..3 => (
                "publish",
                json!({"tracks": self.tracks(), "sdp": self.sdp(), "label": self.label()}),
            ),
            3 => {
                let (number, offer) = self.offered.clone().unwrap_or((1, String::new()));
                let sdp = if self.rng.bool() { offer } else { self.sdp() };
                ("answer", json!({"offer": number, "sdp": sdp}))
            }
            4 => {
                let number = self.rng.u32(..5);
                ("answer", json!({"offer": number, "sdp": self.sdp()}))
            }
            5 => {
                let candidate = "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host";
                let count = self.rng.choice([0, 1, 3, 64, 65]).expect("some");
                let candidates: Vec<_> = (0..count)
                    .map(|_| {
                        if self.rng.bool() {
                            candidate.to_owned()
                        } else {
                            text(&mut self.rng, 60)
                        }
                    })
                    .collect();
                (
                    "trickle",
                    json!({"peer": self.peer(), "candidates": candidates}),
                )
            }
            6 => ("restart", json!({"peer": self.peer(), "sdp": self.sdp()})),
            _ => ("restart", json!({"peer": self.peer()})),
        };
        self.client.ask(method, params).await;
    }

    /// Sends a frame that is not a request. The server closes the socket, but not the session.
    pub(super) async fn unreadable(&mut self) {
        self.count("unreadable frame");
        let deep = format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000));
        let frames = [
            String::new(),
            "hello".to_owned(),
            "{\"id\":1}".to_owned(),
            "{\"id\":-1,\"method\":\"ping\"}".to_owned(),
            "{\"id\":1e3,\"method\":\"ping\"}".to_owned(),
            "{\"id\":\"1\",\"method\":\"ping\"}".to_owned(),
            "{\"id\":18446744073709551616,\"method\":\"ping\"}".to_owned(),
            "{\"id\":1,\"method\":7}".to_owned(),
            "{\"id\":1,\"method\":\"ping\",\"seen\":-1}".to_owned(),
            "{\"id\":1,\"method\":\"ping\"}{".to_owned(),
            "[1,\"ping\",{},1]".to_owned(),
            format!("{{\"id\":1,\"method\":{deep}}}"),
            deep,
            text(&mut self.rng, 300),
        ];
        let frame = if self.rng.u8(..8) == 0 {
            Frame::Binary(Bytes::from_static(b"\x00\xffping"))
        } else {
            let frame = self.rng.choice(frames).expect("some");
            Frame::Text(frame.into())
        };
        self.client.send(frame).await;
        self.is_sent_away(&[Some(POLICY)]).await;
    }

    /// Sends a huge text. Up to the limit of a frame it is refused by a response; for a longer
    /// frame the server closes the socket.
    pub(super) async fn oversized(&mut self) {
        self.count("huge text");
        let length = self.rng.choice([
            16_384,
            16_385,
            100_000,
            FRAME_MAX - 200,
            FRAME_MAX + 1,
            2 * FRAME_MAX,
        ]);
        let length = length.expect("some");
        let letter = self.rng.choice(["x", "\u{1}", "ü"]).expect("some");
        let field = self
            .rng
            .choice(["body", "topic", "name", "metadata", "sdp", "reason"]);
        let huge = if length > FRAME_MAX - 200 {
            "x".repeat(length)
        } else {
            // A JSON escape takes up to six bytes.
            letter.repeat(length / 6)
        };
        let (method, params) = match field {
            Some("body") => ("send", json!({"body": huge})),
            Some("topic") => ("send", json!({"body": "", "topic": huge})),
            Some("sdp") => ("publish", json!({"tracks": [{"mid": "0"}], "sdp": huge})),
            Some("reason") => (
                "host",
                json!({"action": "kick", "participant": "p1", "reason": huge}),
            ),
            field => ("metadata", json!({field.expect("some"): huge})),
        };
        if length <= FRAME_MAX - 200 {
            self.client.ask(method, params).await;
            return;
        }
        // Not by `ask`, which would repeat the request after `resume`.
        let frame = json!({"id": u64::MAX, "method": method, "params": params});
        self.client
            .send(Frame::Text(frame.to_string().into()))
            .await;
        // The close frame may be lost, as the server resets a connection with unread data.
        self.is_sent_away(&[Some(POLICY), None]).await;
    }

    pub(super) async fn out_of_order(&mut self) {
        self.count("id out of order");
        let last = self.client.last_id();
        let id = if self.rng.bool() {
            last
        } else {
            self.rng.u64(..=last)
        };
        let (method, params) = self.request();
        self.client.ask_as(id, method, raw(&params)).await;
    }

    pub(super) async fn large_id(&mut self) {
        self.count("large id");
        let last = self.client.last_id();
        let id = match self.rng.u8(..40) {
            0 => u64::MAX,
            1..20 => last.saturating_add(self.rng.u64(1..1_000)),
            _ => last.saturating_add(self.rng.u64(1..1 << 40)),
        };
        let (method, params) = self.request();
        self.client.ask_as(id, method, raw(&params)).await;
    }

    pub(super) async fn drop_socket(&mut self) {
        self.count("lost socket");
        for _ in 0..self.rng.usize(..4) {
            let (method, params) = self.request();
            self.client.ask(method, params).await;
        }
        match self.rng.u8(..3) {
            0 => self.client.drop_socket(),
            1 => {
                let polite = self.client.close_socket().await;
                assert!(polite, "a close is answered");
            }
            _ => {
                // The new socket is lost too, before it has received anything.
                self.client.vanish_while_resuming().await;
            }
        }
    }

    /// A stranger without the session's secret tries to resume it and to join invalid rooms. It
    /// must not succeed or disturb others.
    pub(super) async fn intrude(&mut self) {
        self.count("intruder");
        let mut intruder = RoomClient::connect(&self.url).await;
        let own = self.client.session().expect("has joined").to_owned();
        let seen = self.client.seen();
        let mut almost = own.clone();
        almost.truncate(own.len() - 1);
        let attempts = [
            json!({"session": "", "seen": 0}),
            json!({"session": "+1", "seen": 0}),
            json!({"session": almost, "seen": 0}),
            json!({"session": format!("{own}0"), "seen": 0}),
            json!({"session": text(&mut self.rng, 40), "seen": 0}),
            json!({"session": own, "seen": seen + 1_000_000}),
            json!({"session": own, "seen": u64::MAX}),
            json!({"session": format!("{:032x}", self.rng.u128(..)), "seen": seen}),
        ];
        for params in attempts {
            let refused = intruder.request("resume", params).await;
            assert_eq!(refused.expect_err("wrong").code, Code::SessionGone);
        }
        let refused = intruder.request("ping", json!({})).await;
        assert_eq!(refused.expect_err("not joined").code, Code::NotJoined);
        for room in ["", ".", "a/b", "ä", &"x".repeat(200)] {
            let refused = intruder.request("join", json!({"room": room})).await;
            assert_eq!(refused.expect_err("no room").code, Code::BadRequest);
        }
        intruder.drop_socket();
    }

    /// Resumes over a second socket. The server tells the first one that it was replaced.
    pub(super) async fn take_over(&mut self) {
        self.count("takeover");
        for _ in 0..self.rng.usize(..3) {
            let (method, params) = self.request();
            self.client.ask(method, params).await;
        }
        self.resume().await;
    }

    /// Joins again with the same id, which replaces the old participation.
    pub(super) async fn replace(&mut self) {
        self.count("replacement");
        let mut old = std::mem::replace(&mut self.client, RoomClient::absent(&self.url));
        self.enter().await;
        while let Incoming::Frame = old.read().await {}
        let Some(ended) = old.ended() else {
            assert!(old.is_haunted(), "who is replaced is told so");
            return;
        };
        let reasons = [EndReason::Replaced, EndReason::Kicked, EndReason::Closed];
        assert!(reasons.contains(&ended), "{ended:?}");
    }

    pub(super) async fn leave(&mut self) {
        self.count("leave");
        if self.client.last_id() == u64::MAX {
            // No higher id is left, so the server refuses every request.
            return;
        }
        let id = self.client.ask("leave", json!({})).await;
        // After a successful `leave` the server ignores this request; else it refuses both.
        if self.rng.bool() {
            self.client.ask("ping", json!({})).await;
        }
        loop {
            let incoming = self.client.read().await;
            let response = self.client.take_response(id);
            if let Some(Err(refused)) = response {
                assert_eq!(refused.code, Code::TooFast);
                return;
            }
            if incoming != Incoming::Frame {
                break;
            }
        }
        let ended = self.client.ended().is_some();
        assert!(ended || self.client.is_haunted(), "who has left is told so");
    }

    /// Claims to have seen frames that were never sent. This may harm only its own session, which
    /// is given up.
    pub(super) async fn lie(&mut self) {
        self.count("lie");
        let seen = self.client.seen() + self.rng.u64(1..1 << 50);
        let frame =
            json!({"id": self.client.last_id().saturating_add(1), "method": "ping", "seen": seen});
        self.client
            .send(Frame::Text(frame.to_string().into()))
            .await;
        self.client = RoomClient::absent(&self.url);
    }

    /// Sends many requests at once.
    pub(super) async fn hurry(&mut self) {
        self.count("burst");
        for _ in 0..self.rng.usize(..120) {
            self.client.ask("ping", json!({})).await;
        }
    }

    pub(super) async fn host(&mut self) {
        self.count("host action");
        let somebody = format!("p{}", self.rng.u8(..35));
        let params = match self.rng.u8(..20) {
            0 => json!({"action": "close", "reason": "enough"}),
            1..6 => json!({"action": "kick", "participant": somebody, "reason": "you know why"}),
            6..8 => json!({"action": "lock"}),
            8..16 => json!({"action": "unlock"}),
            16 => json!({"action": "kick"}),
            _ => json!({"action": "mute", "stream": self.stream(), "kind": self.kind()}),
        };
        self.client.ask("host", params).await;
    }

    pub(super) fn request(&mut self) -> (&'static str, Value) {
        let rng = &mut self.rng;
        match rng.u8(..14) {
            0..4 => {
                let length = rng.usize(..200);
                ("send", json!({"body": text(rng, length)}))
            }
            4 => {
                let to = format!("p{}", rng.u8(..35));
                (
                    "send",
                    json!({"kind": "data", "to": to, "topic": "t", "body": "psst"}),
                )
            }
            5 => ("ping", json!({})),
            6 => ("stats", json!({})),
            7 => (
                "metadata",
                json!({"name": text(rng, 20), "metadata": text(rng, 100)}),
            ),
            8 => ("unpublish", json!({"stream": self.stream()})),
            9 => (
                "mute",
                json!({"stream": self.stream(), "kind": self.kind(), "muted": self.rng.bool()}),
            ),
            10 => ("subscribe", json!({"stream": self.stream()})),
            11 => (
                "unsubscribe",
                json!({"stream": self.stream(), "kinds": [self.kind()]}),
            ),
            12 => ("join", json!({"room": self.room})),
            _ => {
                let (width, height) = (self.rng.u32(..), self.rng.u32(..));
                let paused = self.rng.bool();
                (
                    "layers",
                    json!({"stream": self.stream(), "paused": paused, "width": width, "height": height}),
                )
            }
        }
    }

    pub(super) fn stream(&mut self) -> String {
        let label = self
            .rng
            .choice(["", "", "~screen", "~", "/x"])
            .expect("some");
        format!("{}/p{}{label}", self.room, self.rng.u8(..35))
    }

    pub(super) fn label(&mut self) -> Value {
        let labels = [
            Value::Null,
            Value::Null,
            "screen".into(),
            "b".into(),
            "a/b".into(),
            "".into(),
            "~~".into(),
        ];
        self.rng.choice(labels).expect("some")
    }

    pub(super) fn kind(&mut self) -> &'static str {
        self.rng.choice(["audio", "video"]).expect("some")
    }

    pub(super) fn peer(&mut self) -> &'static str {
        self.rng.choice(["publish", "view"]).expect("some")
    }

    pub(super) fn tracks(&mut self) -> Value {
        let tracks = [
            json!([{"mid": "0", "source": "microphone"}, {"mid": "1", "source": "camera"}]),
            json!([{"mid": "0"}]),
            json!([{"mid": "1", "layers": [{"rid": "l", "width": 0, "height": 4_294_967_295_u32}]}]),
            json!([]),
            json!([{"mid": "0"}, {"mid": "0"}]),
            json!([{"mid": "nowhere"}]),
            Value::Array(vec![json!({"mid": "0"}); 1_000]),
        ];
        let first = self.rng.bool();
        let [usual, ..] = &tracks;
        if first {
            usual.clone()
        } else {
            self.rng.choice(tracks).expect("some")
        }
    }

    /// A session description: valid, broken, or random text.
    pub(super) fn sdp(&mut self) -> String {
        let rng = &mut self.rng;
        let offer = rng.choice(self.offers.iter()).expect("some").clone();
        match rng.u8(..8) {
            0..4 => offer,
            4..7 => worse(rng, &offer),
            _ => text(rng, 500),
        }
    }
}
