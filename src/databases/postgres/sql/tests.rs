use indoc::indoc;

use super::*;

impl Scan {
    /// The scan of a whole text.
    pub(crate) fn of(text: &str) -> Self {
        let mut scan = Self::detailed(Columns::default());
        scan.feed(text.as_bytes());
        scan
    }
}

/// Everything that could be taken for something else.
const TRICKY: &str = indoc! {r#"
    --
    -- PostgreSQL database dump
    --

    \restrict kEy1

    -- Dumped from database version 15.18
    -- Dumped by pg_dump version 15.18

    SET client_encoding = 'UTF8';
    -- COPY public.comment (a) FROM stdin;
    /* COPY public.block /* nested; */ (a) FROM stdin; */
    CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $_$
    BEGIN
      -- it's; $$ not the end
      COPY public.body (a) FROM stdin;
    END $_$;
    CREATE FUNCTION public.g(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC
     SELECT 1;
     SELECT $1 AS e;
    END;
    COMMENT ON TABLE public.t IS 'it''s; COPY public.string (a) FROM stdin;';
    COMMENT ON TABLE public.u IS E'a\'; COPY public.escaped (a) FROM stdin;\n';
    SELECT 'plain\', 1;
    CREATE TABLE public."semi;colon -- "" $$" (a$b int, name'x');
    COPY public."semi;colon -- "" $$" (a$b) FROM stdin;
    1
    CREATE TABLE x; COPY public.row (a) FROM stdin;
    \\.
    \.

    COPY public.empty (a) FROM stdin;
    \.

    COPY "S".two (a, b) FROM stdin;
    x	\N
    y	$$
    \.
    SELECT pg_catalog.setval('public.s', 42, true);

    --
    -- PostgreSQL database dump complete
    --

    \unrestrict kEy1

"#};

fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    scan.feed(text.as_bytes());
    scan
}

fn rows(contents: &DumpContents) -> Vec<(String, u64)> {
    contents.tables.iter().map(|table| (format!("{}/{}", table.schema, table.name), table.rows)).collect()
}

#[test]
fn what_looks_like_rows_or_statements_is_distinguished() {
    let seen = scan(TRICKY);
    assert!(seen.judged().is_ok());
    let expected = [("S/two", 2), ("public/empty", 0), ("public/semi;colon -- \" $$", 3)];
    assert_eq!(rows(&seen.contents().unwrap()), expected.map(|(name, rows)| (name.to_owned(), rows)));
    assert_eq!(seen.contents().unwrap().rows_total(), 5);
    // SET, f, g, two comments, SELECT, CREATE, three COPY, setval.
    assert_eq!(seen.contents().unwrap().statements, 11);
    assert!(seen.needs().foreign_commands.is_empty());
}

#[test]
fn a_split_at_any_byte_makes_no_difference() {
    let whole = scan(TRICKY).contents().unwrap();
    for at in 0..TRICKY.len() {
        let mut split = Scan::default();
        split.feed(&TRICKY.as_bytes()[..at]);
        split.feed(&TRICKY.as_bytes()[at..]);
        assert_eq!(split.contents().unwrap(), whole, "split at {at}");
        assert!(split.judged().is_ok());
    }
    let mut bytewise = Scan::default();
    TRICKY.bytes().for_each(|byte| bytewise.feed(&[byte]));
    assert_eq!(bytewise.contents().unwrap(), whole);
}

#[test]
fn only_the_order_of_rows_and_statements_is_ignored() {
    let whole = scan(TRICKY).contents().unwrap();
    let same = [
        ("x\t\\N\ny\t$$\n", "y\t$$\nx\t\\N\n"),
        ("-- Dumped by pg_dump version 15.18", "-- Dumped by pg_dump version 16.4"),
        ("kEy1", "other"),
        ("SET client_encoding = 'UTF8';\n", "\n\nSET client_encoding = 'UTF8'; "),
        ("CREATE TABLE public", "SET default_tablespace = '';\n\nCREATE TABLE public"),
    ];
    for (from, to) in same {
        assert_eq!(scan(&TRICKY.replace(from, to)).contents().unwrap(), whole, "{from}");
    }
    let different = [
        ("x\t\\N\n", "x\t\\\\N\n"),
        ("y\t$$\n", "y\t$$\ny\t$$\n"),
        ("42, true", "43, true"),
        ("-- it's; $$ not", "-- it is; $$ not"),
        ("public.empty", "public.emptier"),
    ];
    for (from, to) in different {
        assert_ne!(scan(&TRICKY.replace(from, to)).contents().unwrap(), whole, "{from}");
    }
}

#[test]
fn a_changed_row_changes_its_table_alone() {
    let (before, after) =
        (scan(TRICKY).contents().unwrap(), scan(&TRICKY.replace("x\t\\N", "z\t\\N")).contents().unwrap());
    let changed: Vec<_> = before.tables.iter().zip(&after.tables).filter(|(a, b)| a != b).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].0.name, "two");
    assert_eq!(before.statements_digest, after.statements_digest);
}

