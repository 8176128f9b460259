//! The format of HTTP transcripts. One exchange:
//!
//! ```text
//! ### A publisher goes live                      title of the exchange
//! POST /whip/live HTTP/1.1                       the client's request
//! Content-Type: application/sdp
//!
//! v=0
//! === wants open Publisher live                  the dialect's interpretation of the request
//! === control opened                             the control plane's reply, if it was asked
//! HTTP/1.1 201 Created                           the response to the client
//! …
//! ```
//!
//! Bodies have bare line feeds in the file and CRLF in the request.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};

/// One exchange of a transcript.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) title: String,
    request: String,
    pub(crate) wants: String,
    pub(crate) control: Option<String>,
    pub(crate) response: String,
}

/// Reads a transcript.
pub(crate) fn parse(text: &str) -> Vec<Exchange> {
    text.split("### ").skip(1).map(Exchange::parse).collect()
}

impl Exchange {
    fn parse(text: &str) -> Self {
        let (title, rest) = text.split_once('\n').expect("a title");
        let (request, rest) = rest.split_once("=== wants ").expect("a `=== wants` line");
        let (wants, rest) = rest.split_once('\n').unwrap_or((rest, ""));
        let (control, response) = match rest.strip_prefix("=== control ") {
            Some(rest) => {
                let (control, response) = rest.split_once('\n').unwrap_or((rest, ""));
                (Some(control.to_owned()), response)
            }
            None => (None, rest),
        };
        Self {
            title: title.to_owned(),
            request: request.to_owned(),
            wants: wants.to_owned(),
            control,
            response: response.trim_end().to_owned(),
        }
    }

    /// The request as the HTTP server passes it to the dialect.
    pub(crate) fn request(&self) -> Request<Bytes> {
        let (head, body) = self
            .request
            .split_once("\n\n")
            .unwrap_or((&self.request, ""));
        let mut lines = head.lines();
        let mut first = lines.next().expect("a request line").split(' ');
        let mut request = Request::builder()
            .method(first.next().expect("a method"))
            .uri(first.next().expect("a path"));
        for line in lines {
            let (name, value) = line.split_once(": ").expect("a header");
            request = request.header(name, value);
        }
        let body = body.replace('\n', "\r\n");
        request.body(Bytes::from(body)).expect("a request")
    }

    /// The exchange in the format of a transcript, with the actual output.
    pub(crate) fn record(&self, wants: &str, response: &Response<Bytes>) -> String {
        let control = self.control.as_ref();
        let control = control.map_or(String::new(), |said| format!("=== control {said}\n"));
        let (title, request) = (&self.title, &self.request);
        let response = write(response);
        format!("### {title}\n{request}=== wants {wants}\n{control}{response}\n\n")
    }
}

/// Writes a response with its headers in alphabetical order.
pub(crate) fn write(response: &Response<Bytes>) -> String {
    let mut out = format!("HTTP/1.1 {}\n", response.status());
    for line in headers(response.headers()) {
        writeln!(out, "{line}").expect("a String takes everything");
    }
    let body = String::from_utf8_lossy(response.body()).replace("\r\n", "\n");
    if !body.is_empty() {
        out = format!("{out}\n{body}");
    }
    out.trim_end().to_owned()
}

fn headers(headers: &HeaderMap) -> Vec<String> {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        format!("{name}: {}", value.to_str().expect("printable headers"))
    };
    let mut lines: Vec<_> = headers.iter().map(line).collect();
    lines.sort();
    lines
}
