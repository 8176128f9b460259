//! The description of the API: OpenAPI 3.1, from the routes themselves.

use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

use super::page;
use super::refusals::{self, Described, Of};
use crate::http::Settings;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Headwater API",
        description = "Rooms, who is in them, and streams, for programs of the operator. Bodies are JSON, times are milliseconds since 1970.\n\nWhat is below `/api/v1/rooms` needs the token of the setting `auth.api_token`, as `Authorization: Bearer`. Where that is not set, it is refused, unless the server asks nobody for any token; then everybody may use it.\n\nRefusals are problem+json (RFC 9457). `detail` says what to mend, and `field`, where one thing is at fault, which.\n\nWhat happens in rooms is posted to the addresses of the setting `[[webhooks]]`, as WebhookDelivery.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(connect),
    components(schemas(Problem, crate::webhooks::Body)),
    tags(
        (name = "Rooms", description = "What people meet in. A room has a name, and streams."),
        (name = "Participants", description = "Who is in a room."),
        (name = "Messages", description = "What the server has to say to those in a room."),
        (name = "Streams", description = "What is published, in rooms and by WHIP."),
        (name = "Description", description = "This page, and what it is made from."),
    ),
)]
struct Head;

/// A refusal.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what signaling::Problem writes")]
struct Problem {
    /// Always `about:blank`.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
    /// What of the request is at fault, if one thing is.
    field: Option<String>,
}

/// The document without its routes.
pub(super) fn head() -> Description {
    Head::openapi()
}

/// The description, ready to be sent.
#[derive(Debug)]
pub(super) struct Document {
    json: Bytes,
    html: Bytes,
}

impl Document {
    pub(super) fn new(routes: &Description, settings: &Settings) -> Self {
        let mut document = serde_json::to_value(routes).unwrap_or_default();
        document["components"]["securitySchemes"] = json!({
            "token": { "type": "http", "scheme": "bearer", "description": "The setting `auth.api_token`." }
        });
        document["webhooks"] = webhooks();
        for refusal in refusals::described(settings) {
            add(&mut document, &refusal);
        }
        Self {
            json: format!("{document:#}\n").into(),
            html: page::render(&document).into(),
        }
    }
}

/// What is posted to others; docs/protocol/webhooks.md says more.
fn webhooks() -> Value {
    let body = json!({ "schema": { "$ref": "#/components/schemas/WebhookDelivery" } });
    json!({ "event": { "post": {
        "summary": "What happens in rooms, posted to each of `[[webhooks]]`",
        "description": "Signed in the header `Headwater-Signature`.",
        "requestBody": { "required": true, "content": { "application/json": body } },
        "responses": {
            "2XX": { "description": "It was taken." },
            "410": { "description": "Nothing is to be sent any more." },
        },
    } } })
}

/// Adds a refusal to the document, and to the operations that it belongs to.
fn add(document: &mut Value, refusal: &Described) {
    let example = |(name, problem): &(&'static str, signaling::Problem)| {
        let body = problem.clone().into_response().into_body();
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        ((*name).to_owned(), json!({ "value": value }))
    };
    let examples: Map<String, Value> = refusal.examples.iter().map(example).collect();
    let content = json!({
        "schema": { "$ref": "#/components/schemas/Problem" },
        "examples": examples,
    });
    document["components"]["responses"][refusal.name] = json!({
        "description": refusal.meaning,
        "content": { "application/problem+json": content },
    });
    let reference = json!({ "$ref": format!("#/components/responses/{}", refusal.name) });
    for (path, method, operation) in operations(document) {
        if belongs(refusal.of, &path, &method, operation) {
            operation["responses"][refusal.status.as_str()] = reference.clone();
        }
    }
}

/// Path, method and description of each operation.
fn operations(document: &mut Value) -> Vec<(String, String, &mut Value)> {
    let paths = document["paths"].as_object_mut();
    let items = paths.into_iter().flatten();
    let operations = items.filter_map(|(path, item)| {
        let methods = item.as_object_mut()?.iter_mut();
        Some(methods.map(|(method, operation)| (path.clone(), method.clone(), operation)))
    });
    operations.flatten().collect()
}

fn belongs(of: Of, path: &str, method: &str, operation: &Value) -> bool {
    let of_rooms = path.starts_with("/api/v1/rooms/{room}");
    match of {
        Of::Operators => operation.get("security").is_some(),
        Of::Inputs => {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut queries = parameters.filter(|parameter| parameter["in"] == "query");
            operation.get("requestBody").is_some() || queries.next().is_some()
        }
        Of::Bodies => operation.get("requestBody").is_some(),
        Of::Makers => method == "post",
        Of::Rooms => of_rooms && !path.contains("{participant}"),
        Of::Participants => path.contains("{participant}"),
        Of::Streams => path.starts_with("/api/v1/streams/"),
    }
}

/// Take part
///
/// A WebSocket of the subprotocol `headwater.v1`, which brings and takes all that happens in a room:
/// docs/protocol/headwater.md. Needs the token of the role that is asked for, if one is set.
#[utoipa::path(
    get,
    path = "/api/v1/connect",
    operation_id = "connect",
    tag = "Participants",
    responses((status = 101, description = "The socket is open.")),
)]
#[allow(
    dead_code,
    reason = "describes http::connect, which is no handler of this module"
)]
fn connect() {}

/// This description, for programs
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "readDescription",
    tag = "Description",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json")),
)]
pub(super) async fn json(Extension(document): Extension<Arc<Document>>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, document.json.clone())
}

/// This description, for people
#[utoipa::path(
    get,
    path = "/api/v1/",
    operation_id = "readPage",
    tag = "Description",
    responses((status = 200, description = "A page.", content_type = "text/html")),
)]
pub(super) async fn html(Extension(document): Extension<Arc<Document>>) -> impl IntoResponse {
    const HEAD: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
        ),
    ];
    (HEAD, document.html.clone())
}
