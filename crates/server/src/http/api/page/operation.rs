use serde_json::Value;

use super::html::{code, escape, inline, items, members, paragraphs, table, text};
use super::schema;

/// One operation: what it does, its parameters and body, and its responses.
pub(super) fn render(document: &Value, path: &str, method: &str, operation: &Value) -> String {
    let id = text(&operation["operationId"]);
    let method = method.to_uppercase();
    let mut html = format!(
        "<article aria-labelledby=\"{id}\">\n<h3 id=\"{id}\">{}</h3>\n\
         <p class=\"route\"><strong>{method}</strong> <code>{}</code></p>\n",
        text(&operation["summary"]),
        escape(path),
    );
    html += &paragraphs(&operation["description"]);
    if operation.get("security").is_some() {
        html += "<p>Requires the API token.</p>\n";
    }
    html += &parameters(operation);
    html += &body(operation);
    html += &responses(document, operation);
    html + "</article>\n"
}

fn parameters(operation: &Value) -> String {
    let row = |parameter: &Value| {
        let place = parameter["in"].as_str().unwrap_or_default();
        format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td></tr>\n",
            text(&parameter["name"]),
            if place == "path" {
                "path"
            } else {
                "query, optional"
            },
            inline(parameter["description"].as_str().unwrap_or_default()),
        )
    };
    let rows: Vec<_> = items(&operation["parameters"]).iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = ["Parameter", "Where", "Meaning"];
    format!(
        "<h4>Parameters</h4>\n{}",
        table(
            &format!("Parameters: {}", text(&operation["summary"])),
            &head,
            &rows
        )
    )
}

fn body(operation: &Value) -> String {
    let content = &operation["requestBody"]["content"]["application/json"];
    if content.is_null() {
        return String::new();
    }
    let kind = schema::kind(&content["schema"]);
    format!(
        "<h4>Body</h4>\n<p>{kind}</p>\n{}",
        code(&content["example"])
    )
}

fn responses(document: &Value, operation: &Value) -> String {
    let mut rows = Vec::new();
    let mut examples = String::new();
    for (status, response) in members(&operation["responses"]) {
        let reference = response["$ref"].as_str().unwrap_or_default();
        let name = reference.rsplit('/').next().unwrap_or_default();
        let shared = &document["components"]["responses"][name];
        let response = if shared.is_null() { response } else { shared };
        let content = &response["content"]["application/json"];
        rows.push(format!(
            "<tr><th scope=\"row\">{status}</th><td>{}</td><td>{}</td></tr>\n",
            inline(response["description"].as_str().unwrap_or_default()),
            answer(name, &content["schema"]),
        ));
        if !content["example"].is_null() {
            examples += &code(&content["example"]);
        }
    }
    let head = ["Status", "Meaning", "Body"];
    let table = table(
        &format!("Responses: {}", text(&operation["summary"])),
        &head,
        &rows,
    );
    format!("<h4>Responses</h4>\n{table}{examples}")
}

/// The type of a response's body, with a link to its description.
fn answer(refusal: &str, schema: &Value) -> String {
    if !refusal.is_empty() {
        return format!("<a href=\"#refusal-{refusal}\">{refusal}</a>");
    }
    match schema {
        Value::Null => String::new(),
        schema => schema::kind(schema),
    }
}
