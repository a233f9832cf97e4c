//! The head of a block of rows, as pg_dump writes it: `COPY schema.table (columns) FROM stdin;`.

use super::lexical::decoded;

/// A table and its columns, in the order of the rows' fields. Names are without quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// The table of a `COPY` statement, if rows follow. `None` for any other statement.
pub(super) fn head(statement: &[u8]) -> Option<Head> {
    if !statement.starts_with(b"COPY ") {
        return None;
    }
    let text = decoded(statement);
    let rest = text.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?;
    let (first, rest) = identifier(rest)?;
    let (schema, name, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (name, rest) = identifier(rest)?;
            (first, name, rest)
        }
        None => (String::new(), first, rest),
    };
    // A table without columns has no list.
    let columns = rest.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    Some(Head { schema, name, columns: columns.map(names).unwrap_or_default() })
}

/// The names in a comma-separated list.
pub(super) fn names(mut text: &str) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((name, rest)) = identifier(text) {
        names.push(name);
        match rest.strip_prefix(", ") {
            Some(more) => text = more,
            None => break,
        }
    }
    names
}

/// One name without its quotes, and the rest of the text.
pub(super) fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', ' ', '(', ',', ')', ';']).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let end = rest.find('"')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, rest)),
        }
    }
}

#[cfg(test)]
mod tests;
