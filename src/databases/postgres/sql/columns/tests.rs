use super::*;

fn head(columns: &[&str]) -> CopyHead {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    CopyHead { schema: "s".to_owned(), name: "t".to_owned(), columns }
}

#[test]
fn fields_are_put_into_the_order_that_is_wanted() {
    let mut wanted = Columns::default();
    wanted.note(&head(&["a", "b", "c"]));
    let order = wanted.permutation(&head(&["c", "a", "b"])).unwrap();
    assert_eq!(permuted(b"3\t1\t", &order), b"1\t\t3");
    assert_eq!(wanted.permutation(&head(&["a", "b", "c"])), None);
    assert_eq!(wanted.permutation(&head(&["a", "b", "d"])), None);
    assert_eq!(wanted.permutation(&head(&["a", "b"])), None);
}

#[test]
fn names_that_are_not_utf8_are_read_byte_by_byte() {
    let latin1 = CopyHead::of(b"COPY public.\"caf\xe9\" (\"pr\xe9nom\", nom) FROM stdin;").unwrap();
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
        let expected = expected.map(|(schema, name, columns)| CopyHead {
            schema: schema.to_owned(),
            name: name.to_owned(),
            columns: columns.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        });
        assert_eq!(CopyHead::of(statement.as_bytes()), expected, "{statement}");
    }
}
