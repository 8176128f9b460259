//! Random changes of descriptions and values.

use super::*;

/// Returns a description with lines dropped, repeated, swapped, cut or extended.
pub(super) fn worse(rng: &mut Rng, sdp: &str) -> String {
    let mut lines: Vec<String> = sdp.lines().map(str::to_owned).collect();
    for _ in 0..rng.usize(1..6) {
        let (at, other) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..5) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 => lines[at] = lines[at].chars().take(rng.usize(..8)).collect(),
            _ => lines[at] += " 4294967296 -1 99999999999999999999",
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\r\n")
}

/// Makes one random change somewhere in a value.
pub(super) fn mutate(rng: &mut Rng, value: &mut Value) {
    match value {
        Value::Object(fields) if !fields.is_empty() && rng.u8(..4) > 0 => {
            let at = rng.usize(..fields.len());
            let name = fields.keys().nth(at).expect("in range").clone();
            match rng.u8(..4) {
                0 => drop(fields.remove(&name)),
                1 => {
                    let value = fields.remove(&name).expect("is there");
                    fields.insert(name + "x", value);
                }
                _ => mutate(rng, &mut fields[&name]),
            }
        }
        Value::Array(items) if !items.is_empty() && rng.u8(..4) > 0 => {
            let at = rng.usize(..items.len());
            mutate(rng, &mut items[at]);
        }
        value => *value = anything(rng),
    }
}

pub(super) fn anything(rng: &mut Rng) -> Value {
    match rng.u8(..11) {
        0 => Value::Null,
        1 => true.into(),
        2 => rng.i64(..).into(),
        3 => u64::MAX.into(),
        4 => (-1.5e300).into(),
        5 => Value::Array(Vec::new()),
        6 => json!({"a": {"b": []}}),
        7 => text(rng, 30).into(),
        8 => "x".repeat(rng.usize(..40_000)).into(),
        9 => Value::Array(vec![Value::Null; 500]),
        // Deeper than most parsers accept.
        _ => (0..rng.usize(1..400)).fold(Value::Null, |inner, _| Value::Array(vec![inner])),
    }
}

pub(super) fn text(rng: &mut Rng, length: usize) -> String {
    let mut text = String::new();
    for _ in 0..length {
        let c = match rng.u8(..10) {
            0 => char::from(rng.u8(..32)),
            1 => rng.char('\u{80}'..),
            _ => char::from(rng.u8(b' '..=b'~')),
        };
        write!(text, "{c}").expect("a String takes everything");
    }
    text
}

pub(super) fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("JSON")
}
