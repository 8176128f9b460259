//! Builds again when the embedded pages change. The derive that embeds them notices only
//! changes of files that were there the last time.

use std::path::Path;

fn main() {
    for package in ["../../web/app", "../../web/sdk"].map(Path::new) {
        let built = package.join("dist");
        // A missing folder would count as changed for ever; the one above it is always there.
        let watched = if built.is_dir() { &built } else { package };
        if watched.exists() {
            println!("cargo:rerun-if-changed={}", watched.display());
        } else {
            println!("cargo:rerun-if-changed=build.rs");
        }
    }
}
