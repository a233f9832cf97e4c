use super::*;

#[test]
fn codes_are_found_and_others_are_not() {
    assert!(CONDITIONS.is_sorted());
    let known = SqlState::parse("42P01").unwrap();
    assert_eq!((known.code(), known.condition().as_str()), ("42P01", "undefined table"));
    for made_up in ["ZOE42", "", "42", "42p01", "42P01 "] {
        assert_eq!(SqlState::parse(made_up), None);
    }
    assert!(SqlState::parse("01000").unwrap().is_harmless() && !known.is_harmless());
}
