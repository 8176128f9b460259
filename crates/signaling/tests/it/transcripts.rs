//! Transcript files: each is played, and the output must equal the recording.

use std::path::{Path, PathBuf};

/// The transcripts of a dialect, sorted by name. Panics when there are none.
pub(crate) fn files(dialect: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(dialect);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the transcripts")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no transcript in {}", folder.display());
    files
}

/// Whether the output is to be recorded in the files instead.
pub(crate) fn is_recording() -> bool {
    std::env::var_os("HEADWATER_RECORD").is_some()
}

/// Plays each transcript of a dialect. Returns the number of transcripts.
pub(crate) fn replay(dialect: &str, play: impl Fn(&str) -> String) -> usize {
    let files = files(dialect);
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a transcript");
        let played = play(&text);
        if is_recording() {
            std::fs::write(file, played).expect("written");
            continue;
        }
        // Compare scene by scene first, so that a failure shows only the scene that differs.
        for (played, recorded) in played.split("### ").zip(text.split("### ")) {
            assert_eq!(played, recorded, "{}", file.display());
        }
        assert_eq!(played, text, "{}", file.display());
    }
    files.len()
}
