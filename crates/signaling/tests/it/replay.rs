//! Plays the transcripts of WHIP and WHEP against the dialects, with a control plane that replies
//! as the transcript says. `HEADWATER_RECORD=1 cargo test -p headwater-signaling` records the
//! output in the files instead: read the diff before committing it.

use std::time::Duration;

use bytes::Bytes;
use headwater_signaling::dialect::whep::{self, EventKind, WhepCall};
use headwater_signaling::dialect::whip;
use headwater_signaling::session_http::{self, Call, IfMatch, Patch, Target};
use headwater_signaling::{IceServer, Problem};
use http::{Request, Response, StatusCode};
use model::{
    IceFragment, LayerChoice, Open, OpenError, Opened, Restarted, SessionError, SessionId,
};

use crate::exchange::{self, Exchange};
use crate::transcripts;

const SESSION: SessionId = SessionId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

#[test]
fn whip_transcripts_replay_unchanged() {
    replay("whip", play_whip);
}

#[test]
fn whep_transcripts_replay_unchanged() {
    replay("whep", play_whep);
}

/// The dialect's interpretation of a request, and the response.
type Played = (String, Response<Bytes>);

fn replay(dialect: &str, play: fn(&Exchange) -> Played) {
    for file in transcripts::files(dialect) {
        let text = std::fs::read_to_string(&file).expect("a transcript");
        let exchanges = exchange::parse(&text);
        assert!(!exchanges.is_empty(), "{} is empty", file.display());
        if transcripts::is_recording() {
            let recorded: String = exchanges
                .iter()
                .map(|exchange| record(exchange, play))
                .collect();
            std::fs::write(&file, recorded.trim_end().to_owned() + "\n").expect("written");
            continue;
        }
        for exchange in exchanges {
            let (wants, response) = play(&exchange);
            let place = format!("{}: {}", file.display(), exchange.title);
            assert_eq!(wants, exchange.wants, "{place}");
            assert_eq!(exchange::write(&response), exchange.response, "{place}");
        }
    }
}

fn record(exchange: &Exchange, play: fn(&Exchange) -> Played) -> String {
    let (wants, response) = play(exchange);
    exchange.record(&wants, &response)
}

fn play_whip(exchange: &Exchange) -> Played {
    let request = exchange.request();
    match whip::call(below(&request, whip::PREFIX), &request) {
        Err(problem) => refused(problem),
        Ok((target, Call::Open(open))) => {
            let answer =
                opened(exchange).map(|o| whip::created(&target.stream, &o, &ice_servers()));
            (open_line(&target, &open), settle(answer))
        }
        Ok((target, call)) => play_session(exchange, &target, call),
    }
}

fn play_whep(exchange: &Exchange) -> Played {
    let request = exchange.request();
    let (target, call) = match whep::call(below(&request, whep::PREFIX), &request) {
        Err(problem) => return refused(problem),
        Ok(read) => read,
    };
    let (wants, answer) = match call {
        WhepCall::Session(Call::Open(open)) => {
            let answer =
                opened(exchange).map(|o| whep::created(&target.stream, &o, &ice_servers()));
            return (open_line(&target, &open), settle(answer));
        }
        WhepCall::Session(call) => return play_session(exchange, &target, call),
        WhepCall::Subscribe(kinds) => {
            let created = |()| whep::events_created(&target.stream, SESSION, &kinds);
            (
                format!("subscribe {}", names(&kinds)),
                done(exchange).map(created),
            )
        }
        WhepCall::Follow(kinds) => {
            let ok = |()| session_http::empty(StatusCode::OK);
            (format!("follow {}", names(&kinds)), done(exchange).map(ok))
        }
        WhepCall::Unsubscribe(kinds) => {
            let ok = |()| session_http::empty(StatusCode::OK);
            (
                format!("unsubscribe {}", names(&kinds)),
                done(exchange).map(ok),
            )
        }
        WhepCall::ChooseLayer { choice, .. } => {
            let wants = match choice {
                LayerChoice::Auto => "choose automatically".to_owned(),
                LayerChoice::Rid(rid) => format!("choose {rid}"),
            };
            (
                wants,
                done(exchange).map(|()| session_http::empty(StatusCode::OK)),
            )
        }
    };
    (on(&target, &wants), settle(answer))
}

fn play_session(exchange: &Exchange, target: &Target, call: Call) -> Played {
    match call {
        Call::Answer(response) => ("nothing".to_owned(), response),
        Call::Open(_) => unreachable!("opening is the dialect's"),
        Call::Close => {
            let answer = done(exchange).map(|()| session_http::empty(StatusCode::OK));
            (on(target, "close"), settle(answer))
        }
        Call::Show => {
            let said = exchange.control.as_deref().unwrap_or_default();
            let present = said.strip_prefix("present ");
            let tag = present.and_then(|present| present.split(' ').next());
            let answer = tag.map(session_http::shown);
            let answer = answer.ok_or_else(|| session_error(said).into());
            (on(target, "show"), settle(answer))
        }
        Call::Patch { fragment, if_match } => {
            let (wants, answer) = patch(exchange, &fragment, &if_match);
            (on(target, &wants), settle(answer))
        }
    }
}

