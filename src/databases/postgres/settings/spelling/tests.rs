use super::*;

#[test]
fn lists_of_names_are_read_as_postgresql_writes_them() {
    for (list, expected) in
        [("", &[""][..]), ("\"\"", &[""]), ("a, \"B\"", &["a", "B"]), ("\"a\"\"b\"", &["a\"b"])]
    {
        assert_eq!(elements(list).unwrap(), expected, "{list}");
    }
    assert_eq!(elements("\"a"), None);
}
