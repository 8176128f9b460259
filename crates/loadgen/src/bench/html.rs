use super::figures::Outcome;

/// A page whose script draws the outcome in its element `outcome`.
const PAGE: &str = include_str!("page.html");

/// Renders the outcome as a self-contained HTML page with graphs.
///
/// Fails when the outcome cannot be written as JSON.
pub fn page(outcome: &Outcome) -> Result<String, serde_json::Error> {
    // `</` is the only sequence that could end the element; JSON has it in strings only.
    let json = serde_json::to_string(outcome)?.replace("</", "<\\/");
    Ok(PAGE.replace("{{outcome}}", &json))
}
