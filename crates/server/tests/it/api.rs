use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::running::{Answer, Running};
use crate::socket::Socket;

const TOKEN: (&str, &str) = ("HEADWATER_AUTH__API_TOKEN", "s3cret");
const BEARER: &str = "Authorization: Bearer s3cret";

fn description(server: &Running) -> Value {
    server.ask("GET /api/v1/openapi.json", "").json()
}

/// Method, path and description of each operation.
fn operations(description: &Value) -> Vec<(String, &str, &Value)> {
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods");
        methods
            .iter()
            .map(|(method, operation)| (method.to_uppercase(), path.as_str(), operation))
    });
    operations.collect()
}

/// Head and body of a request for an operation, from its examples. `room` replaces `{room}`.
fn example(method: &str, path: &str, operation: &Value, room: &str) -> (String, String) {
    let path = path
        .replace("{room}", room)
        .replace("{stream}", "camera")
        .replace("{participant}", "whip~camera");
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    match body {
        Value::Null => (format!("{method} {path}"), String::new()),
        body => {
            let head = format!("{method} {path}\r\nContent-Type: application/json");
            (head, body.to_string())
        }
    }
}

#[test]
fn room_is_created_read_locked_and_ended() {
    let server = Running::start(&[]);
    let room = json!({ "name": "demo" });
    let created = server.ask_json("POST /api/v1/rooms", &room);
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.header("location"), Some("/api/v1/rooms/demo"));
    assert_eq!(server.ask_json("POST /api/v1/rooms", &room).status, 200);
    let rooms = server.ask("GET /api/v1/rooms", "").json();
    assert_eq!(rooms["rooms"][0]["name"], "demo");

    let mut ada = Socket::join(&server, "demo", "ada");
    let inside = server.ask("GET /api/v1/rooms/demo", "").json();
    assert_eq!(inside["room"]["participants"], 1);
    assert_eq!(inside["participants"][0]["id"], "ada");
    assert_eq!(inside["streams"], json!([]));
    let who = server.ask("GET /api/v1/rooms/demo/participants", "").json();
    assert_eq!(who["participants"], inside["participants"]);

    let locked = server.ask_json("PATCH /api/v1/rooms/demo", &json!({ "locked": true }));
    assert_eq!(locked.json()["locked"], true);
    let (_, refused) = Socket::enter(&server, "demo", "bob");
    assert_eq!(refused["error"]["code"], "locked");

    let ended = server.ask("DELETE /api/v1/rooms/demo?reason=The%20end", "");
    assert_eq!(ended.status, 204, "{ended:?}");
    let end = ada.event("ended");
    assert_eq!(
        (&end["reason"], &end["text"]),
        (&json!("closed"), &json!("The end"))
    );
    for request in ["GET /api/v1/rooms/demo", "DELETE /api/v1/rooms/demo"] {
        assert_eq!(server.ask(request, "").status, 404, "{request}");
    }
}

#[test]
fn server_message_reaches_the_room_or_one_participant() {
    let server = Running::start(&[]);
    let mut ada = Socket::join(&server, "demo", "ada");
    let mut bob = Socket::join(&server, "demo", "bob");
    let say = |message: Value| server.ask_json("POST /api/v1/rooms/demo/messages", &message);
    let to_bob = say(json!({ "body": "psst", "to": "bob", "kind": "data", "topic": "t" }));
    assert_eq!(to_bob.status, 201, "{to_bob:?}");
    assert_eq!(say(json!({ "body": "hello" })).json()["number"], 2);
    let message = bob.event("message")["message"].clone();
    assert_eq!(
        (&message["body"], &message["kind"]),
        (&json!("psst"), &json!("data"))
    );
    let message = ada.event("message")["message"].clone();
    assert_eq!(
        (&message["body"], &message["from"]),
        (&json!("hello"), &json!("~server"))
    );
    let nobody = say(json!({ "body": "hello", "to": "eve" }));
    assert_eq!(
        (nobody.status, &nobody.json()["field"]),
        (404, &json!("to"))
    );
    let long = say(json!({ "body": "hello", "topic": "y".repeat(129) }));
    assert_eq!((long.status, &long.json()["field"]), (400, &json!("topic")));
}

