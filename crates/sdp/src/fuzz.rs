//! Entry points for fuzzing: functions of a text that panic when a promise of this crate does
//! not hold for it. For tests only.

use crate::candidate::Candidate;
use crate::description::Description;
use crate::fragment::Fragment;

/// Checks that parsing does not panic, and that what was parsed is written and parsed to the
/// same.
///
/// # Panics
/// If that is not so.
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

/// Checks the same of a fragment.
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

/// Checks the same of a candidate.
///
/// # Panics
/// If it does not hold.
pub fn candidate(text: &str) {
    if let Ok(parsed) = Candidate::parse(text) {
        assert_eq!(Candidate::parse(&parsed.to_string()), Ok(parsed));
    }
}
