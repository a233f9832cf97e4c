use serde_json::{Value, json};

use super::*;

fn of(tables: &Value) -> Versions {
    serde_json::from_value(json!({"named": {}, "tables": tables})).unwrap()
}

#[test]
fn tables_that_others_change_are_not_the_same() {
    let before = of(&json!({"16400": [1, "700", false], "16401": [2, "701", true]}));
    let with = |oid: &str, table: Value| {
        let mut tables = json!({"16400": [1, "700", false], "16401": [2, "701", true]});
        tables[oid] = table;
        of(&tables)
    };
    assert!(before.has_same_tables(&before));
    for (what, later, is_same) in [
        ("another version", with("16400", json!([1, "800", false])), false),
        ("a new table", with("16402", json!([3, "800", false])), true),
        ("a new table that was truncated since", with("16402", json!([3, "800", true])), false),
        ("a new table with the name of another one", with("16402", json!([2, "800", false])), false),
        ("a table that is gone", of(&json!({"16400": [1, "700", false]})), true),
    ] {
        assert_eq!(before.has_same_tables(&later), is_same, "{what}");
    }
}
