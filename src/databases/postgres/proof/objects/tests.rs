use super::*;

fn objects(shift: u32, groups: &[(u32, u64, u64, u128)]) -> LargeObjects {
    let group =
        |&(first, count, bytes, digest): &(u32, u64, u64, u128)| (first, Group { count, bytes, digest });
    LargeObjects { shift, groups: groups.iter().map(group).collect() }
}

#[test]
fn each_large_object_is_named() {
    let before = objects(0, &[(7, 1, 3, 1), (8, 1, 3, 2), (9, 1, 3, 3)]);
    assert_eq!(large_objects(&before, &before), Differences::default());
    let after = objects(0, &[(8, 1, 4, 9), (9, 1, 3, 4), (10, 1, 1, 1)]);
    assert_eq!(
        large_objects(&before, &after).all(),
        [
            "large object 7 is missing",
            "large object 8: found 4 bytes, expected 3",
            "large object 9: different contents, owner or grants",
            "large object 10 is not in the backup",
        ]
    );
}

#[test]
fn groups_of_two_sizes_are_compared() {
    let (fine, coarse) = (objects(0, &[(8, 1, 3, 2), (9, 1, 3, 3)]), objects(1, &[(8, 2, 6, 5)]));
    assert_eq!(large_objects(&fine, &coarse), Differences::default());
    let changed = objects(1, &[(8, 2, 6, 6)]);
    assert_eq!(
        large_objects(&fine, &changed).all(),
        ["large objects 8 to 9: different contents, owner or grants"]
    );
}

#[test]
fn each_sequence_is_named() {
    let position = |value| Position { value, is_called: true };
    let named = |name: &str, value| (("s".to_owned(), name.to_owned()), position(value));
    let before = Positions::from([named("a", 1), named("b", 2)]);
    let after = Positions::from([named("b", 3), named("c", 2)]);
    assert_eq!(
        sequences(&before, &after).all(),
        ["sequence s.a is missing", "sequence s.b is at 3, expected 2", "sequence s.c is not in the backup"]
    );
}