#[test]
fn a_row_and_a_statement_may_be_longer_than_what_is_kept() {
    let long = "ab".repeat(700_000);
    let text = TRICKY.replace("x\t\\N\n", &format!("{long}\n")).replace("not the end", &long);
    let whole = scan(&text);
    let mut pieces = Scan::default();
    text.as_bytes().chunks(65_536).for_each(|piece| pieces.feed(piece));
    assert_eq!(whole.contents().unwrap(), pieces.contents().unwrap());
    assert!(whole.judged().is_ok());
    assert_eq!(whole.contents().unwrap().rows_total(), 5);
}

#[test]
fn a_stream_that_ends_inside_of_something_yields_no_truth() {
    let cut = TRICKY.replace("y\t$$\n\\.\n", "y\t$$\n");
    assert_eq!(scan(&cut).contents(), None);
    for open in ["$$ open", "'open", "\"open", "COPY public.t (a) FROM stdin;", "SELECT 1"] {
        let cut = TRICKY.replace(
            "\n--\n-- PostgreSQL database dump complete",
            &format!("\n{open}\n--\n-- PostgreSQL database dump complete"),
        );
        assert_eq!(scan(&cut).judged(), Err(Unfit::Cut("it ends in the middle of a statement")), "{open}");
    }
    let foreign = TRICKY.replace("SET client", "\\echo pwned\nSET client");
    assert_eq!(scan(&foreign).judged(), Err(Unfit::Foreign(vec!["\\echo".to_owned()])));
    assert_eq!(scan("SELECT 'a").contents(), None);
}

#[test]
fn commands_of_psql_that_no_dump_holds_are_reported() {
    let foreign = |text: &str| scan(text).needs().foreign_commands.iter().cloned().collect::<Vec<_>>();
    assert_eq!(foreign(&TRICKY.replace("SET client", "\\! rm -r /\nSET client")), ["\\!"]);
    assert_eq!(foreign("SELECT 1 \\gexec\n;"), ["\\ in a statement"]);
    assert_eq!(foreign("SELECT E'\\n', '\\', $$\\!$$; -- \\!\n"), Vec::<String>::new());
}

#[test]
fn boundaries_stand_where_statements_and_rows_end() {
    let mut scan = Scan::default();
    let (mut rest, mut told) = (TRICKY, Vec::new());
    while !rest.is_empty() {
        let (left, boundary) = scan.advance(rest.as_bytes());
        let (piece, later) = rest.split_at(rest.len() - left.len());
        told.extend(boundary.map(|boundary| (boundary, piece)));
        rest = later;
    }
    assert_eq!(told.iter().filter(|(boundary, _)| *boundary == Boundary::Statement).count(), 8);
    let copies: Vec<_> = told.windows(2).filter(|pair| matches!(pair[0].0, Boundary::Copy { .. })).collect();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|pair| pair[0].1.ends_with("FROM stdin;") && pair[1].1.ends_with("\\.\n")));
}

#[test]
fn exchanged_contents_of_large_objects_are_found() {
    let objects = |first: &str, second: &str| {
        let write = |number: u32, bytes: &str| {
            format!(
                "SELECT pg_catalog.lo_open('{number}', 131072);\nSELECT pg_catalog.lowrite(0, '\\x{bytes}');\n\
                 SELECT pg_catalog.lo_close(0);\n"
            )
        };
        scan(&format!("BEGIN;\n{}{}COMMIT;\n", write(1001, first), write(1002, second))).contents().unwrap()
    };
    assert_eq!(objects("01", "02"), objects("01", "02"));
    assert_ne!(objects("01", "02"), objects("02", "01"));
}

#[test]
fn what_differs_is_named_without_its_contents() {
    let detailed = |contents: &str, password: &str| {
        let mut scan = Scan::detailed(Columns::default());
        scan.feed(
            format!(
                "SELECT pg_catalog.lo_open('1001', 131072);\nSELECT pg_catalog.lowrite(0, '\\x{contents}');\n\
                 SELECT pg_catalog.lowrite(0, '\\x{contents}99');\nSELECT pg_catalog.lo_close(0);\n\
                 CREATE USER MAPPING FOR app SERVER far OPTIONS (\n    password '{password}'\n);\n"
            )
            .as_bytes(),
        );
        scan
    };
    let (before, after) = (detailed("01", "hunter2"), detailed("02", "hunter3"));
    assert_eq!(
        before.inventory().unwrap().beyond(after.inventory().unwrap()),
        ["CREATE USER MAPPING FOR app SERVER far"]
    );
}

