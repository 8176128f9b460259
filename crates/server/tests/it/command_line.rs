use std::path::PathBuf;
use std::process::{Command, Output};

fn headwater(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_headwater"))
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("headwater runs")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path: PathBuf = folder.path().join("headwater.toml");
    std::fs::write(&path, text).expect("written");
    let path = path.to_str().expect("a plain path").to_owned();
    (folder, path)
}

#[test]
fn unknown_key_is_named_by_its_path_and_line() {
    let (_folder, path) = file("[log]\nlevel = \"info\"\n\n[media]\nprot = 1\n");
    let output = headwater(&["config", "--check", &path], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("line 5") && said.contains("media.prot"),
        "{said}"
    );
}

#[test]
fn valid_file_passes_the_check() {
    let (_folder, path) = file("[media]\nport = 9000\n");
    stdout(&headwater(&["config", "--check", &path], &[]));
}

#[test]
fn flag_beats_environment_beats_file() {
    let (_folder, path) = file("[media]\nport = 1001\nshards = 11\n[limits]\nsessions_max = 7\n");
    let arguments = ["config", "--config", &path, "--media-port", "1003"];
    let environment = [
        ("HEADWATER_MEDIA__PORT", "1002"),
        ("HEADWATER_MEDIA__SHARDS", "12"),
    ];
    let shown = stdout(&headwater(&arguments, &environment));
    for line in ["port = 1003", "shards = 12", "sessions_max = 7"] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} in {shown}"
        );
    }
}

#[test]
fn numeric_token_is_accepted_and_not_shown() {
    let environment = [
        ("HEADWATER_AUTH__PUBLISH_TOKEN", "12345"),
        ("HEADWATER_AUTH__VIEW_TOKEN", "a,b"),
    ];
    let shown = stdout(&headwater(&["config"], &environment));
    assert!(shown.contains("publish_token = \"<set>\""), "{shown}");
    assert!(
        !shown.contains("12345") && !shown.contains("a,b"),
        "{shown}"
    );
}

#[test]
fn single_address_is_read_as_a_list_of_one() {
    let environment = [("HEADWATER_MEDIA__PUBLIC_IPS", "192.0.2.1")];
    let shown = stdout(&headwater(&["config"], &environment));
    assert!(shown.contains("public_ips = [\"192.0.2.1\"]"), "{shown}");
}

#[test]
fn impossible_bench_run_names_the_reason() {
    let (_folder, path) = file("not a video");
    for (arguments, reason) in [
        (vec!["http://127.0.0.1:9"], "http://127.0.0.1:9/whip/bench0"),
        (vec!["--bitrate", "0"], "--bitrate"),
        (vec!["--ramp", "0"], "--ramp"),
        (vec!["--publishers", "0"], "--streams"),
        (vec!["--layers", "4"], "--layers"),
        (vec!["--file", &path], "IVF"),
        (vec!["--file", "/does/not/exist"], "/does/not/exist"),
        (
            vec!["--publishers", "2", "--whip", "http://127.0.0.1:9/w"],
            "{stream}",
        ),
    ] {
        let output = headwater(&[vec!["bench"], arguments.clone()].concat(), &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && said.contains(reason),
            "{arguments:?}: {said}"
        );
    }
}