/// `=== control present TAG UFRAG`, with `strict` behind it in strict mode.
fn patch(
    exchange: &Exchange,
    fragment: &IceFragment,
    if_match: &IfMatch,
) -> (String, Result<Response<Bytes>, Problem>) {
    let count = fragment.candidates.len();
    let said = exchange.control.as_deref().unwrap_or_default();
    let present: Vec<_> = said.split(' ').collect();
    let ["present", tag, ufrag, strict @ ..] = present.as_slice() else {
        return (
            format!("patch, candidates: {count}"),
            Err(session_error(said).into()),
        );
    };
    let patch =
        session_http::decide_patch(tag, Some(ufrag), fragment, if_match, !strict.is_empty());
    let wants = match patch {
        Ok(Patch::Trickle) => format!("trickle, candidates: {count}"),
        Ok(Patch::Restart) => format!(
            "restart with {}",
            fragment.ufrag.clone().unwrap_or_default()
        ),
        Ok(Patch::Ignore) => "ignore it".to_owned(),
        Err(_) => "refuse it".to_owned(),
    };
    let answer = patch.map(|patch| match patch {
        Patch::Restart => session_http::restarted(&restarted(), Some("trickle")),
        Patch::Trickle | Patch::Ignore => session_http::empty(StatusCode::NO_CONTENT),
    });
    (wants, answer)
}

fn below<'a>(request: &'a Request<Bytes>, prefix: &str) -> &'a str {
    request
        .uri()
        .path()
        .strip_prefix(prefix)
        .expect("a path of the dialect")
}

fn settle(answer: Result<Response<Bytes>, Problem>) -> Response<Bytes> {
    answer.unwrap_or_else(Problem::into_response)
}

fn refused(problem: Problem) -> Played {
    ("refusal".to_owned(), problem.into_response())
}

fn on(target: &Target, wants: &str) -> String {
    let token = target.token.as_ref().map(|token| format!(" token={token}"));
    format!("{wants} on {}{}", target.stream, token.unwrap_or_default())
}

fn names(kinds: &[EventKind]) -> String {
    kinds
        .iter()
        .map(|kind| kind.name())
        .collect::<Vec<_>>()
        .join(",")
}

fn open_line(target: &Target, open: &Open) -> String {
    let Open {
        role,
        stream,
        offer,
        client,
    } = open;
    let token = target.token.as_ref();
    let token = token.map(|token| format!(" token={token}"));
    let (lines, token) = (offer.lines().count(), token.unwrap_or_default());
    let client = Some(client).filter(|client| !client.is_empty());
    let client = client
        .map(|client| format!(" from {client}"))
        .unwrap_or_default();
    format!("open {role:?} {stream} by {lines} lines{token}{client}")
}

fn ice_servers() -> Vec<IceServer> {
    vec![
        IceServer {
            url: "stun:stun.example.net".into(),
            username: None,
            credential: None,
        },
        IceServer {
            url: "turn:turn.example.net?transport=udp".into(),
            username: Some("user".into()),
            credential: Some("my \"word\"".into()),
        },
    ]
}

fn opened(exchange: &Exchange) -> Result<Opened, Problem> {
    let said = exchange.control.as_deref().expect("a `=== control` line");
    let retry_after = Duration::from_secs(3);
    Err(match said {
        "opened" => {
            return Ok(Opened {
                session: SESSION,
                answer: "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n".into(),
                ice_tag: "Tag1".into(),
            });
        }
        "bad offer" => OpenError::BadOffer("m-line 2 has no a=mid".into()),
        "no common codec" => OpenError::NoCommonCodec {
            why: "the video m-line (line 20) offers H263".to_owned(),
            codecs: vec!["VP8".into(), "opus".into()],
        },
        "token missing" => OpenError::TokenMissing,
        "token wrong" => OpenError::TokenWrong,
        "already live" => OpenError::AlreadyLive,
        "not live" => OpenError::NotLive,
        "full" => OpenError::Full {
            limit: "limits.sessions_max",
            retry_after,
        },
        "stopping" => OpenError::Stopping,
        other => panic!("control cannot say {other:?}"),
    }
    .into())
}

fn restarted() -> Restarted {
    let fragment = IceFragment {
        mid: None,
        ufrag: Some("SrvNew".into()),
        pwd: Some("9aXbYcZd0aXbYcZd0aXbYcZd".into()),
        candidates: vec!["candidate:1 1 udp 2130706431 198.51.100.1 7882 typ host".into()],
        end_of_candidates: true,
    };
    Restarted {
        fragment,
        ice_tag: "Tag2".into(),
    }
}

fn done(exchange: &Exchange) -> Result<(), Problem> {
    match exchange.control.as_deref().expect("a `=== control` line") {
        "done" => Ok(()),
        said => Err(session_error(said).into()),
    }
}

fn session_error(said: &str) -> SessionError {
    match said {
        "unknown" => SessionError::Unknown,
        "token wrong" => SessionError::TokenWrong,
        "bad" => SessionError::Bad("there is no layer \"x\": the stream has [\"l\", \"h\"]".into()),
        "outdated" => SessionError::Outdated,
        "busy" => SessionError::Busy,
        other => panic!("control cannot say {other:?}"),
    }
}
