use super::*;

fn sizes(tables: &[(&str, u64)], all: u64) -> Sizes {
    let table = |(name, bytes): &(&str, u64)| ("s".to_owned(), (*name).to_owned(), *bytes);
    Sizes { tables: tables.iter().map(table).collect(), all }
}

fn names(shares: &[BTreeSet<TableName>]) -> Vec<Vec<&str>> {
    shares.iter().map(|tables| tables.iter().map(|(_, name)| name.as_str()).collect()).collect()
}

#[test]
fn large_tables_go_to_the_connection_with_the_least() {
    let sizes = sizes(&[("a", 50), ("b", 40), ("c", 30), ("d", 20), ("e", 10)], 150);
    // The first connection keeps `a`.
    assert_eq!(names(&shares(&sizes, 3, true)), [vec!["b", "e"], vec!["c", "d"]]);
    assert_eq!(names(&shares(&sizes, 1, true)), Vec::<Vec<&str>>::new());
}

#[test]
fn large_objects_count_for_the_first_connection() {
    let sizes = sizes(&[("a", 50), ("b", 40)], 1000);
    assert_eq!(names(&shares(&sizes, 2, true)), [vec!["a", "b"]]);
    assert_eq!(names(&shares(&sizes, 9, true)), [vec!["a"], vec!["b"]]);
}

#[test]
fn a_name_that_an_argument_cannot_carry_is_not_handed_out() {
    let sizes = sizes(&[("F\u{e9}lle", 50), ("b", 40)], 90);
    assert_eq!(names(&shares(&sizes, 3, false)), [vec!["b"]]);
    assert_eq!(names(&shares(&sizes, 3, true)), [vec!["b"]]);
}
