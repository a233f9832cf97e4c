use super::*;
use crate::databases::postgres::sql::comparable::comparable;

fn told(statement: &str) -> String {
    String::from_utf8(canonical(statement.as_bytes()).into_owned()).unwrap()
}

#[test]
fn the_two_spellings_become_one() {
    for (first, after) in [
        (
            "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, ]'::character varying])::text[])))",
            "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b, ]'::character varying)::text])))",
        ),
        (
            "ON (s::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])) FROM t;",
            "ON (s::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text])) FROM t;",
        ),
        ("SELECT 1 FROM (VALUES (1)) a, ( VALUES (2)) b;", "SELECT 1 FROM (VALUES (1)) a, (VALUES (2)) b;"),
        (
            "SELECT ( SELECT 'x'::text AS text), 1::int AS int4;",
            "SELECT ( SELECT 'x'::text), 1::int AS int4;",
        ),
        (
            "SELECT ( SELECT NULL::text AS text), ( SELECT E'\\\\'::text AS text);",
            "SELECT ( SELECT NULL::text), ( SELECT E'\\\\'::text);",
        ),
        (
            "CREATE POLICY \"a TO b\" ON s.t FOR SELECT TO zoe, \"Adam, 2\" USING (x = 'TO z, a');",
            "CREATE POLICY \"a TO b\" ON s.t FOR SELECT TO \"Adam, 2\", zoe USING (x = 'TO z, a');",
        ),
        (
            "CREATE POLICY p ON s.t TO b, \"x USING (\" USING (true);",
            "CREATE POLICY p ON s.t TO \"x USING (\", b USING (true);",
        ),
        ("COPY s.\"t (\" (b, \"a, )\") FROM stdin;", "COPY s.\"t (\" (\"a, )\", b) FROM stdin;"),
        (
            "CREATE TABLE s.t (\n    b numeric(1, 2),\n    a text\n)\nINHERITS (s.p);",
            "CREATE TABLE s.t (\n    a text,\n    b numeric(1, 2)\n)\nINHERITS (s.p);",
        ),
    ] {
        assert_eq!(told(first), told(after), "{first}");
        assert_eq!(told(&told(first)), told(first), "{first}");
    }
}

fn compared(statement: &str) -> String {
    String::from_utf8(comparable(&canonical(statement.as_bytes())).into_owned()).unwrap()
}

#[test]
fn what_manifests_do_not_know_is_compared_in_one_spelling() {
    for (first, after) in [
        (
            "CREATE VIEW s.v AS\n SELECT t.id\n   FROM s.t\n  WHERE (((t.id >= 1) AND (t.id <= 5)) AND (t.k = ') AND ('::text));",
            "CREATE VIEW s.v AS\n SELECT t.id\n   FROM s.t\n  WHERE ((t.id >= 1) AND (t.id <= 5) AND (t.k = ') AND ('::text));",
        ),
        (
            "CREATE TABLE s.t (\n    a numeric(12,3) DEFAULT NULL,\n    b timestamp(0) with time zone DEFAULT NULL NOT NULL\n);",
            "CREATE TABLE s.t (\n    a numeric(12,3) DEFAULT NULL::numeric,\n    b timestamp(0) with time zone DEFAULT NULL::timestamp with time zone NOT NULL\n);",
        ),
        (
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET DEFAULT NULL;",
            "ALTER TABLE ONLY s.t ALTER COLUMN a SET DEFAULT NULL::character varying;",
        ),
        (
            "CREATE PROCEDURE s.p()\n    LANGUAGE sql\n    BEGIN ATOMIC\n SELECT 'done'::text;\nEND;",
            "CREATE PROCEDURE s.p()\n    LANGUAGE sql\n    BEGIN ATOMIC\n SELECT 'done'::text AS text;\nEND;",
        ),
        (
            "CREATE VIEW v AS SELECT (EXISTS ( SELECT '-1'::integer)), ARRAY( SELECT NULL::character varying), ARRAY( SELECT 'a'::s.\"Mood x\"), ( SELECT '{}'::bigint[]);",
            "CREATE VIEW v AS SELECT (EXISTS ( SELECT '-1'::integer AS int4)), ARRAY( SELECT NULL::character varying AS \"varchar\"), ARRAY( SELECT 'a'::s.\"Mood x\" AS \"Mood x\"), ( SELECT '{}'::bigint[] AS int8);",
        ),
        (
            "CREATE VIEW v AS SELECT ( SELECT '1'::timestamp(3) with time zone), ( SELECT NULL::\"char\");",
            "CREATE VIEW v AS SELECT ( SELECT '1'::timestamp(3) with time zone AS timestamptz), ( SELECT NULL::\"char\" AS \"char\");",
        ),
    ] {
        assert_eq!(compared(first), compared(after), "{first}");
        assert_eq!(compared(&compared(first)), compared(first), "{first}");
    }
}

