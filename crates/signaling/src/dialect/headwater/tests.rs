//! The wire types of the client library are generated from the Rust types, not written by hand.

use std::collections::BTreeMap;
use std::path::Path;

use ts_rs::{Config, TS, TypeVisitor};

use super::frame::METHODS;
use super::*;

/// The generated file, relative to this crate.
const WIRE_TS: &str = "../../web/sdk/src/wire.ts";

/// Environment variable with which `make types` asks the test to write the file.
const WRITE: &str = "HEADWATER_WRITE_TYPES";

const HEAD: &str = "\
// Written by `make types` from crates/signaling/src/dialect/headwater: change it there.
";

/// An object without fields.
#[derive(TS)]
#[ts(type = "Record<string, never>")]
struct Nothing;

/// Lists, for each method, the variant of [`Call`], its parameters and its result. It compiles only
/// if no variant is missing and each takes the parameters listed.
macro_rules! methods {
    ($($variant:ident $(($params:ident))? -> $result:ident;)*) => {
        /// The names of each method, its parameters and its result.
        const METHOD_TYPES: &[(&str, &str, &str)] = &[$((
            stringify!($variant),
            concat!($(stringify!($params))?),
            stringify!($result),
        )),*];

        $($(const _: fn($params) -> Call = Call::$variant;)?)*

        const _: fn(Call) = |call| match call {
            $(Call::$variant { .. } => {})*
        };

        fn visit_methods(types: &mut impl TypeVisitor) {
            $($(types.visit::<$params>();)? types.visit::<$result>();)*
        }
    };
}

methods! {
    Join(Join) -> Joined;
    Resume(Resume) -> Resumed;
    Leave -> Nothing;
    Publish(Publish) -> Published;
    Unpublish(Unpublish) -> Nothing;
    Mute(Mute) -> Nothing;
    Subscribe(Subscribe) -> Nothing;
    Unsubscribe(Subscribe) -> Nothing;
    Layers(Layers) -> Nothing;
    Answer(Answer) -> Nothing;
    Trickle(Trickle) -> Nothing;
    Restart(Restart) -> Restarted;
    Send(Send) -> Sent;
    Metadata(Metadata) -> Nothing;
    Host(Host) -> Nothing;
    Stats -> Stats;
    Ping -> Nothing;
}

#[test]
fn every_listed_method_is_read() {
    let names: Vec<_> = METHOD_TYPES
        .iter()
        .map(|(variant, ..)| variant.to_lowercase())
        .collect();
    assert_eq!(names.join(", "), METHODS);
    for name in names {
        let request = read(&format!("{{\"id\":1,\"method\":\"{name}\"}}")).expect("a request");
        let refusal = request.call.err().map(|error| error.code);
        assert_ne!(refusal, Some(Code::UnknownMethod), "{name}");
    }
}

#[test]
fn client_library_types_match_the_rust_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(WIRE_TS);
    let generated = typescript();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, generated).expect("web/sdk/src can be written");
        return;
    }
    let committed = std::fs::read_to_string(path).expect("web/sdk/src/wire.ts is there");
    assert!(
        unformatted(&committed) == unformatted(&generated),
        "web/sdk/src/wire.ts does not match the Rust types: run `make types`"
    );
}

/// All wire types as TypeScript, before a formatter has seen them.
fn typescript() -> String {
    let mut types = Types::default();
    visit_methods(&mut types);
    types.visit::<Event>();
    types.visit::<Error>();
    let methods: String = METHOD_TYPES
        .iter()
        .map(|(variant, params, result)| {
            let params = if params.is_empty() { "Nothing" } else { params };
            format!("  {}: [{params}, {result}];\n", variant.to_lowercase())
        })
        .collect();
    let methods = format!(
        "/** The parameters and the result of each method. */\nexport type Methods = {{\n{methods}}};\n"
    );
    let declared = types.declared.into_values().flatten();
    let parts = [HEAD.to_owned(), methods].into_iter().chain(declared);
    parts.collect::<Vec<_>>().join("\n")
}

/// The declarations of all types visited, by name; `None` for a type that TypeScript has already.
#[derive(Default)]
struct Types {
    declared: BTreeMap<String, Option<String>>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        let config = Config::default();
        let name = T::name(&config);
        if self.declared.contains_key(&name) {
            return;
        }
        let declaration = T::output_path().map(|_| {
            let docs = T::docs().unwrap_or_default();
            on_one_line(&format!("{docs}export {}\n", T::decl(&config)))
        });
        self.declared.insert(name, declaration);
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// Puts comments of a single line on one line.
fn on_one_line(declaration: &str) -> String {
    let mut parts = declaration.split("/**\n *");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (comment, rest) = part.split_once("*/").expect("comments end");
        let lines = comment.trim_end();
        text += &if lines.contains('\n') {
            format!("/**\n *{lines}\n */{rest}")
        } else {
            format!("/**{lines} */{rest}")
        };
    }
    text
}

/// Removes what a formatter decides, such as the quotes around field names.
fn unformatted(text: &str) -> String {
    let dense: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '"')
        .map(|c| if c == ';' { ',' } else { c })
        .collect();
    dense.replace(",}", "}").replace("=|", "=")
}
