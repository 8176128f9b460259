use super::figures::Outcome;

/// Draws what it finds in the element `outcome`.
const PAGE: &str = include_str!("page.html");

/// The outcome as a page of its own, with graphs; it loads nothing.
///
/// Fails when a figure is no number.
pub fn page(outcome: &Outcome) -> Result<String, serde_json::Error> {
    // The one sequence that would end the element; JSON has it in strings only.
    let json = serde_json::to_string(outcome)?.replace("</", "<\\/");
    Ok(PAGE.replace("{{outcome}}", &json))
}
