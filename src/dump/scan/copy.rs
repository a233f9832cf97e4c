//! The head of a block of rows, as pg_dump writes it: `COPY schema.table (columns) FROM stdin;`.

/// Schema and table of a statement that rows follow; `None` for any other statement.
pub(super) fn table(statement: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(statement).ok()?;
    let rest = text.strip_prefix("COPY ")?;
    if !rest.ends_with(" FROM stdin;") {
        return None;
    }
    let (first, rest) = identifier(rest)?;
    match rest.strip_prefix('.') {
        Some(rest) => Some((first, identifier(rest)?.0)),
        None => Some((String::new(), first)),
    }
}

/// One name without its quotes, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', ' ', '('])?;
        return Some((text[..end].to_owned(), &text[end..]));
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
mod tests {
    use super::table;

    #[test]
    fn names_are_read_whatever_they_hold() {
        for (statement, expected) in [
            ("COPY public.patients (id, \"from\") FROM stdin;", Some(("public", "patients"))),
            (
                "COPY \"My.Schema\".\"a \"\"b\"\"\n(c) FROM stdin;\" (x) FROM stdin;",
                Some(("My.Schema", "a \"b\"\n(c) FROM stdin;")),
            ),
            ("COPY diary.\"é🙂\" (x) FROM stdin;", Some(("diary", "é🙂"))),
            ("COPY public.empty  FROM stdin;", Some(("public", "empty"))),
            ("COPY public.t TO stdout;", None),
            ("CREATE TABLE public.t ();", None),
        ] {
            let expected = expected.map(|(schema, name)| (schema.to_owned(), name.to_owned()));
            assert_eq!(table(statement.as_bytes()), expected, "{statement}");
        }
    }
}
