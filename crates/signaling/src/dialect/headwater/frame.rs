//! Frames read from and written as JSON text.
//!
//! ```text
//! to the server    {"id":7,"method":"send","params":{…},"seen":41}
//! to the client    {"n":42,"id":7,"result":{…}}
//!                  {"n":43,"id":8,"error":{"code":"forbidden","message":"…","field":"…"}}
//!                  {"n":44,"events":[{"event":"participantJoined",…},…]}
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Event;
use super::error::{Code, Error};
use super::params::{
    Answer, Host, Join, Layers, Metadata, Mute, Publish, Restart, Resume, Subscribe, Trickle,
    Unpublish,
};
use crate::json::Send;
use crate::problem::json_reason;

/// A request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The request's id, chosen by the client. It must be higher than every id before.
    pub id: u64,
    /// The highest `n` that the client has seen. It confirms all frames up to this one.
    pub seen: Option<u64>,
    /// The method with its parameters, or why the request is refused.
    pub call: Result<Call, Error>,
}

/// A method with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is explained with its parameters")]
pub enum Call {
    Join(Join),
    Resume(Resume),
    /// Ends the participation.
    Leave,
    Publish(Publish),
    Unpublish(Unpublish),
    Mute(Mute),
    Subscribe(Subscribe),
    Unsubscribe(Subscribe),
    Layers(Layers),
    Answer(Answer),
    Trickle(Trickle),
    Restart(Restart),
    Send(Send),
    Metadata(Metadata),
    Host(Host),
    /// Returns what the server measures of the participant's media.
    Stats,
    /// Shows that the client is alive; the response shows that the server is.
    Ping,
}

/// The names of all methods, for the refusal of an unknown one.
pub(super) const METHODS: &str = "join, resume, leave, publish, unpublish, mute, subscribe, unsubscribe, \
    layers, answer, trickle, restart, send, metadata, host, stats, ping";

#[derive(Deserialize)]
struct Envelope<'a> {
    id: u64,
    #[serde(borrow)]
    method: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(default)]
    seen: Option<u64>,
}

/// Reads a frame. Fails when the frame has no readable id and so cannot get a response: the socket
/// is then closed with the reason.
pub fn read(text: &str) -> Result<Request, Error> {
    let envelope: Envelope<'_> = typed(text, "").map_err(|error| Error {
        message: format!(
            "{}: a request is {{\"id\": 1, \"method\": \"ping\", \"params\": {{}}}}",
            error.message
        ),
        ..error
    })?;
    let params = envelope.params.map_or("{}", RawValue::get);
    Ok(Request {
        id: envelope.id,
        seen: envelope.seen,
        call: call(&envelope.method, params),
    })
}

fn call(method: &str, text: &str) -> Result<Call, Error> {
    Ok(match method {
        "join" => Call::Join(params(text)?),
        "resume" => Call::Resume(params(text)?),
        "leave" => nothing(text, Call::Leave)?,
        "publish" => Call::Publish(params(text)?),
        "unpublish" => Call::Unpublish(params(text)?),
        "mute" => Call::Mute(params(text)?),
        "subscribe" => Call::Subscribe(params(text)?),
        "unsubscribe" => Call::Unsubscribe(params(text)?),
        "layers" => Call::Layers(params(text)?),
        "answer" => Call::Answer(params(text)?),
        "trickle" => Call::Trickle(params(text)?),
        "restart" => Call::Restart(params(text)?),
        "send" => Call::Send(params(text)?),
        "metadata" => Call::Metadata(params(text)?),
        "host" => Call::Host(params(text)?),
        "stats" => nothing(text, Call::Stats)?,
        "ping" => nothing(text, Call::Ping)?,
        _ => {
            let message = format!("there is no method of this name: use one of {METHODS}");
            return Err(Error::of("method", Code::UnknownMethod, message));
        }
    })
}

/// Reads a method without parameters.
fn nothing(text: &str, call: Call) -> Result<Call, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    let Nothing {} = params(text)?;
    Ok(call)
}

fn params<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    typed(text, "params")
}

/// Reads a JSON object with nothing after it. The error names the field at fault.
fn typed<'a, T: Deserialize<'a>>(text: &'a str, prefix: &str) -> Result<T, Error> {
    let wrong = |path: &str, reason: &str| {
        let field = match (prefix, path) {
            (prefix, ".") => prefix.to_owned(),
            ("", path) => path.to_owned(),
            (prefix, path) => format!("{prefix}.{path}"),
        };
        // The position in the text is dropped: the error names the field instead.
        let reason = reason.split(" at line ").next().unwrap_or_default();
        Error {
            code: Code::BadRequest,
            message: reason.to_owned(),
            field: (!field.is_empty()).then_some(field),
        }
    };
    // serde would also accept an array with the values of the fields.
    if !text.trim_start().starts_with('{') {
        return Err(wrong(".", "an object is expected"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| wrong(&error.path().to_string(), &json_reason(error.inner())))?;
    json.end().map_err(|error| wrong(".", &error.to_string()))?;
    Ok(value)
}

/// The body of a response to a request that succeeded.
pub fn responded(id: u64, result: &impl Serialize) -> String {
    format!("\"id\":{id},\"result\":{}", json(result))
}

/// The body of a response to a request that was refused.
pub fn failed(id: u64, error: &Error) -> String {
    format!("\"id\":{id},\"error\":{}", json(error))
}

/// The body of a frame of events.
pub fn events(events: &[Event]) -> String {
    format!("\"events\":{}", json(&events))
}

/// Wraps a body in a frame. `n` is the frame's number within its session; `None` without a session.
pub fn frame(n: Option<u64>, body: &str) -> String {
    match n {
        Some(n) => format!("{{\"n\":{n},{body}}}"),
        None => format!("{{{body}}}"),
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have string keys and finite numbers")
}
