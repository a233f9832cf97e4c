//! Kinds of statements, as far as they matter for putting sections together.

use crate::databases::postgres::sql::contents::set;
use crate::databases::postgres::sql::excerpt::without_comments;

/// Whether a statement belongs to an object, by the comment above it, or sets something for the next one.
pub(super) fn is_of_an_item(text: &[u8]) -> bool {
    let statement = without_comments(text);
    let above = &text[..text.len() - statement.len()];
    let names = |line: &[u8]| memchr::memmem::find(above, line).is_some();
    names(b"\n-- Name: ") || names(b"\n-- Data for Name: ") || statement.starts_with(b"SET ")
}

/// Whether the section that takes everything has this statement, too: settings, and positions of sequences that belong to
/// a table.
pub(super) fn is_of_every_section(statement: &[u8]) -> bool {
    statement.starts_with(b"SET ")
        || statement == b"SELECT pg_catalog.set_config('search_path', '', false);"
        || set(statement).is_some()
}
