//! Rules of the lexer that look at more, or at less, than where it stands. Pure.

use std::borrow::Cow;

use super::words;

/// A text as UTF-8; where it is none, as Latin-1, byte by byte: databases in other encodings have names, too, and
/// nothing of one may be lost.
#[must_use]
pub fn decoded(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(text.iter().copied().map(char::from).collect()),
    }
}

/// Whether a function's body in standard SQL goes on: statements in it end as others do, and pg_dump writes its `END` at
/// the beginning of a line.
pub(super) fn is_an_open_body(statement: &[u8]) -> bool {
    let makes_a_routine =
        statement.starts_with(b"CREATE FUNCTION ") || statement.starts_with(b"CREATE PROCEDURE ");
    if !makes_a_routine
        || ends_a_body(statement)
        || memchr::memmem::find(statement, b"BEGIN ATOMIC").is_none()
    {
        return false;
    }
    let words = words::of(&String::from_utf8_lossy(statement));
    words.windows(2).any(|pair| pair[0].is("BEGIN") && pair[1].is("ATOMIC"))
}

/// Whether a body that was open has ended.
pub(super) fn ends_a_body(statement: &[u8]) -> bool {
    statement.ends_with(b"\nEND;")
}

/// Letters, digits, `_`, and every byte of a character beyond ASCII.
pub(super) fn is_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
