//! Entry points for fuzzing. Each function takes a text and panics if the crate breaks a promise
//! for it. For tests only.

use crate::candidate::Candidate;
use crate::description::Description;
use crate::fragment::Fragment;

/// Checks that parsing a description does not panic, that writing the result and parsing it again
/// gives the same description, and that an error fits on one line.
///
/// # Panics
/// If one of these does not hold.
pub fn description(text: &str) {
    match Description::parse(text) {
        Ok(parsed) => {
            let written = parsed.write();
            let again = Description::parse(&written)
                .unwrap_or_else(|error| panic!("{error}\nwritten as:\n{written}"));
            assert_eq!(again.without_lines(), parsed.without_lines());
        }
        Err(error) => assert!(!error.to_string().contains(['\r', '\n'])),
    }
}

/// Checks the same for a fragment.
///
/// # Panics
/// If it does not hold.
pub fn fragment(text: &str) {
    match Fragment::parse(text) {
        Ok(parsed) => {
            let written = parsed.write();
            assert_eq!(Fragment::parse(&written), Ok(parsed), "{written}");
        }
        Err(error) => assert!(!error.to_string().contains(['\r', '\n'])),
    }
}

/// Checks that a candidate which parses is written and parsed to the same candidate.
///
/// # Panics
/// If it does not hold.
pub fn candidate(text: &str) {
    if let Ok(parsed) = Candidate::parse(text) {
        assert_eq!(Candidate::parse(&parsed.to_string()), Ok(parsed));
    }
}
