use super::*;

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
    assert_eq!(of_tables("d.it's"), "(n.nspname ~ '^(d)$' AND c.relname ~ '^(it''s)$')");
    let options = DumpOptions { exclude_table_data: vec!["a.b".to_owned()], ..DumpOptions::default() };
    assert_eq!(
        of_dumped_rows(&options),
        "(true) AND NOT (false) AND NOT ((n.nspname ~ '^(a)$' AND c.relname ~ '^(b)$'))"
    );
    assert_eq!(of_schemas("audit_*"), "n.nspname ~ '^(audit_.*)$'");
}
