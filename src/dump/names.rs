//! Names of PostgreSQL as SQL has them. Pure.

/// An identifier in quotes, whatever it holds.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn quotes_in_a_name_are_doubled() {
        assert_eq!(quoted("a \"b\"; c"), "\"a \"\"b\"\"; c\"");
    }
}
