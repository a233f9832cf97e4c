use proptest::prelude::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

const HEAD: &str = "--\n-- PostgreSQL database dump\n--\n\n\\restrict k\n\nSET statement_timeout = 0;\n\
     SELECT pg_catalog.set_config('search_path', '', false);\nSET row_security = off;";
const TRAILER: &str = "\n\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict k\n\n";
const DROPS: &str =
    "\n\nDROP TABLE IF EXISTS s.t0;\nCREATE OR REPLACE VIEW s.v AS\nSELECT\n    1 AS \"\n--\n-- Name: \";\n";
const SEQUENCE: &str =
    "\n\n--\n-- Name: q; Type: SEQUENCE SET; Schema: s\n--\n\nSELECT pg_catalog.setval('s.q', 7, true);";
const LARGE_OBJECTS: &str = "\n\n--\n-- Data for Name: BLOBS; Type: BLOBS\n--\n\nBEGIN;\n\n\
     SELECT pg_catalog.lo_open('1', 131072);\nSELECT pg_catalog.lowrite(0, '\\x00');\nSELECT pg_catalog.lo_close(0);\n\nCOMMIT;";

fn named(name: &str) -> TableName {
    ("s".to_owned(), name.to_owned())
}

fn table(name: &str, rows: usize, length: usize) -> String {
    let rows: String = (0..rows).map(|row| format!("{row}\\\\.{}\n", "x".repeat(length))).collect();
    format!(
        "\n\n--\n-- Data for Name: {name}; Type: TABLE DATA; Schema: s\n--\n\nCOPY s.{name} (a) FROM stdin;\n{rows}\\.\n"
    )
}

fn tables(tables: &[(usize, usize)]) -> String {
    tables.iter().enumerate().map(|(at, (rows, length))| table(&format!("t{at}"), *rows, *length)).collect()
}

/// The parts of a text, what follows its last statement, and the cutter.
fn cut(
    takes: Takes,
    text: &str,
    chunk: usize,
    part: usize,
) -> Result<(Vec<Part>, Vec<u8>, SectionCutter), Misfit> {
    let mut cutter = SectionCutter::new(takes, part);
    for chunk in text.as_bytes().chunks(chunk) {
        cutter.room().extend_from_slice(chunk);
        cutter.advance()?;
    }
    let end = cutter.end();
    let parts = std::iter::from_fn(|| cutter.pop()).collect();
    Ok((parts, end, cutter))
}

fn all() -> Takes {
    Takes::AllBut(BTreeSet::new())
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a Part>) -> String {
    parts.into_iter().map(|part| String::from_utf8_lossy(&part.text)).collect()
}

fn contents(text: &str) -> crate::databases::postgres::sql::DumpContents {
    let mut scan = Scan::default();
    scan.feed(text.as_bytes());
    scan.judged().unwrap()
}

proptest! {
    #[test]
    fn the_parts_are_the_text(
        sizes in proptest::collection::vec((0_usize..30, 0_usize..300), 0..5),
        chunk in prop_oneof![1_usize..40, 200_usize..2000],
        part in prop_oneof![1_usize..60, 200_usize..3000],
    ) {
        let text = format!("{HEAD}{DROPS}{}{SEQUENCE}{LARGE_OBJECTS}{TRAILER}", tables(&sizes));
        let (parts, end, cutter) = cut(all(), &text, chunk, part).unwrap();
        prop_assert_eq!(String::from_utf8_lossy(&end), TRAILER);
        prop_assert!(parts.iter().all(|part| !part.text.is_empty()));
        prop_assert!(parts.is_sorted_by_key(|part| part.phase));
        let of = |phase| joined(parts.iter().filter(|part| part.phase == phase));
        prop_assert_eq!(of(Phase::Head), HEAD);
        prop_assert_eq!(of(Phase::Drops), DROPS.trim_end());
        // Without the cuts in tables, it is the text byte by byte.
        let mut whole = joined(&parts) + TRAILER;
        for at in 0..sizes.len() {
            whole = whole.replace(&format!("\\.\n\n\nCOPY s.t{at} (a) FROM stdin;\n"), "");
        }
        prop_assert_eq!(&whole, &text);
        // The cuts make no difference to what the text contains.
        let expected = contents(&text);
        prop_assert_eq!(&contents(&(joined(&parts) + TRAILER)), &expected);
        // Rows are counted, and the scan without them sees both ends.
        let (scan, found) = cutter.into_parts();
        prop_assert!(scan.judged().is_ok());
        let rows = expected.tables.into_iter().map(|table| ((table.schema, table.name), table.rows));
        prop_assert_eq!(found, rows.collect::<BTreeMap<_, _>>());
    }

    #[test]
    fn other_rows_may_come_wherever_a_part_is_closed(
        sizes in proptest::collection::vec((0_usize..30, 0_usize..300), 1..4),
        chunk in 1_usize..500,
        part in 1_usize..900,
    ) {
        let text = format!("{HEAD}{DROPS}{}{SEQUENCE}{LARGE_OBJECTS}{TRAILER}", tables(&sizes));
        let (parts, _, _) = cut(all(), &text, chunk, part).unwrap();
        let items: Vec<_> = parts.iter().filter(|part| part.phase == Phase::Items).collect();
        let other = table("other", 2, 5);
        let mut merged = HEAD.to_owned();
        for part in &items {
            merged.push_str(&joined([*part]));
            if !part.is_open {
                merged.push_str(&other);
            }
        }
        merged.push_str(TRAILER);
        let mut scan = Scan::default();
        let (mut left, mut in_transaction) = (merged.as_bytes(), false);
        while !left.is_empty() {
            let (rest, boundary) = scan.advance(left);
            let statement = &left[..left.len() - rest.len()];
            match boundary {
                Some(Boundary::Transaction) => in_transaction = statement.ends_with(b"BEGIN;"),
                // A restore over several connections would lose the open large object here.
                Some(Boundary::Copy { .. }) => prop_assert!(!in_transaction),
                _ => {}
            }
            left = rest;
        }
        let closed = items.iter().filter(|part| !part.is_open).count() as u64;
        let found = scan.judged().unwrap().tables;
        for (at, (rows, _)) in sizes.iter().enumerate() {
            let digest = found.iter().find(|table| table.name == format!("t{at}")).unwrap();
            prop_assert_eq!(digest.rows, *rows as u64);
        }
        prop_assert_eq!(found.iter().find(|table| table.name == "other").unwrap().rows, 2 * closed);
    }
}

