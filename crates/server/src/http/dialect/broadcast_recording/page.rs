//! The page that the dialect's own port serves.

use axum::http::header;
use axum::response::IntoResponse;

/// The page, at any path: its script reads the address.
pub(super) async fn index() -> impl IntoResponse {
    file("text/html; charset=utf-8", include_str!("index.html"))
}

pub(super) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("script.js"))
}

pub(super) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("style.css"))
}

fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}
