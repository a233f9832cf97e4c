use super::*;

fn table((name, rows): &(&str, u64)) -> Table {
    let (schema, name) = name.split_once('.').unwrap();
    let digest = String::new();
    Table { schema: schema.to_owned(), name: name.to_owned(), rows: *rows, digest, generated_digest: None }
}

fn between(before: &[(&str, u64)], after: &[(&str, u64)]) -> ContentsChanges {
    let tables = |side: &[(&str, u64)]| side.iter().map(table).collect::<Vec<_>>();
    ContentsChanges::between(&tables(before), &tables(after))
}

#[test]
fn tables_that_are_gone_and_fewer_rows_are_losses() {
    let before =
        [("diary.a", 1), ("diary.visits", 2_000), ("diary.entries", 100), ("diary.same", 7), ("other.a", 0)];
    let after = [("diary.entries", 1), ("diary.same", 7), ("other.a", 5), ("new.t", 3)];
    let changes = between(&before, &after);
    let expected = [
        "diary.visits (2,000 rows) is in 20261128-102059 and not in this one",
        "diary.a (1 row) is in 20261128-102059 and not in this one",
        "diary.entries has 1 row, and 100 in 20261128-102059",
    ];
    assert_eq!(changes.losses("20261128-102059"), expected);
    let rows = |table: &str, before, after| TableRows { table: table.to_owned(), before, after };
    assert_eq!(changes.more, [rows("other.a", Some(0), Some(5))]);
    assert_eq!(changes.new, [rows("new.t", None, Some(3))]);
}

#[test]
fn as_many_rows_with_other_contents_are_named() {
    let held = |digest: &str, generated: Option<&str>| Table {
        digest: digest.to_owned(),
        generated_digest: generated.map(str::to_owned),
        ..table(&("diary.visits", 7))
    };
    let changes = |before: Table, after: Table| ContentsChanges::between(&[before], &[after]);
    let rewritten = [TableRows { table: "diary.visits".to_owned(), before: Some(7), after: Some(7) }];
    assert_eq!(changes(held("a", None), held("b", None)).rewritten, rewritten);
    assert_eq!(changes(held("a", Some("x")), held("a", Some("y"))).rewritten, rewritten);
    for (before, after) in [(None, None), (Some("x"), Some("x")), (None, Some("x"))] {
        assert_eq!(changes(held("a", before), held("a", after)), ContentsChanges::default());
    }
}

#[test]
fn a_table_without_rows_was_emptied_if_it_had_many() {
    let before =
        [("diary.gone", 5_000), ("diary.large", 1_001), ("diary.left", 9_000), ("diary.small", 1_000)];
    let changes = between(&before, &[("diary.large", 0), ("diary.left", 1), ("diary.small", 0)]);
    let names = |more_than| changes.emptied(more_than).map(|table| &*table.table).collect::<Vec<_>>();
    assert_eq!((names(1_000), names(0)), (vec!["diary.large"], vec!["diary.large", "diary.small"]));
    assert_eq!(changes.count(), 4);
}

proptest::proptest! {
    /// Exchanging the backups exchanges what is gone and new, and what is fewer and more.
    #[test]
    fn the_comparison_is_symmetric(one in backup(), other in backup()) {
        let (there, back) = (ContentsChanges::between(&one, &other), ContentsChanges::between(&other, &one));
        let names = |tables: &[TableRows]| tables.iter().map(|rows| rows.table.clone()).collect::<Vec<_>>();
        proptest::prop_assert_eq!(names(&there.gone), names(&back.new));
        proptest::prop_assert_eq!(names(&there.fewer), names(&back.more));
        let total = |tables: &[Table]| tables.iter().map(|table| i128::from(table.rows)).sum::<i128>();
        let sum = |tables: &[TableRows]| tables.iter().map(|rows| i128::from(rows.difference())).sum::<i128>();
        let gained = sum(&there.more) + sum(&there.new) - sum(&there.fewer) - sum(&there.gone);
        proptest::prop_assert_eq!(total(&one) + gained, total(&other));
        proptest::prop_assert_eq!(ContentsChanges::between(&one, &one), ContentsChanges::default());
    }
}

fn backup() -> impl proptest::strategy::Strategy<Value = Vec<Table>> {
    use proptest::strategy::Strategy as _;
    let names = proptest::collection::btree_map("[ab]\\.[abc]", 0_u64..9, 0..6);
    names.prop_map(|names| names.iter().map(|(name, rows)| table(&(name, *rows))).collect())
}
