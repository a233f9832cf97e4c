use super::{Head, head};

#[test]
fn names_that_are_not_utf8_are_read_byte_by_byte() {
    let latin1 = head(b"COPY public.\"caf\xe9\" (\"pr\xe9nom\", nom) FROM stdin;").unwrap();
    assert_eq!((latin1.name.as_str(), latin1.columns), ("café", vec!["prénom".to_owned(), "nom".to_owned()]));
}

#[test]
fn names_are_read_whatever_they_hold() {
    for (statement, expected) in [
        ("COPY public.patients (id, \"from\") FROM stdin;", Some(("public", "patients", "id|from"))),
        (
            "COPY \"My.Schema\".\"a \"\"b\"\"\n(c) FROM stdin;\" (\"x, y)\", z) FROM stdin;",
            Some(("My.Schema", "a \"b\"\n(c) FROM stdin;", "x, y)|z")),
        ),
        ("COPY diary.\"é🙂\" (x) FROM stdin;", Some(("diary", "é🙂", "x"))),
        ("COPY public.empty  FROM stdin;", Some(("public", "empty", ""))),
        ("COPY public.t TO stdout;", None),
        ("CREATE TABLE public.t ();", None),
    ] {
        let expected = expected.map(|(schema, name, columns)| Head {
            schema: schema.to_owned(),
            name: name.to_owned(),
            columns: columns.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        });
        assert_eq!(head(statement.as_bytes()), expected, "{statement}");
    }
}
