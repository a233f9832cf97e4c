use super::*;

fn rows(tables: &[(&str, u64)]) -> BTreeMap<TableName, u64> {
    tables.iter().map(|(name, rows)| (("s".to_owned(), (*name).to_owned()), *rows)).collect()
}

#[test]
fn rows_that_are_lost_or_new_are_found() {
    let written = rows(&[("a", 3), ("b", 0)]);
    assert_eq!(difference(&written, &written), None);
    for (found, table) in [
        (rows(&[("a", 2), ("b", 0)]), "s.a"),
        (rows(&[("a", 3)]), "s.b"),
        (rows(&[("a", 3), ("b", 0), ("c", 0)]), "s.c"),
    ] {
        assert_eq!(difference(&written, &found).as_deref(), Some(table));
    }
}

#[test]
fn one_connection_needs_no_memory_for_parts() {
    assert_eq!((memory_bytes(1), memory_bytes(4)), (0, 6 * (4352 << 10)));
}
