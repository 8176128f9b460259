//! The OpenAPI 3.1 document of the API, generated from the routes.

use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

use super::page;
use super::responses::{self, Described, Of};
use crate::http::Settings;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Headwater API",
        description = "Rooms, participants and streams, for the operator's programs. Bodies are JSON, times are milliseconds since 1970.\n\nRequests below `/api/v1/rooms` need the token of the setting `auth.api_token`, sent as `Authorization: Bearer`. If it is not set, they are refused, unless no other token is set either: then anyone can use the API.\n\nErrors are problem+json (RFC 9457). `detail` says how to fix the request, and `field`, if present, names the wrong field or parameter.\n\nEvents in rooms are posted as WebhookDelivery to the URLs of the setting `[[webhooks]]`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(connect),
    components(schemas(Problem, crate::webhooks::Body)),
    tags(
        (name = "Rooms", description = "Where participants meet. A room has a name, participants and streams."),
        (name = "Participants", description = "The people and publishers in a room."),
        (name = "Messages", description = "Messages of the server to the participants of a room."),
        (name = "Streams", description = "What publishers send, in rooms and by WHIP."),
        (name = "Description", description = "This page, and the document that it is made from."),
    ),
)]
struct Head;

/// The body of an error response (RFC 9457).
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what signaling::Problem writes")]
struct Problem {
    /// Always `about:blank`.
    r#type: String,
    /// The HTTP status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong, and how to fix it.
    detail: String,
    /// The wrong field or parameter, if there is a single one.
    field: Option<String>,
}

/// The document without the routes.
pub(super) fn head() -> Description {
    Head::openapi()
}

/// The document, ready to be sent as JSON and as a page.
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
        for refusal in responses::described(settings) {
            add(&mut document, &refusal);
        }
        Self {
            json: format!("{document:#}\n").into(),
            html: page::render(&document).into(),
        }
    }
}

/// The description of webhooks; docs/protocol/webhooks.md says more.
fn webhooks() -> Value {
    let body = json!({ "schema": { "$ref": "#/components/schemas/WebhookDelivery" } });
    json!({ "event": { "post": {
        "summary": "An event in a room, posted to each receiver in `[[webhooks]]`",
        "description": "The header `Headwater-Signature` signs the body.",
        "requestBody": { "required": true, "content": { "application/json": body } },
        "responses": {
            "2XX": { "description": "The receiver took the event." },
            "410": { "description": "The receiver wants no further events." },
        },
    } } })
}

/// Adds a refusal to the document, and to the operations that can give it.
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

/// Whether an operation is in this group.
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

/// Join a room over a WebSocket
///
/// The subprotocol is `headwater.v1`: requests, responses and events of one participant. See
/// docs/protocol/headwater.md. Joining needs the token of the requested role, if one is set.
#[utoipa::path(
    get,
    path = "/api/v1/connect",
    operation_id = "connect",
    tag = "Participants",
    responses((status = 101, description = "The socket is open.")),
)]
#[allow(
    dead_code,
    reason = "describes a socket of a dialect, which is no handler of this module"
)]
fn connect() {}

/// Read this document as JSON
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "readDescription",
    tag = "Description",
    responses((status = 200, description = "The OpenAPI 3.1 document.", content_type = "application/json")),
)]
pub(super) async fn json(Extension(document): Extension<Arc<Document>>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, document.json.clone())
}

/// Read this document as a page
#[utoipa::path(
    get,
    path = "/api/v1/",
    operation_id = "readPage",
    tag = "Description",
    responses((status = 200, description = "This page.", content_type = "text/html")),
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
