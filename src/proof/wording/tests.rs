use super::differing;

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
