use super::{StatementContext, *};

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

fn sum(statements: &[&str]) -> u128 {
    let mut context = StatementContext::default();
    let hash = |text: &&str| {
        let [hash] = context.mixed(text.as_bytes(), [twox_hash::XxHash3_128::oneshot(text.as_bytes())]);
        hash >> 8
    };
    statements.iter().map(hash).sum()
}

#[test]
fn contents_belong_to_their_large_object_and_have_an_order() {
    let (a, b) = ("SELECT pg_catalog.lo_open('1001', 131072);", "SELECT pg_catalog.lo_open('1002', 131072);");
    let (x, y) = ("SELECT pg_catalog.lowrite(0, '\\x01');", "SELECT pg_catalog.lowrite(0, '\\x02');");
    assert_eq!(sum(&[a, x, b, y]), sum(&[b, y, a, x]));
    assert_ne!(sum(&[a, x, b, y]), sum(&[a, y, b, x]));
    assert_ne!(sum(&[a, x, y, b]), sum(&[a, y, x, b]));
    assert_ne!(sum(&[a, x, y, b]), sum(&[a, x, b, y]));
}

#[test]
fn how_a_table_is_stored_belongs_to_it() {
    let (heap, other) =
        ("SET default_table_access_method = heap;", "SET default_table_access_method = \"other\";");
    for make in ["TABLE", "UNLOGGED TABLE", "MATERIALIZED VIEW"] {
        let (a, b) = (format!("CREATE {make} s.a ();"), format!("CREATE {make} s.b ();"));
        assert_eq!(sum(&[heap, &a, other, &b]), sum(&[other, &b, heap, &a]));
        assert_ne!(sum(&[heap, &a, other, &b]), sum(&[heap, &b, other, &a]));
    }
    for other_make in
        ["CREATE VIEW s.b AS SELECT 1;", "CREATE TABLE s.b (\n    a int\n)\nPARTITION BY LIST (a);"]
    {
        assert_eq!(sum(&[heap, other_make, other]), sum(&[other, other_make, heap]));
    }
}
