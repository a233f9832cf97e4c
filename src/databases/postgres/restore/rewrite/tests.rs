use super::*;

fn sent(text: &str, has_blocks: bool, reaches_out: bool) -> String {
    let form = Rewriter { key: "k".to_owned(), has_blocks, reaches_out };
    String::from_utf8(form.of(text.as_bytes()).into_owned()).unwrap()
}

#[test]
fn a_schema_may_be_there() {
    for (text, expected) in [
        (
            "CREATE SCHEMA app;",
            "DO $ours_k$ BEGIN IF to_regnamespace($ourst_k$app$ourst_k$) IS NULL THEN CREATE SCHEMA app; END IF; END $ours_k$;",
        ),
        (
            "--\n\nCREATE SCHEMA \"IF\";",
            "--\n\nDO $ours_k$ BEGIN IF to_regnamespace($ourst_k$\"IF\"$ourst_k$) IS NULL THEN CREATE SCHEMA \"IF\"; END IF; END $ours_k$;",
        ),
        ("CREATE TABLE \"CREATE SCHEMA x\" ();", "CREATE TABLE \"CREATE SCHEMA x\" ();"),
    ] {
        assert_eq!(sent(text, true, true), expected);
    }
}

#[test]
fn a_comment_may_be_refused_and_has_its_lines() {
    let text = "--\n--\n\nCOMMENT ON EXTENSION citext IS 'a\nb; $$';";
    let block = "--\n--\n\nDO $ours_k$ BEGIN COMMENT ON EXTENSION citext IS 'a\nb; $$'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $ours_k$;";
    assert_eq!(sent(text, true, true), block);
    assert_eq!(sent(text, false, true), text);
    let of_a_table = "COMMENT ON TABLE a IS 'COMMENT ON SCHEMA b';";
    assert_eq!(sent(of_a_table, true, true), of_a_table);
}

#[test]
fn a_view_waits_and_reads_no_other_server_in_a_drill() {
    let text = "\n\nREFRESH MATERIALIZED VIEW public.\"my ; view\";";
    let restored = sent(text, true, true);
    assert!(restored.starts_with("\n\nDO $ours_k$ BEGIN REFRESH "), "{restored}");
    assert!(restored.contains("$ourst_k$REFRESH MATERIALIZED VIEW public.\"my ; view\";$ourst_k$"));
    assert!(!restored.contains("connection_exception"), "{restored}");
    let drilled = sent(text, true, false);
    assert!(drilled.contains("$ourst_k$public.\"my ; view\"$ourst_k$::regclass::oid"), "{drilled}");
    assert!(drilled.contains("connection_exception"), "{drilled}");
    for sent in [&restored, &drilled] {
        assert_eq!(sent.matches('\n').count(), 2, "{sent}");
    }
    for other in [
        "REFRESH MATERIALIZED VIEW CONCURRENTLY a;",
        "REFRESH MATERIALIZED VIEW a WITH NO DATA;",
        "REFRESH MATERIALIZED VIEW a",
    ] {
        assert_eq!(sent(other, true, false), other);
    }
    assert_eq!(sent(text, false, true), text);
}

#[test]
fn a_colon_before_a_name_in_code_gets_a_blank() {
    for (statement, expected) in [
        ("CHECK (a[1:\"QUIET\"] = '{}')", "CHECK (a[1: \"QUIET\"] = '{}')"),
        ("a[\"X\":\"PORT\"] || b[1:'2'::int]", "a[\"X\": \"PORT\"] || b[1: '2'::int]"),
        ("a[lo:hi] a[1:E'2'] a[:$$3$$]", "a[lo: hi] a[1: E'2'] a[: $$3$$]"),
        ("a::\"Type\" ':\"x\"' \":'\" $_$ :\"x\" $_$", "a::\"Type\" ':\"x\"' \":'\" $_$ :\"x\" $_$"),
        ("'x'::text :: \"T\" a[1:(2)]", "'x'::text :: \"T\" a[1:(2)]"),
        ("a -- it's :\"x\"\n[1:\"PORT\"] ':\"x\"'", "a -- it's :\"x\"\n[1: \"PORT\"] ':\"x\"'"),
    ] {
        assert_eq!(String::from_utf8_lossy(&without_variables(statement.as_bytes())), expected);
    }
}
