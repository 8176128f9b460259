//! The web pages, built by Vite and embedded.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect};
use rust_embed::Embed;

/// The output of `npm run build`; empty when the pages were not built.
#[derive(Embed)]
#[folder = "../../web/app/dist"]
#[allow_missing = true]
struct Pages;

/// The client library, which pages load from `/sdk/`, and its documentation.
#[derive(Embed)]
#[folder = "../../web/sdk/dist"]
#[allow_missing = true]
struct Sdk;

/// Files below this have a hash of their content in their name, so they never change.
const HASHED: &str = "assets/";

const NOT_BUILT: &str = "The pages are not in this build; WHIP, WHEP and the API work.\n\
                         Build them with `make web` (needs Node), then build the server again.\n";

pub(super) async fn studio(headers: HeaderMap) -> Response<Body> {
    file::<Pages>("index.html", &headers)
}

pub(super) async fn watch(headers: HeaderMap) -> Response<Body> {
    file::<Pages>("watch.html", &headers)
}

pub(super) async fn asset(method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            [(header::ALLOW, "GET, HEAD")],
        )
            .into_response();
    }
    let path = uri.path().trim_start_matches('/');
    match path.strip_prefix("sdk/") {
        // Redirected, since links on that page are relative to `/sdk/`.
        _ if path == "sdk" => Redirect::permanent("/sdk/").into_response(),
        Some("") => file::<Sdk>("index.html", &headers),
        Some(name) => file::<Sdk>(name, &headers),
        None => file::<Pages>(path, &headers),
    }
}

fn file<F: Embed>(name: &str, headers: &HeaderMap) -> Response<Body> {
    if Pages::get("index.html").is_none() && name.ends_with(".html") {
        return (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response();
    }
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    // The build leaves a compressed file beside each one that gets smaller by it.
    let encodings = [("br", ".br"), ("gzip", ".gz")];
    let compressed = encodings
        .into_iter()
        .filter(|(encoding, _)| accepted.contains(encoding))
        .find_map(|(encoding, suffix)| Some((F::get(&format!("{name}{suffix}"))?, Some(encoding))));
    let Some((file, encoding)) = compressed.or_else(|| Some((F::get(name)?, None))) else {
        return (StatusCode::NOT_FOUND, "There is nothing at this address.\n").into_response();
    };
    let mut response = Response::new(Body::from(file.data));
    let out = response.headers_mut();
    out.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(name)),
    );
    out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let cache = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