#[test]
fn rows_are_distinguished_from_statements_in_any_encoding() {
    let text = b"CREATE TABLE public.t (\n    pr\xe9nom text\n);\nCOPY public.t (pr\xe9nom) FROM stdin;\nRen\xe9; 'x\n\\.\n";
    let mut scan = Scan::default();
    scan.feed(text);
    assert_eq!(rows(&scan.contents().unwrap()), [("public/t".to_owned(), 1)]);
}

#[test]
fn a_very_long_statement_is_named_by_its_beginning() {
    let detailed = |end: &str| {
        let mut scan = Scan::detailed(Columns::default());
        let text = format!("CREATE FUNCTION s.f() LANGUAGE sql AS $$ {}{end} $$;\n", "x".repeat(700_000));
        text.as_bytes().chunks(65_536).for_each(|piece| scan.feed(piece));
        scan
    };
    let found = detailed("a").inventory().unwrap().beyond(detailed("b").inventory().unwrap());
    assert_eq!(found, ["a statement of more than 512 KiB: CREATE FUNCTION s.f()"]);
}

/// A server may send anything: a text of a MiB must not take minutes, nor gigabytes.
#[test]
fn a_hostile_statement_costs_no_more_than_its_length() {
    let repeated = |text: &str| text.repeat((500 << 10) / text.len());
    let (many, long) = (",".repeat(200_000), "t".repeat(200_000));
    let begun = std::time::Instant::now();
    for text in [
        format!("CREATE FUNCTION f() BEGIN ATOMIC {}\nEND;", repeated(";")),
        format!("SELECT {};", repeated("ARRAY[")),
        format!("SELECT {};", repeated("(ARRAY[")),
        format!("SELECT ARRAY[{many}]::{long}[];"),
        format!("SELECT ARRAY[{many}]::\"{long}\"[];"),
        format!("SELECT {};", repeated("( SELECT 'x'::text AS text), ( VALUES (")),
        format!("CREATE POLICY p ON t TO {};", repeated("$a, ")),
        format!("SELECT {} AS a;", repeated("(a) AND (")),
        format!("SELECT {}) AND (a;", repeated("((a) AND (b)) OR ")),
        format!("SELECT {} AS a;", repeated("'x'::a.")),
        format!("SELECT 'x'::{long} AS {long}, {};", repeated("'x'::text AS text, ")),
        format!("SELECT {};", repeated(" DEFAULT NULL::\"a\"[][]")),
    ] {
        assert_eq!(scan(&text).contents().unwrap().statements, 1);
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

/// Three rows, or three lines of a function, may be the words of a trailer.
#[test]
fn a_trailer_in_the_middle_of_something_is_none() {
    let trailer = "--\n-- PostgreSQL database dump complete\n--";
    let unrestricted = TRICKY.replace("\\restrict kEy1\n", "").replace("\\unrestrict kEy1\n", "");
    for (from, to) in
        [("x\t\\N\n", format!("{trailer}\n")), ("  -- it's; $$ not the end\n", format!("{trailer}\n"))]
    {
        let hostile = unrestricted.replace(from, &to);
        assert!(scan(&hostile).judged().is_ok());
        let cut = hostile.find("complete\n--").unwrap() + "complete\n--".len();
        for at in [cut, cut + 1] {
            assert_eq!(
                scan(&hostile[..at]).judged(),
                Err(Unfit::Cut("its end marker is inside a statement or a row")),
                "{to}"
            );
        }
    }
}

#[test]
fn a_very_long_row_is_put_into_the_wanted_order_of_columns() {
    let long = "x".repeat(3 << 20);
    let text = |columns: &str, row: &str| format!("COPY s.t ({columns}) FROM stdin;\n{row}\n\\.\n");
    let mut before = Scan::detailed(Columns::default());
    before.feed(text("a, b", &format!("{long}\t1")).as_bytes());
    let mut after = Scan::detailed(before.columns().clone());
    text("b, a", &format!("1\t{long}")).as_bytes().chunks(65_536).for_each(|piece| after.feed(piece));
    assert_eq!(before.contents().unwrap(), after.contents().unwrap());
}
