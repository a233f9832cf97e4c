//! pg_dump's patterns as SQL conditions (PostgreSQL documentation, psql, "Patterns"). Pure.

use super::invocation::DumpOptions;

/// A table pattern as a condition on `n.nspname` and `c.relname`.
#[must_use]
pub fn of_tables(pattern: &str) -> String {
    let (schema, name) = regular_expressions(pattern);
    let schema = schema.map(|schema| format!("{} AND ", is("n.nspname", &schema)));
    format!("({}{})", schema.unwrap_or_default(), is("c.relname", &name))
}

/// A schema pattern as a condition on `n.nspname`.
#[must_use]
pub fn of_schemas(pattern: &str) -> String {
    is("n.nspname", &regular_expressions(pattern).1)
}

/// The tables whose rows these options dump, as a condition on `n.nspname` and `c.relname`.
#[must_use]
pub fn of_dumped_rows(options: &DumpOptions) -> String {
    let [wanted, unwanted] = [&options.schemas, &options.exclude_schemas].map(|list| any(list, of_schemas));
    let wanted = if options.schemas.is_empty() { "true".to_owned() } else { wanted };
    let without_rows = any(&options.exclude_table_data, of_tables);
    format!("({wanted}) AND NOT ({unwanted}) AND NOT ({without_rows})")
}

/// A condition that is true if any of these patterns matches.
#[must_use]
pub fn any(patterns: &[String], condition: fn(&str) -> String) -> String {
    let conditions: Vec<String> = patterns.iter().map(|pattern| condition(pattern)).collect();
    if conditions.is_empty() { "false".to_owned() } else { conditions.join(" OR ") }
}

fn is(column: &str, expression: &str) -> String {
    format!("{column} ~ '^({})$'", expression.replace('\'', "''"))
}

/// The regular expressions of a pattern's schema, if it names one, and of its last part.
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
mod tests;
