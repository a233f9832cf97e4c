//! The file that holds a dump's hash: `KEY.sha256`, the one line that `sha256sum -c` reads. Pure.

use super::ArchiveError;
use crate::layout::key::file_name;

/// The file's text for the object under `key`.
#[must_use]
pub fn line(sha256: &str, key: &str) -> String {
    format!("{sha256}  {}\n", file_name(key))
}

/// Parses the checksum file at `location` and returns the hash of the object under `key`: 64 lower-case hexadecimal digits.
///
/// # Errors
/// The file is not exactly that one line, or is about another object.
pub fn parse(location: &str, key: &str, bytes: &[u8]) -> Result<String, ArchiveError> {
    let malformed = |what: String| ArchiveError::Malformed { location: location.to_owned(), what };
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let line = text.strip_suffix('\n').unwrap_or(text);
    match line.split_once("  ") {
        Some((hash, name)) if is_sha256(hash) => match file_name(key) {
            expected if expected == name => Ok(hash.to_ascii_lowercase()),
            expected => Err(malformed(format!("is not the checksum of {expected}"))),
        },
        _ => Err(malformed("is not a SHA-256, two spaces and a file name".to_owned())),
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
