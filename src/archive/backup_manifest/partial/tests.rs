use super::*;

fn excluding(patterns: &[&str]) -> Partial {
    let exclude_table_data = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    Partial { schemas: Vec::new(), exclude_schemas: Vec::new(), exclude_table_data }
}

#[test]
fn order_and_repetition_make_no_other_scope() {
    let both = excluding(&["a", "b"]);
    for same in [&["a", "b"][..], &["b", "a"], &["b", "a", "b"]] {
        assert_eq!(excluding(same), both);
    }
    for other in [&["a"][..], &["a", "b", "c"], &[]] {
        assert_ne!(excluding(other), both);
    }
    let Partial { exclude_table_data, .. } = both.clone();
    assert_ne!(Partial { schemas: exclude_table_data, ..excluding(&[]) }, both, "another list");
}
