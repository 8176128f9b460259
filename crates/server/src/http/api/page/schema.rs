use serde_json::Value;

use super::html::{escape, inline, items, members, paragraphs, table, text};

/// The fields of an object, the values of a choice, or the parts of a sum.
pub(super) fn render(name: &str, schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        return choices(values);
    }
    let parts = ["oneOf", "allOf"].map(|key| items(&schema[key]));
    let mut html = fields(name, schema);
    for part in parts.into_iter().flatten() {
        html += &match part["$ref"].as_str() {
            Some(_) => format!("<p>Plus all fields of {}.</p>\n", kind(part)),
            None => paragraphs(&part["description"]) + &fields(name, part),
        };
    }
    html
}

fn choices(values: &[Value]) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|value| format!("<code>{}</code>", text(value)))
        .collect();
    format!("<p>One of {}.</p>\n", values.join(", "))
}

fn fields(name: &str, schema: &Value) -> String {
    let required = items(&schema["required"]);
    let row = |(field, described): (&String, &Value)| {
        let needed = required.iter().any(|name| name == field);
        format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}{}</td><td>{}</td></tr>\n",
            escape(field),
            kind(described),
            if needed { "" } else { ", optional" },
            inline(meaning(described)),
        )
    };
    let rows: Vec<_> = members(&schema["properties"]).map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    // Variants of one object differ in a field with a single value, which tells their captions
    // apart.
    let mut kinds = members(&schema["properties"]).flat_map(|(_, field)| items(&field["enum"]));
    let caption = match kinds.next() {
        Some(kind) => format!("Fields: {name}, {}", text(kind)),
        None => format!("Fields: {name}"),
    };
    table(&caption, &["Field", "Type", "Meaning"], &rows)
}

/// The description of a field. A field that may be null has it inside its `oneOf`.
fn meaning(field: &Value) -> &str {
    let inside = &field["oneOf"][0]["description"];
    let described = field["description"].as_str().or(inside.as_str());
    described.unwrap_or_default()
}

/// The name of a type, with a link if it is an object.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return format!("<a href=\"#object-{name}\">{name}</a>");
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let kinds: Vec<_> = choices.iter().map(kind).collect();
        return kinds.join(" or ");
    }
    if let [value] = items(&schema["enum"]) {
        return format!("<code>{}</code>", text(value));
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(text).collect();
            kinds.join(" or ")
        }
        kind if kind == "array" => format!("list of {}", self::kind(&schema["items"])),
        kind => text(kind),
    }
}
