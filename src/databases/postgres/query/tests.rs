use super::quoted;

#[test]
fn quotes_in_a_name_are_doubled() {
    assert_eq!(quoted("a \"b\"; c"), "\"a \"\"b\"\"; c\"");
}
