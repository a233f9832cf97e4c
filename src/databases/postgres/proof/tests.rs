use super::{differing, *};
use crate::databases::postgres::sql::Scan;

const DUMP: &str = "CREATE TABLE s.a;\nCOPY s.a (x) FROM stdin;\n1\n2\n\\.\nCOPY s.b (x) FROM stdin;\n\\.\nSELECT pg_catalog.setval('s.q', 42, true);\n";

fn compared(restored: &str, majors: (u32, u32), left_out: Option<&[&str]>) -> Comparison {
    let (before, after) = (Scan::of(DUMP), Scan::of(restored));
    let (contents, restored) = (before.contents().unwrap(), after.contents().unwrap());
    let named = |names: &[&str]| names.iter().map(|name| ("s".to_owned(), (*name).to_owned())).collect();
    let left_out = left_out.map(named);
    Comparison::new(
        &Side { contents: &contents, inventory: before.inventory(), majors: (15, 15) },
        &Side { contents: &restored, inventory: after.inventory(), majors },
        left_out.as_ref(),
    )
}

#[test]
fn the_same_is_equal_in_any_order() {
    let comparison = compared(&DUMP.replace("1\n2\n", "2\n1\n"), (15, 15), None);
    assert_eq!((comparison.verdict(), comparison.findings()), (Verdict::Equal, vec![]));
    assert_eq!(comparison.tables.len(), 2);
}

#[test]
fn each_difference_is_named() {
    for (from, to, finding) in [
        ("1\n2\n", "1\n3\n", "table s.a has rows that differ"),
        ("1\n2\n", "1\n", "table s.a has 1 row, expected 2"),
        (
            "COPY s.b",
            "COPY s.c",
            "table s.b is missing; table s.c is not in the backup; missing from the restored database: COPY s.b; not in the backup: COPY s.c",
        ),
        ("42", "43", "sequence s.q is at 43, expected 42"),
    ] {
        let comparison = compared(&DUMP.replace(from, to), (15, 15), None);
        assert_eq!(comparison.verdict(), Verdict::NotEqual, "{to}");
        assert_eq!(comparison.findings().join("; "), finding);
    }
}

#[test]
fn statements_of_another_version_are_not_compared_but_rows_are() {
    let newer = compared(&DUMP.replace("CREATE TABLE", "CREATE  TABLE"), (18, 18), None);
    assert_eq!((newer.verdict(), newer.statements_equal), (Verdict::RowsEqual, None));
    assert_eq!(compared(DUMP, (18, 18), None).verdict(), Verdict::Equal);
    assert_eq!(compared(&DUMP.replace("2\n\\.", "3\n\\."), (18, 18), None).verdict(), Verdict::NotEqual);
}

/// A sequence at another position would produce other rows, whatever the version.
#[test]
fn a_sequence_of_another_version_is_compared() {
    let newer = compared(&DUMP.replace("CREATE TABLE", "CREATE  TABLE").replace("42", "43"), (18, 18), None);
    assert_eq!((newer.verdict(), newer.statements_equal), (Verdict::NotEqual, None));
    let told = newer.findings().join("; ");
    assert_eq!(told, "sequence s.q is at 43, expected 42");
    let without = DUMP.replace("SELECT pg_catalog.setval('s.q', 42, true);\n", "");
    assert_eq!(compared(&without, (18, 18), None).verdict(), Verdict::NotEqual);
    assert_eq!(compared(&without, (18, 18), Some(&[])).verdict(), Verdict::Incomplete);
}

#[test]
fn left_out_content_is_never_equal_and_hides_no_difference() {
    let without = DUMP.replace("COPY s.b (x) FROM stdin;\n\\.\n", "");
    let verdict = |text: &str, left_out| compared(text, (15, 15), Some(left_out)).verdict();
    assert_eq!(verdict(&without, &["b"]), Verdict::Incomplete);
    assert_eq!(verdict(DUMP, &[]), Verdict::Incomplete);
    assert_eq!(verdict(&without.replace("1\n", "7\n"), &["b"]), Verdict::NotEqual);
    assert_eq!(verdict(&without.replace("42", "43"), &["b"]), Verdict::NotEqual);
    assert_eq!(verdict(&DUMP.replace("1\n", "7\n"), &["a"]), Verdict::NotEqual, "it is there");
}

#[test]
fn what_is_missing_and_was_not_left_out_is_a_finding() {
    let without = DUMP.replace("COPY s.b (x) FROM stdin;\n\\.\n", "");
    let comparison = compared(&without, (15, 15), Some(&["a"]));
    assert_eq!(comparison.verdict(), Verdict::NotEqual);
    assert_eq!(comparison.findings(), ["table s.b is missing"]);
    let empty = DUMP.replace("COPY s.a (x) FROM stdin;\n1\n2\n\\.\n", "");
    let comparison = compared(&empty, (15, 15), Some(&["a"]));
    assert_eq!(comparison.verdict(), Verdict::NotEqual);
    assert_eq!(comparison.findings(), ["none of the 2 rows was restored"]);
}

fn told(missing: &[&str], unexpected: &[&str]) -> Vec<String> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    differing(&owned(missing), &owned(unexpected))
}

#[test]
fn versions_of_one_statement_are_named_once() {
    assert_eq!(
        told(
            &["CREATE INDEX i ON s.t", "CREATE VIEW s.v", "SELECT pg_catalog.setval('s.q', 42, true)"],
            &["SELECT pg_catalog.setval('s.q', 43, true)", "CREATE VIEW s.v"]
        ),
        [
            "missing from the restored database: CREATE INDEX i ON s.t",
            "statement differs: CREATE VIEW s.v",
            "statement differs: SELECT pg_catalog.setval('s.q', 42, true) became SELECT pg_catalog.setval('s.q', 43, true)",
        ]
    );
}

#[test]
fn statements_of_other_things_are_not_each_others_versions() {
    assert_eq!(
        told(&["COPY public.b"], &["COPY public.c"]),
        ["missing from the restored database: COPY public.b", "not in the backup: COPY public.c"]
    );
}

#[test]
fn numbers_are_grouped_and_take_their_plural() {
    let shown = [0, 1, 999, 1000, 52_500, 1_234_567].map(|count| super::counted(count, "row"));
    assert_eq!(shown, ["0 rows", "1 row", "999 rows", "1,000 rows", "52,500 rows", "1,234,567 rows"]);
}

#[test]
fn many_are_counted() {
    let many: Vec<String> = (0..50).map(|n| format!("CREATE TABLE s.t{n}")).collect();
    let told = differing(&many, &[]);
    assert_eq!((told.len(), told[20].as_str()), (21, "30 more statements differ"));
}
