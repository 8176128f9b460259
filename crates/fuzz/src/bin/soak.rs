//! Runs one target under libFuzzer: `HEADWATER_FUZZ_TARGET=sdp soak FOLDER -max_total_time=1800`.
//! With `HEADWATER_FUZZ_SEEDS` it writes the seeds of all targets into that folder and exits.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use headwater_fuzz::{TARGETS, Target};

static TARGET: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        if let Ok(folder) = std::env::var("HEADWATER_FUZZ_SEEDS") {
            write_seeds(Path::new(&folder));
            std::process::exit(0);
        }
        let name = std::env::var("HEADWATER_FUZZ_TARGET").unwrap_or_default();
        let target = headwater_fuzz::target(&name);
        TARGET.get_or_init(|| target.expect("HEADWATER_FUZZ_TARGET names a target"));
    },
    |data: &[u8]| {
        if let Some(target) = TARGET.get() {
            (target.run)(data);
        }
    }
);

fn write_seeds(folder: &Path) {
    for target in TARGETS {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        for (number, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed).expect("it is written");
        }
    }
}
