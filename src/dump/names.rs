//! Names of PostgreSQL as SQL writes them. Pure.

/// An identifier in quotes, whatever characters it contains.
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
