use serde_json::json;

use super::*;

fn named(wanted: &str) -> Vec<(String, u64)> {
    let table = |schema: &str, name: &str, rows: u64| json!({"schema": schema, "name": name, "rows": rows});
    let tables = [
        table("diary", "visits", 2),
        table("other", "visits", 3),
        table("diary", "Sites", 4),
        table("odd", "diary.visits", 5),
        table("odd", "a.b", 6),
    ];
    let manifest = json!({"sponsor": "callisto", "tables": tables}).to_string();
    let found = HeldTable::named(wanted, manifest.as_bytes());
    found.iter().map(|table| (table.qualified(), table.rows)).collect()
}

#[test]
fn a_table_is_found_with_its_schema_or_without() {
    let one = |name: &str, rows| vec![(name.to_owned(), rows)];
    assert_eq!(named("diary.visits"), one("diary.visits", 2));
    assert_eq!(named("visits"), [one("diary.visits", 2), one("other.visits", 3)].concat());
    assert_eq!(named("Sites"), one("diary.Sites", 4));
    assert_eq!(named("a.b"), one("odd.a.b", 6));
    for none in ["", "sites", "diary", "diary.", ".visits", "visit"] {
        assert_eq!(named(none), [], "{none}");
    }
    assert_eq!(HeldTable::named("visits", b"{}"), []);
    assert_eq!(HeldTable::named("visits", b"nonsense"), []);
}
