//! What a dry run would do, as aligned lines. Pure.

use std::collections::BTreeSet;

/// One sponsor's plan: labels and values, in order.
#[must_use]
pub fn lines(facts: &[(&str, String)]) -> Vec<String> {
    let width = facts.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    facts.iter().map(|(label, value)| format!("  {label:<width$}  {value}")).collect()
}

/// Names in a line; `none` where there are none.
#[must_use]
pub fn names(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().cloned().collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_stand_below_each_other() {
        let lines = super::lines(&[("dump", "a".to_owned()), ("bucket", "b".to_owned())]);
        assert_eq!(lines, ["  dump    a", "  bucket  b"]);
    }
}
