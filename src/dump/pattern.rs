//! Patterns of pg_dump as conditions in SQL (PostgreSQL documentation, psql, "Patterns"). Pure.

/// A pattern of tables as a condition on `n.nspname` and `c.relname`.
#[must_use]
pub fn of_tables(pattern: &str) -> String {
    let (schema, name) = regular_expressions(pattern);
    let schema = schema.map(|schema| format!("{} AND ", is("n.nspname", &schema)));
    format!("({}{})", schema.unwrap_or_default(), is("c.relname", &name))
}

/// A pattern of schemas as a condition on `n.nspname`.
#[must_use]
pub fn of_schemas(pattern: &str) -> String {
    is("n.nspname", &regular_expressions(pattern).1)
}

fn is(column: &str, expression: &str) -> String {
    format!("{column} ~ '^({})$'", expression.replace('\'', "''"))
}

/// The regular expressions of a pattern's schema, where it names one, and of its last part.
fn regular_expressions(pattern: &str) -> (Option<String>, String) {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => part.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            '*' if !is_quoted => part.push_str(".*"),
            '?' if !is_quoted => part.push('.'),
            '$' => part.push_str("\\$"),
            _ if is_quoted && "|*+?()[]{}.^\\".contains(letter) => part.extend(['\\', letter]),
            _ if is_quoted => part.push(letter),
            _ => part.extend(letter.to_lowercase()),
        }
    }
    (parts.pop(), part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_psql_reads_them() {
        for (pattern, schema, name) in [
            ("audit_log", None, "audit_log"),
            ("Diary.Audit_*", Some("diary"), "audit_.*"),
            ("\"Diary\".\"a.b\"\"c\"", Some("Diary"), "a\\.b\"c"),
            ("d?ary.log_[0-9]+", Some("d.ary"), "log_[0-9]+"),
            ("money$", None, "money\\$"),
        ] {
            let expected = (schema.map(str::to_owned), name.to_owned());
            assert_eq!(regular_expressions(pattern), expected, "{pattern}");
        }
        assert_eq!(of_tables("d.it's"), "(n.nspname ~ '^(d)$' AND c.relname ~ '^(it''s)$')");
        assert_eq!(of_schemas("audit_*"), "n.nspname ~ '^(audit_.*)$'");
    }
}