#[test]
fn rows_of_one_table_are_taken_and_nothing_else() {
    let text = format!("{HEAD}\n\n{}{SEQUENCE}{}{TRAILER}", table("a", 3, 9), table("b", 2, 9));
    let takes = Takes::RowsOf(BTreeSet::from([named("a"), named("b")]));
    let (parts, _, cutter) = cut(takes, &text, 7, 30).unwrap();
    let rows = joined(parts.iter().filter(|part| part.phase == Phase::Items));
    assert!(rows.contains("COPY s.a") && rows.contains("COPY s.b") && !rows.contains("setval"), "{rows}");
    assert_eq!(cutter.missing(), None);
    assert_eq!(cutter.into_parts().1, BTreeMap::from([(named("a"), 3), (named("b"), 2)]));
}

#[test]
fn whatever_does_not_fit_is_refused() {
    let refused = |takes: &Takes, text: &str| cut(takes.clone(), text, 50, 1000).err();
    let of_a = Takes::RowsOf(BTreeSet::from([named("a")]));
    let without_a = Takes::AllBut(BTreeSet::from([named("a")]));
    let (a, b) = (table("a", 1, 1), table("b", 1, 1));
    let cases = [
        (&of_a, format!("{HEAD}{b}{TRAILER}"), Misfit::NotHandedOut("s.b".to_owned())),
        (&without_a, format!("{HEAD}{b}{a}{TRAILER}"), Misfit::NotHandedOut("s.a".to_owned())),
        (&of_a, format!("{HEAD}{a}{a}{TRAILER}"), Misfit::Twice("s.a".to_owned())),
        (
            &of_a,
            format!("{HEAD}{a}\n\nDELETE FROM s.a;{TRAILER}"),
            Misfit::Statement("DELETE FROM s.a".to_owned()),
        ),
        (
            &of_a,
            format!("{HEAD}{DROPS}{a}{TRAILER}"),
            Misfit::Statement("DROP TABLE IF EXISTS s.t0".to_owned()),
        ),
        (&of_a, format!("{a}{TRAILER}"), Misfit::Head),
        (&without_a, "SET x = 1;\n".repeat(40), Misfit::Head),
        (&without_a, "x".repeat(100_000), Misfit::Head),
    ];
    for (takes, text, misfit) in cases {
        assert_eq!(refused(takes, &text), Some(misfit), "{text}");
    }
    let (_, _, cutter) = cut(of_a, &format!("{HEAD}{TRAILER}"), 50, 1000).unwrap();
    assert_eq!(cutter.missing(), Some("s.a".to_owned()));
}

#[test]
fn a_text_that_is_cut_off_is_judged_so() {
    let text = format!("{HEAD}{}", table("a", 20, 20));
    for length in [text.len() - 3, text.len() - 30, text.len()] {
        let (_, _, cutter) = cut(all(), &text[..length], 13, 100).unwrap();
        assert!(cutter.into_parts().0.judged().is_err(), "{length}");
    }
}

/// A row that is longer than a part does not wait in memory for its end.
#[test]
fn a_long_row_or_statement_goes_in_pieces() {
    let row = "y".repeat(10_000);
    let long = format!("\n\n--\n-- Name: f\n--\n\nCOMMENT ON TABLE s.a IS '{row}';");
    let text = format!(
        "{HEAD}\n\n--\n-- Data for Name: a\n--\n\nCOPY s.a (a) FROM stdin;\n{row}\nz\n\\.\n{long}{TRAILER}"
    );
    let (parts, _, _) = cut(all(), &text, 100, 1000).unwrap();
    assert!(parts.iter().all(|part| part.text.len() < 1300));
    assert_eq!(contents(&(joined(&parts) + TRAILER)), contents(&text));
}