#[test]
fn removed_participant_is_told_the_reason() {
    let server = Running::start(&[]);
    let mut ada = Socket::join(&server, "demo", "ada");
    let path = "/api/v1/rooms/demo/participants/ada";
    let long = format!("DELETE {path}?reason={}", "x".repeat(1_025));
    assert_eq!(server.ask(&long, "").status, 400);
    assert_eq!(
        server
            .ask(&format!("DELETE {path}?reason=enough"), "")
            .status,
        204
    );
    let end = ada.event("ended");
    assert_eq!(
        (&end["reason"], &end["text"]),
        (&json!("kicked"), &json!("enough"))
    );
    assert_eq!(server.ask(&format!("DELETE {path}"), "").status, 404);
}

#[test]
fn removing_a_whip_publisher_ends_its_session() {
    let server = Running::start(&[]);
    for request in [
        "DELETE /api/v1/rooms/demo/participants/whip~camera",
        "DELETE /api/v1/rooms/demo",
    ] {
        let session = server.publish("demo/camera");
        assert_eq!(server.ask(request, "").status, 204, "{request}");
        let gone = |server: &Running| server.ask(&format!("GET {session}"), "").status == 404;
        server.until(gone);
        server.until(|server| server.ask("GET /api/v1/streams/demo/camera", "").status == 404);
        // The publisher may come back, and is in the room again.
        let session = server.publish("demo/camera");
        let who = server.ask("GET /api/v1/rooms/demo/participants", "").json();
        assert_eq!(who["participants"][0]["id"], "whip~camera");
        assert_eq!(server.ask(&format!("DELETE {session}"), "").status, 200);
    }
}

#[test]
fn stream_is_listed_and_read_by_its_name() {
    let server = Running::start(&[]);
    server.publish("demo/camera");
    server.publish("garden");
    let expected = |name: &str| {
        json!({
            "name": name, "active": false, "viewers": 0, "tracks": [], "problems": []
        })
    };
    let streams = server.ask("GET /api/v1/streams", "");
    assert_eq!(streams.header("cache-control"), Some("no-store"));
    let all = json!({ "streams": [expected("demo/camera"), expected("garden")] });
    assert_eq!(streams.json(), all);
    for name in ["demo/camera", "garden"] {
        let stream = server.ask(&format!("GET /api/v1/streams/{name}"), "");
        assert_eq!(stream.json(), expected(name));
    }
    for name in ["demo", "demo/else", "a%20b"] {
        let answer = server.ask(&format!("GET /api/v1/streams/{name}"), "");
        assert_eq!(
            (answer.status, &answer.json()["field"]),
            (404, &json!("stream")),
            "{name}"
        );
    }
}

#[test]
fn room_api_needs_its_token_once_any_token_is_set() {
    let publish = ("HEADWATER_AUTH__PUBLISH_TOKEN", "other");
    let host = ("HEADWATER_AUTH__HOST_TOKEN", "other");
    let other = "Authorization: Bearer other";
    for (settings, header, status) in [
        (vec![], "X-Nothing: 0", 200),
        (vec![publish], "X-Nothing: 0", 403),
        (vec![host], other, 403),
        (vec![TOKEN], "X-Nothing: 0", 401),
        (vec![TOKEN, publish], other, 403),
        (vec![TOKEN], BEARER, 200),
        (vec![TOKEN, publish], "authorization: bearer  s3cret", 200),
    ] {
        let server = Running::start(&settings);
        let description = description(&server);
        for (method, path, operation) in operations(&description) {
            let guarded = path.starts_with("/api/v1/rooms");
            assert_eq!(
                operation.get("security").is_some(),
                guarded,
                "{method} {path}"
            );
            let (head, body) = example(&method, path, operation, "nowhere");
            let answer = server.ask(&format!("{head}\r\n{header}"), &body);
            let expected = guarded && status != 200;
            let refused = matches!(answer.status, 401 | 403);
            assert_eq!(refused, expected, "{settings:?} {head} {answer:?}");
            if refused {
                assert_eq!(answer.status, status, "{settings:?} {head}");
                let asks = answer.header("www-authenticate").is_some();
                assert_eq!(asks, status == 401);
            }
        }
    }
}

