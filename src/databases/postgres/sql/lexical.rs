//! Rules of the lexer that depend on more, or on less, than its current place. Pure.

use std::borrow::Cow;

use super::words;

/// A text as UTF-8, or else as Latin-1, byte by byte: names exist in other encodings, too, and none of their bytes
/// may get lost.
#[must_use]
pub fn decoded(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(text.iter().copied().map(char::from).collect()),
    }
}

/// Whether a function's body in standard SQL continues after a semicolon. pg_dump writes its `END` at the beginning
/// of a line.
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

/// Whether an open body has ended.
pub(super) fn ends_a_body(statement: &[u8]) -> bool {
    statement.ends_with(b"\nEND;")
}

/// Letters, digits, `_`, and every byte of a character beyond ASCII.
pub(super) fn is_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
