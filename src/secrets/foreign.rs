//! The words of other people's servers, S3's and Doppler's, marked as such inside our messages. They may quote what they
//! were given, so even the shortest secret is taken out of them before anybody sees them; in our own words, a password
//! that is also the name of a database is just that name. Pure.

/// Foreign words begin and end with these (Unicode's isolates, which are made for quoting); nobody ever sees them.
pub const MARKS: [char; 2] = ['\u{2068}', '\u{2069}'];

/// Words that are not ours.
#[must_use]
pub fn foreign(words: &str) -> String {
    format!("{}{}{}", MARKS[0], words.replace(MARKS, ""), MARKS[1])
}
