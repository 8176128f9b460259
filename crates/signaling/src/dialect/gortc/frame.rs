//! protoo frames read from and written as text.

use serde::Serialize;
use serde_json::Number;

use super::Error;
use super::call::{self, Call, Fields, text};

/// A request or notification of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The id for the response, as JSON: the number that the client sent, or `null` when it sent
    /// none. `None` for a notification, which gets no response.
    pub id: Option<String>,
    /// The method with its data, or why the request is refused.
    pub call: Result<Call, Error>,
}

/// Reads a frame. `None` when it is not a JSON object, or neither a request nor a notification: no
/// client waits for a response to it.
pub fn read(frame: &str) -> Option<Request> {
    let fields: Fields<'_> = serde_json::from_str(frame).ok()?;
    let says = |name| fields.get(name).is_some_and(|value| value.get() == "true");
    let id = if says("request") {
        Some(id(&fields))
    } else if says("notification") {
        None
    } else {
        return None;
    };
    let call = call(&fields);
    Some(Request { id, call })
}

fn call(fields: &Fields<'_>) -> Result<Call, Error> {
    let method = text(fields, "method").ok_or(Error::NO_METHOD)?;
    let data = fields.get("data").ok_or(Error::NO_DATA)?;
    let data = serde_json::from_str(data.get()).map_err(|_| Error::NO_DATA)?;
    call::read(&method, &data)
}

fn id(fields: &Fields<'_>) -> String {
    let id = fields.get("id").map(|id| id.get());
    let number = id.and_then(|id| serde_json::from_str::<Number>(id).ok());
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

/// The response to a request that succeeded.
pub fn success(id: &str, data: &impl Serialize) -> String {
    format!(
        "{{\"response\":true,\"id\":{id},\"ok\":true,\"data\":{}}}",
        json(data)
    )
}

/// The response to a request that was refused.
pub fn failure(id: &str, error: &Error) -> String {
    format!(
        "{{\"response\":true,\"id\":{id},\"ok\":false,\"errorCode\":{},\"errorReason\":{}}}",
        error.code,
        json(&error.reason)
    )
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have string keys and finite numbers")
}
