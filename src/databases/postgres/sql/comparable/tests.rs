use super::without_nested_conditions;

#[test]
fn what_a_group_begins_with_loses_its_parentheses() {
    for (code, expected) in [
        ("(((a >= 1) AND (a <= 5)) AND (b > 0))", "((a >= 1) AND (a <= 5) AND (b > 0))"),
        ("((((a) OR (b)) OR (c)) OR (d))", "((a) OR (b) OR (c) OR (d))"),
        ("((((a) AND (b)) AND (c)) OR (d))", "(((a) AND (b) AND (c)) OR (d))"),
        ("((f((1), (2)) AND (b)) AND (c))", "(f((1), (2)) AND (b) AND (c))"),
    ] {
        assert_eq!(String::from_utf8(without_nested_conditions(code.as_bytes())).unwrap(), expected);
        assert_eq!(without_nested_conditions(expected.as_bytes()), expected.as_bytes());
    }
}

#[test]
fn every_other_parenthesis_stays() {
    for code in [
        "(((a) OR (b)) AND (c))",
        "((a) AND ((b) AND (c)))",
        "((a) OR ((b) OR (c)) OR (d))",
        "(NOT ((a) AND (b)))",
        "(((a) AND (b)) IS NULL AND (c))",
        "(((a) AND (b)))",
        "(f(a) AND (b)) AND c",
        ") AND ((a) AND (b)) AND (",
    ] {
        assert_eq!(String::from_utf8(without_nested_conditions(code.as_bytes())).unwrap(), code);
    }
}
