use super::*;

#[test]
fn ten_are_named_and_the_rest_is_counted() {
    let found: Vec<(String, String)> =
        (0..12).map(|at| (format!("view s.v{at}"), "table x.t".to_owned())).collect();
    assert_eq!(words(&[]), None);
    let told = words(&found).unwrap();
    assert!(told.ends_with("view s.v9 needs table x.t; 2 more"), "{told}");
    assert!(!told.contains("v10"), "{told}");
}

#[test]
fn patterns_are_read_as_psql_reads_them() {
    for (pattern, schema, name) in [
        ("audit_log", None, "audit_log"),
        ("Diary.Audit_*", Some("diary"), "audit_.*"),
        ("\"Diary\".\"a.b\"\"c\"", Some("Diary"), "a\\.b\"c"),
        ("d?ary.log_[0-9]+", Some("d.ary"), "log_[0-9]+"),
        ("money$", None, "money\\$"),
    ] {
        let expected = (schema.map(str::to_owned), name.to_owned());
        assert_eq!(regular_expressions(pattern), expected, "{pattern}");
    }
    assert_eq!(
        of_tables("d.it's"),
        "(n.nspname ~ '^(d)$' COLLATE pg_catalog.default AND c.relname ~ '^(it''s)$' COLLATE pg_catalog.default)"
    );
    let options = DumpOptions { exclude_table_data: vec!["a.b".to_owned()], ..DumpOptions::default() };
    assert_eq!(
        of_dumped_rows(&options),
        "(true) AND NOT (false) AND NOT ((n.nspname ~ '^(a)$' COLLATE pg_catalog.default AND c.relname ~ '^(b)$' COLLATE pg_catalog.default))"
    );
    assert_eq!(of_schemas("audit_*"), "n.nspname ~ '^(audit_.*)$' COLLATE pg_catalog.default");
}
