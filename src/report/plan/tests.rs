#[test]
fn a_label_is_followed_by_its_value() {
    let lines = super::lines(&[("dump", "a".to_owned()), ("bucket", "b".to_owned())]);
    assert_eq!(lines, ["dump: a", "bucket: b"]);
}