/// Digests of these are in manifests of release 0.1.
#[test]
fn what_manifests_know_never_changes() {
    for text in [
        "WHERE (((t.id >= 1) AND (t.id <= 5)) AND (t.k = 'x'::text));",
        "CREATE TABLE s.t (\n    a numeric(12,3) DEFAULT NULL::numeric\n);",
        "BEGIN ATOMIC\n SELECT 'done'::text AS text;\nEND;",
    ] {
        assert_eq!(told(text), text);
    }
}

#[test]
fn what_means_something_else_is_compared_as_it_is() {
    for text in [
        "SELECT ((a OR b) AND c), (a AND (b AND c)), ((a AND b) OR c);",
        "SELECT ( SELECT 'x'::integer AS int8), f('x')::integer AS int4, a::integer AS int4, 'x'::text AS \"Text\";",
        "ALTER TABLE ONLY s.t ALTER COLUMN a SET DEFAULT 'NULL'::text;",
        "CREATE FUNCTION f() RETURNS int AS $$ SELECT 'x'::text AS text WHERE (((a) AND (b)) AND (c)) DEFAULT NULL::int $$;",
    ] {
        assert_eq!(compared(text), text);
    }
}

#[test]
fn anything_else_stays() {
    for text in [
        "SELECT (ARRAY[1, 2])[1];",
        "x (ARRAY['a)::text[]",
        "(a[1])::text[]",
        "(ARRAY[1])::text",
        "((ARRAY[1]))::int[]",
        "ARRAY[]::t",
        "( SELECT 'x'::text AS textual)",
        "CREATE TABLE s.t (\n    b integer,\n    a text\n);",
        "CREATE TABLE s.t (\n    b text DEFAULT 'z,\n    a\n)\nINHERITS (',\n    c text\n)\nINHERITS (s.p);",
        "CREATE POLICY p ON s.t USING (a = 'x TO b, a USING (');",
        "COPY s.t  FROM stdin;",
    ] {
        assert_eq!(told(text), text);
    }
}

#[test]
fn nothing_that_is_quoted_is_changed() {
    let spellings =
        "( SELECT x::text AS text) ( VALUES (1)) (ARRAY[a, b])::text[] ( SELECT NULL::text AS text)";
    for text in [
        format!("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$ {spellings} 'y'::text AS text $_$;"),
        format!("COMMENT ON TABLE t IS '( SELECT ''x''::text AS text) {spellings}';"),
        format!("COMMENT ON TABLE t IS E'\\'( SELECT 1) \\'x\\'::text AS text {spellings}';"),
        format!("CREATE TABLE \"( SELECT 'x'::text AS text {spellings}\" ();"),
        "COMMENT ON TABLE t IS 'CREATE TABLE x (\n b,\n a\n)\nINHERITS (y)';".to_owned(),
    ] {
        assert_eq!(told(&text), text);
    }
}

/// Such a name is a key in what `to_json` makes of the row.
#[test]
fn the_name_of_anything_but_a_constant_counts() {
    for named in ["a::text AS text", "\"a\"::text AS text", "f('x')::text AS text", "IS_NULL::t AS t"] {
        let text = format!("SELECT to_json(r.*) FROM ( SELECT {named} FROM t) r;");
        assert_eq!(told(&text), text);
    }
}

#[test]
fn several_arrays_and_nested_ones_are_met() {
    let text = b"a (ARRAY[f(1, ','), x[1]])::text[] b (ARRAY[1, ']'])::my.\"T 1\"[] c";
    let expected = "a ARRAY[(f(1, ','))::text, (x[1])::text] b ARRAY[(1)::my.\"T 1\", (']')::my.\"T 1\"] c";
    let masked = Masked::of(text).unwrap();
    let code = with_cast_elements(masked.code.clone());
    assert_eq!(String::from_utf8(masked.unmasked(&code)).unwrap(), expected);
}

#[test]
fn every_text_comes_back_as_it_was() {
    proptest::proptest!(|(text in "['\"$aeE1\\\\ x]{0,40}")| {
        let masked = Masked::of(text.as_bytes()).unwrap();
        proptest::prop_assert_eq!(masked.unmasked(&masked.code), text.as_bytes());
    });
    assert!(Masked::of(b"a\x01b").is_none());
}
