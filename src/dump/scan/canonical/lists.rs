//! Lists whose order is another one after a restore, without any meaning: the roles of a policy come in the order in which
//! the server's roles were made, and the columns of a table that inherits, in its parent's order.

use crate::dump::scan::copy::{head, identifier, names};

/// The statement with such a list sorted; `None` where it has none.
pub(super) fn ordered(statement: &[u8]) -> Option<Vec<u8>> {
    if statement.starts_with(b"COPY ") {
        let mut head = head(statement)?;
        head.columns.sort();
        // Not as pg_dump writes it, but the same for the same.
        let columns: Vec<String> = head.columns.iter().map(|name| quoted(name)).collect();
        let text = format!(
            "COPY {}.{} ({}) FROM stdin;",
            quoted(&head.schema),
            quoted(&head.name),
            columns.join(", ")
        );
        return Some(text.into_bytes());
    }
    let text = std::str::from_utf8(statement).ok()?;
    if text.starts_with("CREATE POLICY ") {
        return with_roles_in_order(text).map(String::into_bytes);
    }
    if text.starts_with("CREATE TABLE ") && text.contains("\n)\nINHERITS (") {
        return with_columns_in_order(text).map(String::into_bytes);
    }
    None
}

fn with_roles_in_order(text: &str) -> Option<String> {
    let (_, rest) = identifier(text.strip_prefix("CREATE POLICY ")?)?;
    let (_, mut rest) = identifier(rest.strip_prefix(" ON ")?)?;
    if let Some(name) = rest.strip_prefix('.') {
        rest = identifier(name)?.1;
    }
    let expression = [" USING (", " WITH CHECK (", ";"].iter().filter_map(|sign| rest.find(sign)).min()?;
    let (options, expression) = rest.split_at(expression);
    let (before, list) = options.split_once(" TO ")?;
    let mut roles: Vec<String> = names(list).iter().map(|name| quoted(name)).collect();
    roles.sort();
    let begin = text.len() - rest.len();
    Some(format!("{}{before} TO {}{expression}", &text[..begin], roles.join(", ")))
}

fn with_columns_in_order(text: &str) -> Option<String> {
    let (head, rest) = text.split_once("(\n")?;
    let (columns, tail) = rest.split_once("\n)\nINHERITS (")?;
    let mut lines: Vec<&str> = columns.split('\n').map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    Some(format!("{head}(\n{}\n)\nINHERITS ({tail}", lines.join(",\n")))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
