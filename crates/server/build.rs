//! Builds again when the embedded pages change. The derive that embeds them only notices
//! files that were there the last time.

use std::path::Path;

fn main() {
    let pages = Path::new("../../web/app/dist");
    // A missing folder would count as changed for ever; the one above it is always there.
    let watched = if pages.is_dir() {
        pages
    } else {
        Path::new("../../web/app")
    };
    if watched.exists() {
        println!("cargo:rerun-if-changed={}", watched.display());
    } else {
        println!("cargo:rerun-if-changed=build.rs");
    }
}
