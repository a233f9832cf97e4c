use super::*;

#[test]
fn a_repository_is_two_plain_names() {
    for name in ["cure-hht/hht_diary", "a/b.c"] {
        assert!(owner_and_name(name).is_some(), "{name}");
    }
    for name in ["", "a", "a/", "/b", "a/b/c", "a/..", "a/b?x=1", "a/b%2f", "a/b c"] {
        assert!(owner_and_name(name).is_none(), "{name}");
    }
}
