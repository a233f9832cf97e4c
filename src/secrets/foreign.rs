//! Marks the text of other servers (S3, Doppler) inside our messages. Such text may quote a request, so even the shortest
//! secret is removed from it before printing. In our own text, a password that equals a database name is that name. Pure.

/// Begin and end of foreign text: Unicode isolates, made for quoting. Never printed.
pub const MARKS: [char; 2] = ['\u{2068}', '\u{2069}'];

/// Marks a text as foreign.
#[must_use]
pub fn foreign(words: &str) -> String {
    format!("{}{}{}", MARKS[0], words.replace(MARKS, ""), MARKS[1])
}
