//! The first lines of a dump, which contain what pg_dump does not write.

use crate::dump::settings::{LINE, LONGEST};

/// Keeps the first lines as long as they have our prefix.
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
            if !is_ours || self.kept.len() > LONGEST {
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
