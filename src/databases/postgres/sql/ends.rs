//! The two ends of a dump: our own first lines, the versions in its head, and the end marker.
//!
//! A plain dump that was cut restores without an error, so only the end marker proves that it is complete. A row or
//! an object's name can contain the marker's text, too, so it counts only at the very end of the stream.

/// Prefix of each of our own first lines.
const LINE: &[u8] = b"-- sponsor-backup";
/// Maximum length of these lines in bytes.
pub const FIRST_LINES: usize = 4 << 20;
/// Bytes kept from the start, which contain the comments and the `\restrict` line.
const HEAD: usize = 4096;
/// Bytes kept from the end. The longest end marker, with a key of 63 characters, is shorter.
const TAIL: usize = 512;

const TRAILER: &str = "--\n-- PostgreSQL database dump complete\n--";

/// Keeps the first and the last bytes of a stream.
#[derive(Debug, Default)]
pub(super) struct Ends {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Ends {
    /// Takes the next bytes of the stream.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
    }

    /// What is missing from a complete dump, or `None`.
    pub(super) fn missing(&self) -> Option<&'static str> {
        let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&self.tail));
        if !head.contains("-- PostgreSQL database dump\n") {
            return Some("it does not start like a dump");
        }
        let mut end = tail.trim_end_matches('\n');
        if let Some(key) = after(&head, "\n\\restrict ") {
            match end.strip_suffix(key).and_then(|end| end.strip_suffix("\\unrestrict ")) {
                Some(rest) => end = rest.trim_end_matches('\n'),
                None => return Some("its \\unrestrict line is missing or does not match"),
            }
        }
        let whole_line = |rest: &str| rest.is_empty() || rest.ends_with('\n');
        if end.strip_suffix(TRAILER).is_some_and(whole_line) {
            None
        } else {
            Some("its end marker is missing")
        }
    }

    /// Whether the dump forbids psql commands between its ends.
    pub(super) fn is_restricted(&self) -> bool {
        after(&String::from_utf8_lossy(&self.head), "\n\\restrict ").is_some()
    }

    /// Version of the server that was dumped, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub(super) fn server_version(&self) -> Option<String> {
        after(&String::from_utf8_lossy(&self.head), "\n-- Dumped from database version ").map(str::to_owned)
    }

    /// Version of the pg_dump that wrote the stream.
    pub(super) fn pg_dump_version(&self) -> Option<String> {
        after(&String::from_utf8_lossy(&self.head), "\n-- Dumped by pg_dump version ").map(str::to_owned)
    }
}

/// The rest of the line after `start`.
fn after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split('\n').next()
}

/// Keeps the first lines as long as they have our prefix. They contain what pg_dump does not write.
#[derive(Default)]
pub(super) struct Head {
    kept: Vec<u8>,
    is_over: bool,
}

/// Debug output without values, which may be secret.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} bytes)", self.kept.len())
    }
}

impl Head {
    /// Reads the next bytes of the stream. Returns those that belong to no line of ours: bytes held back earlier, and
    /// the rest.
    pub(super) fn feed<'b>(&mut self, mut bytes: &'b [u8]) -> (Vec<u8>, &'b [u8]) {
        while !self.is_over && !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
            self.kept.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end..];
            let begin = memchr::memrchr(b'\n', &self.kept[..self.kept.len() - 1]).map_or(0, |end| end + 1);
            let line = &self.kept[begin..];
            let is_ours = line.starts_with(LINE) || LINE.starts_with(line);
            if !is_ours || self.kept.len() > FIRST_LINES {
                self.is_over = true;
                return (self.kept.split_off(begin), bytes);
            }
        }
        (Vec::new(), bytes)
    }

    /// The lines with their line breaks. `None` if they are not UTF-8.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.kept).ok()
    }
}

#[cfg(test)]
mod tests;
