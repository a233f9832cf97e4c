use super::*;

#[test]
fn a_path_is_a_pattern_for_itself_alone() {
    assert_eq!(pattern("secrets.yaml"), "secrets.yaml");
    assert_eq!(pattern("a b/[x]*?\\\n\u{fffd}"), "a\\ b/\\[x]\\*\\?\\\\??");
}
