//! The OpenAPI document as a page: one HTML document without scripts, which loads nothing.

mod html;
mod operation;
mod schema;

use serde_json::Value;

use html::{anchor, code, items, members, paragraphs, text};

const STYLE: &str = include_str!("page/page.css");

/// Makes the page from an OpenAPI document.
pub(super) fn render(document: &Value) -> String {
    let info = &document["info"];
    let title = text(&info["title"]);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>{title}</h1><p>Version {}, OpenAPI {}</p></header>\n",
        text(&info["version"]),
        text(&document["openapi"]),
    );
    html += &contents(document);
    html += "<main>\n";
    html += &paragraphs(&info["description"]);
    html += "<p>For programs: <a href=\"/api/v1/openapi.json\">openapi.json</a>.</p>\n";
    for tag in items(&document["tags"]) {
        html += &section(document, tag);
    }
    html += &refusals(document);
    html += &objects(document);
    html + "</main>\n</body>\n</html>\n"
}

/// Links to the parts of the page.
fn contents(document: &Value) -> String {
    let tags = items(&document["tags"])
        .iter()
        .map(|tag| text(&tag["name"]));
    let parts = tags.chain(["Errors".to_owned(), "Objects".to_owned()]);
    let links: String = parts
        .map(|name| format!("<li><a href=\"#{}\">{name}</a></li>\n", anchor(&name)))
        .collect();
    format!("<nav aria-label=\"Contents\">\n<ul>\n{links}</ul>\n</nav>\n")
}

/// The operations of one tag.
fn section(document: &Value, tag: &Value) -> String {
    let name = text(&tag["name"]);
    let mut html = format!(
        "<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{name}</h2>\n{1}",
        anchor(&name),
        paragraphs(&tag["description"]),
    );
    for (path, item) in members(&document["paths"]) {
        for (method, described) in members(item) {
            if items(&described["tags"]).contains(&tag["name"]) {
                html += &operation::render(document, path, method, described);
            }
        }
    }
    html + "</section>\n"
}

fn refusals(document: &Value) -> String {
    let mut html =
        String::from("<section aria-labelledby=\"errors\">\n<h2 id=\"errors\">Errors</h2>\n");
    for (name, response) in members(&document["components"]["responses"]) {
        html += &format!("<h3 id=\"refusal-{name}\">{name}</h3>\n");
        html += &paragraphs(&response["description"]);
        let content = &response["content"]["application/problem+json"];
        for (_, example) in members(&content["examples"]) {
            html += &code(&example["value"]);
        }
    }
    html + "</section>\n"
}

fn objects(document: &Value) -> String {
    let mut html =
        String::from("<section aria-labelledby=\"objects\">\n<h2 id=\"objects\">Objects</h2>\n");
    for (name, described) in members(&document["components"]["schemas"]) {
        html += &format!("<h3 id=\"object-{name}\">{name}</h3>\n");
        html += &paragraphs(&described["description"]);
        html += &schema::render(name, described);
    }
    html + "</section>\n"
}
