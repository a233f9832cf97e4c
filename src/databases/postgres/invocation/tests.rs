use super::*;

#[test]
fn the_plain_case_has_the_flags_that_the_field_uses() {
    let options = DumpOptions { lock_wait_timeout: Duration::from_secs(30), ..DumpOptions::default() };
    assert_eq!(
        options.arguments().join(" "),
        "--format=plain --clean --if-exists --no-password --no-owner --no-acl --lock-wait-timeout=30000"
    );
    assert!(!options.is_partial());
}

#[test]
fn patterns_and_privileges_are_passed_on() {
    let options = DumpOptions {
        include_privileges: true,
        schemas: vec!["diary".into(), "auth".into()],
        exclude_schemas: vec!["cron".into()],
        exclude_table_data: vec!["diary.cache_*".into()],
        tables: vec!["\"a\".\"b\"".into()],
        encoding: Some("LATIN1".into()),
        no_unlogged_rows: true,
        lock_wait_timeout: Duration::from_millis(1500),
        schema_only: false,
        section: None,
        snapshot: None,
    };
    assert_eq!(
        options.arguments().join(" "),
        "--format=plain --clean --if-exists --no-password --lock-wait-timeout=1500 --encoding=LATIN1 --no-unlogged-table-data --strict-names --schema=diary --schema=auth \
             --exclude-schema=cron --exclude-table-data=diary.cache_* --table=\"a\".\"b\""
    );
    assert!(options.is_partial());
}

#[test]
fn a_setting_is_quoted_for_the_session_or_the_transaction() {
    let sql = settings_sql(&[("DateStyle", "ISO, MDY")], true);
    assert!(sql.contains("(VALUES ('DateStyle', 'ISO, MDY'))") && sql.contains("x.value, true)"), "{sql}");
    assert!(settings_sql(SESSION_SETTINGS, false).contains("('lock_timeout', '0')"));
    assert!(SESSION_SETTINGS.iter().all(|(name, value)| !name.contains('\'') && !value.contains('\'')));
}
