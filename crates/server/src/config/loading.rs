//! Where settings come from. Each source overrides the one before: defaults, the file,
//! `HEADWATER_…` variables, flags.

use std::path::Path;

use toml::{Table, Value};

use super::Config;
use super::error::ConfigError;

/// Prefix of environment variables; `HEADWATER_MEDIA__PORT` is `media.port`.
const ENV_PREFIX: &str = "HEADWATER_";

impl Config {
    /// Merges the file, the environment `variables` and the `flags` (key paths with values), each
    /// over the one before, and checks the result.
    pub(crate) fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> Result<Self, ConfigError> {
        let mut table = Table::new();
        if let Some(path) = file {
            table = read_file(path)?;
        }
        for (name, value) in variables {
            if let Some(key) = name.strip_prefix(ENV_PREFIX) {
                let path = key.to_ascii_lowercase().replace("__", ".");
                // Single words such as HEADWATER_BIN belong to scripts: every key but `webhooks`
                // has a section.
                if path.contains('.') || path == "webhooks" {
                    let value = from_variable(&path, &value);
                    set(&mut table, &path, value);
                }
            }
        }
        for (path, value) in flags {
            set(&mut table, path, value);
        }
        let config: Self =
            serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
                let key = error.path().to_string();
                let inner = error.into_inner();
                ConfigError::Value {
                    key: full_key(&key, inner.message()),
                    message: inner.message().to_owned(),
                }
            })?;
        config.validate()?;
        Ok(config)
    }
}

/// Reads and checks a file on its own, so that errors name its lines.
pub(crate) fn read_file(path: &Path) -> Result<Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read {
        path: path.into(),
        error,
    })?;
    let wrong = |span: Option<std::ops::Range<usize>>, key: String, message: &str| {
        let before = span
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::File {
            path: path.into(),
            line,
            key,
            message: message.to_owned(),
        }
    };
    let table: Table = text
        .parse()
        .map_err(|e: toml::de::Error| wrong(e.span(), String::new(), e.message()))?;
    let parsed = toml::de::Deserializer::parse(&text)
        .map_err(|e| wrong(e.span(), String::new(), e.message()))?;
    if let Err(error) = serde_path_to_error::deserialize::<_, Config>(parsed) {
        let key = error.path().to_string();
        let inner = error.into_inner();
        return Err(wrong(
            inner.span(),
            format!("{}: ", full_key(&key, inner.message())),
            inner.message(),
        ));
    }
    Ok(table)
}

/// The full path of the key that an error is about. serde reports an unknown key at its parent:
/// only the message has its own name.
fn full_key(path: &str, message: &str) -> String {
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    match unknown {
        Some(name) if path == "." => name.to_owned(),
        Some(name) if path != name && !path.ends_with(&format!(".{name}")) => {
            format!("{path}.{name}")
        }
        _ => path.to_owned(),
    }
}

fn set(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        Some((section, rest)) => {
            let section = table.entry(section).or_insert_with(|| Table::new().into());
            if let Value::Table(section) = section {
                set(section, rest, value);
            }
        }
        None => {
            table.insert(path.to_owned(), value);
        }
    }
}

/// Reads a variable in the first of these forms that its key accepts: plain text (a token may look
/// like a number), TOML, a list with commas.
fn from_variable(path: &str, text: &str) -> Value {
    let toml = format!("value = {text}").parse::<Table>().ok();
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let list = parts.map(str::to_owned).collect::<Vec<_>>();
    let plain = Value::from(text);
    [
        Some(plain.clone()),
        toml.and_then(|mut table| table.remove("value")),
        Some(list.into()),
    ]
    .into_iter()
    .flatten()
    .find(|value| {
        let mut alone = Table::new();
        set(&mut alone, path, value.clone());
        alone.try_into::<Config>().is_ok()
    })
    .unwrap_or(plain)
}
