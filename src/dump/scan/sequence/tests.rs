use super::{Position, set};

#[test]
fn names_and_values_are_read() {
    for (statement, expected) in [
        ("SELECT pg_catalog.setval('public.t_id_seq', 42, true);", Some(("public", "t_id_seq", 42, true))),
        (
            "SELECT pg_catalog.setval('\"S. \"\"x\"\"\".\"Q''x'', 7\"', -5, false);",
            Some(("S. \"x\"", "Q'x', 7", -5, false)),
        ),
        ("SELECT pg_catalog.setval('s.q', 4 + 2, true);", None),
        ("SELECT pg_catalog.set_config('search_path', '', false);", None),
    ] {
        let expected = expected.map(|(schema, name, value, is_called)| {
            ((schema.to_owned(), name.to_owned()), Position { value, is_called })
        });
        assert_eq!(set(statement.as_bytes()), expected, "{statement}");
    }
}
