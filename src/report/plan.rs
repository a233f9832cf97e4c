//! What a dry run would do, in lines. Pure.

use std::collections::BTreeSet;

/// One sponsor's plan in order: `database: db.example.org:5432/app`.
#[must_use]
pub fn lines(facts: &[(&str, String)]) -> Vec<String> {
    facts.iter().map(|(label, value)| format!("{label}: {value}")).collect()
}

/// Names in a line; `none` if there are none.
#[must_use]
pub fn names(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().cloned().collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_label_is_followed_by_its_value() {
        let lines = super::lines(&[("dump", "a".to_owned()), ("bucket", "b".to_owned())]);
        assert_eq!(lines, ["dump: a", "bucket: b"]);
    }
}
