use super::super::statement::Statement;
use super::*;

fn parsed(text: &str) -> Option<String> {
    TableName::parse_list(text).map(|names| format!("{names:?}").replace("TableName ", ""))
}

#[test]
fn names_are_read_as_sql_reads_them() {
    for (text, expected) in [
        ("diary.visits", r#"[{ schema: Some("diary"), name: "visits" }]"#),
        ("Visits", r#"[{ schema: None, name: "visits" }]"#),
        (
            "a.b, c\n\"D.,\"\"e\".f",
            r#"[{ schema: Some("a"), name: "b" }, { schema: None, name: "c" }, { schema: Some("D.,\"e"), name: "f" }]"#,
        ),
    ] {
        assert_eq!(parsed(text).as_deref(), Some(expected), "{text}");
    }
    for wrong in ["", "a.", ".a", "a;b", "a.b.c", "'a'", "\"\"", "a,,b"] {
        assert_eq!(parsed(wrong), None, "{wrong}");
    }
    for (text, expected) in [
        ("recovered", Some("recovered")),
        ("\"Re covered\"", Some("Re covered")),
        ("pg_x", None),
        ("a.b", None),
        ("a b", None),
        ("ä", None),
    ] {
        assert_eq!(TableName::parse_schema(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn only_names_that_need_it_get_quotes() {
    for (name, expected) in [
        ("visits", "visits"),
        ("_a1", "_a1"),
        ("order", "\"order\""),
        ("Visits", "\"Visits\""),
        ("1a", "\"1a\""),
        ("a\"b", "\"a\"\"b\""),
        ("", "\"\""),
    ] {
        assert_eq!(identifier(name), expected);
    }
}

fn moved(text: &[u8]) -> Vec<u8> {
    let statement = Statement::of(text);
    let is_ours = |(schema, name): &QualifiedName| schema == "d" && ["v", "it's; s"].contains(&name.as_str());
    statement.encoded(&statement.moved("\"New\"", is_ours))
}

#[test]
fn names_move_wherever_they_are_and_texts_stay() {
    for (text, expected) in [
        ("COPY d.v (a) FROM stdin;", "COPY \"New\".v (a) FROM stdin;"),
        ("x d.v.a, e.v, d.w, \"d\".\"v\", d.v(1)", "x \"New\".v.a, e.v, d.w, \"New\".\"v\", \"New\".v(1)"),
        (
            "nextval('d.v'::regclass) || 'd.v' || 'd.v'::text",
            "nextval('\"New\".v'::regclass) || 'd.v' || 'd.v'::text",
        ),
        (
            "SELECT pg_catalog.setval('d.\"it''s; s\"', 5, true);",
            "SELECT pg_catalog.setval('\"New\".\"it''s; s\"', 5, true);",
        ),
        ("COMMENT ON TABLE d.v IS 'd.v $$ d.v';", "COMMENT ON TABLE \"New\".v IS 'd.v $$ d.v';"),
        ("CHECK ((d.v = $$d.v$$)) -- d.v\n, d.v", "CHECK ((\"New\".v = $$d.v$$)) -- d.v\n, \"New\".v"),
    ] {
        assert_eq!(String::from_utf8(moved(text.as_bytes())).unwrap(), expected);
    }
    // Another encoding keeps its bytes.
    assert_eq!(moved(b"COPY d.v (\"\xe9\") FROM stdin;"), b"COPY \"New\".v (\"\xe9\") FROM stdin;");
}