#[test]
fn unauthorized_requests_use_up_no_rate_limit() {
    let server = Running::start(&[TOKEN, ("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "1")]);
    for _ in 0..10 {
        assert_eq!(server.ask("POST /api/v1/rooms", "").status, 401);
    }
    let create = format!("POST /api/v1/rooms\r\n{BEARER}");
    let answer = server.ask_json(&create, &json!({ "name": "demo" }));
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn openapi_examples_match_the_responses() {
    let server = Running::start(&[]);
    server.publish("demo/camera");
    server.publish("demo");
    let description = description(&server);
    assert_eq!(description["openapi"], "3.1.0");
    // Deletions come last, those of participants before those of rooms, since the other operations
    // need what they remove.
    let mut all = operations(&description);
    all.sort_by_key(|(method, path, _)| (method == "DELETE", !path.contains("{participant}")));
    let mut ids = BTreeSet::new();
    for (method, path, operation) in all {
        let (head, body) = example(&method, path, operation, "demo");
        let answer = server.ask(&head, &body);
        assert!(ids.insert(operation["operationId"].to_string()), "{head}");
        assert!(
            answer.status != 404 && answer.status != 405,
            "{head}: {answer:?}"
        );
        if path.ends_with("/connect") {
            // A plain GET opens no WebSocket.
            assert!((400..500).contains(&answer.status), "{answer:?}");
            continue;
        }
        let described = &operation["responses"][answer.status.to_string()];
        assert!(described["description"].is_string(), "{head}: {answer:?}");
        let expected = &described["content"]["application/json"]["example"];
        if !expected.is_null() {
            assert_same_shape(expected, &answer.json(), &head);
        }
    }
}

/// Checks that the answer has the fields and types of the example. Its lists may be empty.
fn assert_same_shape(example: &Value, answer: &Value, of: &str) {
    match (example, answer) {
        (Value::Object(example), Value::Object(answer)) => {
            let keys = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(example), keys(answer), "{of}");
            for (key, value) in example {
                assert_same_shape(value, &answer[key], of);
            }
        }
        (Value::Array(example), Value::Array(answer)) => {
            for (example, answer) in example.iter().zip(answer) {
                assert_same_shape(example, answer, of);
            }
        }
        _ => assert_eq!(
            std::mem::discriminant(example),
            std::mem::discriminant(answer),
            "{of}"
        ),
    }
}

#[test]
fn every_api_route_is_in_the_openapi_description() {
    let elsewhere = include_str!("../../src/http/mod.rs");
    assert!(!elsewhere.contains("/api/v1"), "list it in http::api");
    let list = include_str!("../../src/http/api/mod.rs");
    let unlisted: Vec<_> = list
        .lines()
        .filter(|line| line.contains(".route(\""))
        .collect();
    let known = ["/api/v1\"", "/api/v1/{*rest}"];
    assert_eq!(unlisted.len(), known.len());
    for (line, known) in unlisted.iter().zip(known) {
        assert!(line.contains(known), "{line}: describe it by routes!");
    }
    let socket = include_str!("../../src/http/dialect/headwater/mod.rs");
    assert_eq!(socket.matches("/api/v1/").count(), 1);
    assert!(socket.contains("/api/v1/connect"));
    let server = Running::start(&[]);
    assert!(description(&server)["paths"]["/api/v1/connect"].is_object());
    let page = server.ask("GET /api/v1", "");
    assert_eq!(page.header("location"), Some("/api/v1/"));
}

/// All examples of refusals, by name.
fn refusals(description: &Value) -> BTreeMap<String, Value> {
    let responses = description["components"]["responses"]
        .as_object()
        .expect("responses");
    let examples = responses.values().flat_map(|response| {
        let examples = &response["content"]["application/problem+json"]["examples"];
        examples.as_object().expect("examples").iter()
    });
    examples
        .map(|(name, example)| (name.clone(), example["value"].clone()))
        .collect()
}

#[test]
fn refusals_match_the_openapi_examples() {
    let quick = ("HEADWATER_LIMITS__BODY_TIMEOUT_MS", "300");
    let server = Running::start(&[quick]);
    let mut expected = refusals(&description(&server));
    let mut check = |name: &str, answer: Answer| {
        let expected = expected.remove(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(answer.json(), expected, "{name}");
        assert!(!answer.detail().is_empty());
    };
    let create = |body: Value| server.ask_json("POST /api/v1/rooms", &body);
    check("unknownField", create(json!({ "title": "demo" })));
    check("missingField", create(json!({})));
    check("badName", create(json!({ "name": "a/b" })));
    check("tooLarge", create(json!({ "name": "x".repeat(20_000) })));
    check("notJson", server.ask("POST /api/v1/rooms", "{}"));
    let json = "Content-Type: application/json\r\nContent-Length: 9";
    check(
        "tooSlow",
        server.send(&format!("POST /api/v1/rooms\r\n{json}"), "{"),
    );
    check("noRoom", server.ask("GET /api/v1/rooms/nowhere", ""));
    let nobody = "DELETE /api/v1/rooms/nowhere/participants/nobody";
    check("noParticipant", server.ask(nobody, ""));
    check("noStream", server.ask("GET /api/v1/streams/nothing", ""));

    let guarded = Running::start(&[TOKEN]);
    check("tokenMissing", guarded.ask("GET /api/v1/rooms", ""));
    let wrong = "GET /api/v1/rooms\r\nAuthorization: Bearer guessed";
    check("tokenWrong", guarded.ask(wrong, ""));
    let closed = Running::start(&[("HEADWATER_AUTH__VIEW_TOKEN", "x")]);
    check("tokenNotSet", closed.ask("GET /api/v1/rooms", ""));
    let slow = Running::start(&[("HEADWATER_LIMITS__SESSIONS_PER_SECOND", "1")]);
    let mut many = (0..10).map(|_| slow.ask_json("POST /api/v1/rooms", &json!({ "name": "a" })));
    check(
        "tooFast",
        many.find(|answer| answer.status == 429).expect("too many"),
    );
    assert!(expected.is_empty(), "not tried: {expected:?}");
}

#[test]
fn refusal_in_rest_md_is_an_openapi_example() {
    let document = include_str!("../../../../docs/protocol/rest.md");
    let (_, shown) = document.split_once("```json\n").expect("an example");
    let (shown, _) = shown.split_once("```").expect("its end");
    let shown: Value = serde_json::from_str(shown).expect("JSON");
    let server = Running::start(&[]);
    let refusals = refusals(&description(&server));
    assert!(
        refusals.values().any(|refusal| *refusal == shown),
        "{shown}"
    );
}

#[test]
fn unknown_methods_and_paths_are_refused_as_problems() {
    let server = Running::start(&[]);
    for (request, allowed) in [
        ("PUT /api/v1/rooms", "get,head,post"),
        ("POST /api/v1/rooms/demo", "get,head,patch,delete"),
        ("DELETE /api/v1/streams", "get,head"),
    ] {
        let answer = server.ask(request, "");
        assert_eq!(answer.status, 405, "{request}: {answer:?}");
        assert!(answer.detail().starts_with("this method"));
        let allow: BTreeSet<_> = answer
            .header("allow")
            .unwrap_or_default()
            .split(',')
            .collect();
        assert_eq!(allow, allowed.split(',').collect(), "{request}");
    }
    for path in ["/api/v1/nothing", "/api/v1/rooms/", "/api/v1/rooms/a/b/c/d"] {
        let answer = server.ask(&format!("GET {path}"), "");
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.detail().contains("/api/v1/"), "{path}");
    }
    let trailing = server.ask_json("POST /api/v1/rooms?x=1", &json!({ "name": "demo" }));
    assert_eq!(trailing.status, 201);
    let query = server.ask("DELETE /api/v1/rooms/demo?raeson=x", "");
    assert_eq!(query.status, 400);
    assert!(query.detail().contains("raeson"), "{query:?}");
}

#[test]
fn api_page_lists_every_operation_and_loads_nothing() {
    let server = Running::start(&[]);
    let answer = server.ask("GET /api/v1/", "");
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let page = &answer.body;
    for needed in [
        "<html lang=\"en\">",
        "<title>Headwater API</title>",
        "name=\"viewport\"",
    ] {
        assert!(page.contains(needed), "{needed}");
    }
    for loaded in ["<script", "<link", "<img", "src=", "@import", "url("] {
        assert!(!page.contains(loaded), "{loaded}");
    }
    let description = description(&server);
    for (method, path, operation) in operations(&description) {
        let route = format!("<strong>{method}</strong> <code>{path}</code>");
        assert!(page.contains(&route), "{route}");
        assert!(page.contains(operation["summary"].as_str().expect("a summary")));
    }
    let targets = page
        .split("href=\"#")
        .skip(1)
        .filter_map(|link| link.split('"').next());
    for target in targets {
        let id = format!("id=\"{target}\"");
        assert_eq!(page.matches(&id).count(), 1, "{target}");
    }
    for tag in ["table", "section", "article", "div", "pre", "p"] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn api_requests_are_counted() {
    let server = Running::start(&[]);
    server.ask("GET /api/v1/rooms", "");
    let counter = "headwater_http_requests_total{dialect=\"api\",method=\"GET\",status=\"200\"}";
    assert_eq!(server.counted(counter), 1);
}
