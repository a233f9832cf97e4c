//! The two ends of a dump: the versions in its head, and the end marker.
//!
//! A plain dump that was cut restores without an error, so only the end marker proves that it is complete. A row or
//! an object's name can contain the marker's text, too, so it counts only at the very end of the stream.

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    const PATCHED: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict kEy1\n\n-- Dumped from database version 15.18 (Debian)\n-- Dumped by pg_dump version 16.4\n\nCOPY public.t (a) FROM stdin;\n-- PostgreSQL database dump complete\n\\.\n\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict kEy1\n\n";

    fn scan(text: &[u8]) -> Ends {
        let mut scan = Ends::default();
        scan.feed(text);
        scan
    }

    fn without_restriction() -> String {
        PATCHED.replace("\\restrict kEy1\n\n", "").replace("\\unrestrict kEy1\n\n", "")
    }

    #[test]
    fn a_whole_dump_is_whole_and_names_its_versions() {
        let seen = scan(PATCHED.as_bytes());
        assert_eq!(seen.missing(), None);
        assert_eq!(seen.server_version().unwrap(), "15.18 (Debian)");
        assert_eq!(seen.pg_dump_version().unwrap(), "16.4");
        assert_eq!(scan(without_restriction().as_bytes()).missing(), None);
    }

    #[test]
    fn every_cut_is_seen() {
        for text in [PATCHED.to_owned(), without_restriction()] {
            // Only the blank lines after the last word may be missing.
            for length in 0..text.trim_end().len() {
                assert!(scan(&text.as_bytes()[..length]).missing().is_some(), "cut at {length}");
            }
        }
    }

    #[test]
    fn words_in_a_row_or_a_foreign_key_do_not_pass_for_the_trailer() {
        let row = "x--\n-- PostgreSQL database dump complete\n--";
        let cut = without_restriction().replace("--\n-- PostgreSQL database dump complete\n--\n\n", row);
        assert_eq!(scan(cut.as_bytes()).missing(), Some("its end marker is missing"));
        let foreign = PATCHED.replace("\\unrestrict kEy1", "\\unrestrict other");
        assert!(scan(foreign.as_bytes()).missing().is_some());
        assert!(scan(b"").missing().is_some());
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(middle in prop::collection::vec(any::<u8>(), 0..2000), cuts in prop::collection::vec(1_usize..400, 1..40)) {
            let (head, tail) = PATCHED.split_at(PATCHED.find("COPY").unwrap());
            let whole = [head.as_bytes(), &middle, b"\n", tail.as_bytes()].concat();
            let mut chunked = Ends::default();
            let (mut rest, mut cuts) = (whole.as_slice(), cuts.into_iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
                chunked.feed(now);
                rest = later;
            }
            let at_once = scan(&whole);
            prop_assert_eq!(&chunked.head, &at_once.head);
            prop_assert_eq!(&chunked.tail, &at_once.tail);
            prop_assert_eq!(chunked.missing(), None);
        }
    }
}
