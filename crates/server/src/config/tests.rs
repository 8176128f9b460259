use std::path::PathBuf;

use toml::Value;

use super::*;
use crate::webhooks::Kind;

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("headwater.toml");
    std::fs::write(&path, text).expect("written");
    (folder, path)
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn ice_server_that_browsers_refuse_is_named_by_key() {
    for (table, key) in [
        ("url = \"host:3478\"", "ice.servers[0].url"),
        ("url = \"stun:\"", "ice.servers[0].url"),
        ("url = \"turn:host\"", "ice.servers[0].username"),
    ] {
        let (_folder, path) = file(&format!("[[ice.servers]]\n{table}\n"));
        let error = Config::load(Some(&path), variables(&[]), []).expect_err(table);
        assert!(error.to_string().starts_with(key), "{error}");
    }
    let good = "[[ice.servers]]\nurl = \"turns:host:5349\"\nusername = \"u\"\ncredential = \"c\"\n";
    let (_folder, path) = file(good);
    assert!(Config::load(Some(&path), variables(&[]), []).is_ok());
}

#[test]
fn invalid_webhook_is_named_by_key() {
    for (table, key) in [
        ("url = \"example.net\"\nsecret = \"s\"", "webhooks[0].url"),
        ("url = \"ftp://a/\"\nsecret = \"s\"", "webhooks[0].url"),
        ("url = \"http://u:p@a/\"\nsecret = \"s\"", "webhooks[0].url"),
        ("url = \"http://a/\"\nsecret = \"\"", "webhooks[0].secret"),
    ] {
        let (_folder, path) = file(&format!("[[webhooks]]\n{table}\n"));
        let error = Config::load(Some(&path), variables(&[]), []).expect_err(table);
        assert!(error.to_string().starts_with(key), "{error}");
    }
    let (_folder, path) =
        file("[[webhooks]]\nurl = \"http://a/\"\nsecret = \"s\"\nevents = [\"nothing\"]\n");
    let error = read_file(&path).expect_err("an unknown event");
    assert!(error.to_string().contains("roomStarted"), "{error}");
}

#[test]
fn webhooks_load_from_variable_and_hide_their_secrets() {
    let hook = r#"[{ url = "https://example.net/", secret = "hunter2", events = ["roomEnded"] }]"#;
    let config = Config::load(None, variables(&[("HEADWATER_WEBHOOKS", hook)]), []);
    let config = config.expect("good");
    assert_eq!(config.webhooks[0].events, [Kind::RoomEnded]);
    let shown = toml::to_string(&config).expect("serializes");
    assert!(
        shown.contains("[[webhooks]]") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn limit_of_zero_connections_is_refused() {
    let environment = variables(&[("HEADWATER_LIMITS__CONNECTIONS_MAX", "0")]);
    let error = Config::load(None, environment, []).expect_err("nobody");
    assert!(
        error.to_string().starts_with("limits.connections_max"),
        "{error}"
    );
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let (_folder, path) = file("[media]\nport = 1\nshards = 2\nconnect_timeout_s = 3\n");
    let environment = variables(&[
        ("HEADWATER_MEDIA__PORT", "10"),
        ("HEADWATER_MEDIA__SHARDS", "20"),
    ]);
    let config =
        Config::load(Some(&path), environment, [("media.port", Value::from(100))]).expect("good");
    let media = config.media;
    assert_eq!(
        (
            media.port,
            media.shards,
            media.connect_timeout_s,
            media.silence_timeout_s
        ),
        (100, 20, 3, 20)
    );
}

#[test]
fn unknown_key_is_named_by_path_and_line() {
    let (_folder, path) = file("[http]\nlisten = \"0.0.0.0:1\"\n\n[media]\nprot = 1\n");
    let error = read_file(&path).expect_err("unknown key").to_string();
    assert!(
        error.contains("line 5") && error.contains("media.prot"),
        "{error}"
    );
}

#[test]
fn wrong_value_is_named_by_path_and_line() {
    let (_folder, path) = file("[media]\nport = \"many\"\n");
    let error = read_file(&path).expect_err("wrong type").to_string();
    assert!(
        error.contains("line 2") && error.contains("media.port"),
        "{error}"
    );
}

#[test]
fn wrong_variable_is_named_by_its_key() {
    let error = Config::load(None, variables(&[("HEADWATER_MEDIA__PORT", "many")]), [])
        .expect_err("wrong type");
    assert!(error.to_string().contains("media.port"), "{error}");
}

#[test]
fn unspecified_public_ip_is_refused() {
    let error = Config::load(
        None,
        variables(&[("HEADWATER_MEDIA__PUBLIC_IPS", "0.0.0.0")]),
        [],
    );
    assert!(error.is_err_and(|error| error.to_string().contains("media.public_ips")));
}

#[test]
fn list_loads_from_variable_with_commas() {
    let environment = variables(&[("HEADWATER_MEDIA__PUBLIC_IPS", "192.0.2.1, 2001:db8::1")]);
    let config = Config::load(None, environment, []).expect("good");
    assert_eq!(config.media.public_ips.len(), 2);
}

#[test]
fn secret_is_absent_from_debug_and_toml() {
    let environment = variables(&[("HEADWATER_AUTH__PUBLISH_TOKEN", "hunter2")]);
    let config = Config::load(None, environment, []).expect("good");
    assert_eq!(config.auth.publish_token.reveal(), Some("hunter2"));
    let shown = format!(
        "{config:?}{}",
        toml::to_string(&config).expect("serializes")
    );
    assert!(!shown.contains("hunter2"));
}

#[test]
fn default_configuration_survives_a_round_trip() {
    let text = toml::to_string(&Config::default()).expect("serializes");
    assert_eq!(
        toml::from_str::<Config>(&text).ok(),
        Some(Config::default())
    );
}
