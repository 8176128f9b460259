//! Inputs that consist of several steps.
//!
//! ```text
//! step: what(1) length(2) bytes
//! ```

/// Splits an input into its steps. A length beyond the end stands for the end.
pub(crate) fn steps(mut input: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let ([what, high, low], rest) = input.split_first_chunk::<3>()?;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (bytes, rest) = rest.split_at(length.min(rest.len()));
        input = rest;
        Some((*what, bytes))
    })
}

/// Appends a step; bytes beyond 65,535 are left out.
pub(crate) fn write(to: &mut Vec<u8>, what: u8, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    to.push(what);
    to.extend(length.to_be_bytes());
    to.extend(bytes.iter().take(usize::from(length)));
}

/// Builds an input of these steps.
pub(crate) fn of<'a>(steps: impl IntoIterator<Item = (u8, &'a [u8])>) -> Vec<u8> {
    let mut input = Vec::new();
    for (what, bytes) in steps {
        write(&mut input, what, bytes);
    }
    input
}
