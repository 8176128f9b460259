use std::path::PathBuf;

use thiserror::Error;

/// Why the settings cannot be used. The message names the key and the fix.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {error}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        error: std::io::Error,
    },
    /// The file is not TOML, or has a wrong key or value.
    #[error("{}, line {line}: {key}{message}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Line in the file, counted from one.
        line: usize,
        /// The key's full path and a colon; empty when the key is not known.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// A key has a wrong name or value in a variable, in a flag, or in the merged settings.
    #[error("{key}: {message}")]
    Value {
        /// The key's full path.
        key: String,
        /// What is wrong.
        message: String,
    },
}
