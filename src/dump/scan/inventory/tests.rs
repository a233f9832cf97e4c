use super::*;

#[test]
fn differences_are_named_in_both_directions() {
    let (mut before, mut after) = (Inventory::default(), Inventory::default());
    for (inventory, statements) in [(&mut before, ["a", "b", "b"]), (&mut after, ["a", "b", "c"])] {
        statements
            .iter()
            .for_each(|text| inventory.add(u128::from(text.as_bytes()[0]), || (*text).to_owned()));
    }
    assert_eq!(before.beyond(&after), ["b"]);
    assert_eq!(after.beyond(&before), ["c"]);
}

#[test]
fn nothing_is_named_where_one_is_not_whole() {
    let (mut small, mut full) = (Inventory::default(), Inventory::default());
    small.add(1, || "a".to_owned());
    full.add(2, || "b".repeat(KEPT));
    assert!(full.is_whole());
    assert_eq!(small.beyond(&full), ["a"]);
    full.add(1, || "a".to_owned());
    assert!(!full.is_whole());
    assert_eq!((small.beyond(&full), full.beyond(&small)), (Vec::new(), Vec::new()));
}
