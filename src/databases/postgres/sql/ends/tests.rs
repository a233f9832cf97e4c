use proptest::prelude::{any, prop, prop_assert_eq, proptest};

use super::*;

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

#[test]
fn the_first_lines_are_kept_however_they_are_cut() {
    let ours = "-- sponsor-backup salt: 1\n-- sponsor-backup: a\n";
    for rest in ["--\n-- sponsor-backup: b\n", "-- sponsorship\n", ""] {
        for (ours, size) in [1, 2, 7, 26, 1000].into_iter().flat_map(|size| [(ours, size), ("", size)]) {
            let mut head = Head::default();
            let mut others = Vec::new();
            for chunk in [ours, rest].concat().as_bytes().chunks(size) {
                let (held, left) = head.feed(chunk);
                others.extend([&held, left].concat());
            }
            assert_eq!((head.text(), others.as_slice()), (Some(ours), rest.as_bytes()));
        }
    }
}
