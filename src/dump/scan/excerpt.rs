//! What of a statement may be seen in logs and reports: enough to tell which it is, without secrets and without anybody's
//! data. Pure.

/// Of a statement at most so many characters are shown.
const SHOWN: usize = 4096;

/// These hold passwords, keys and addresses of other servers, or texts that people wrote; which object they are of stands
/// before the first quote.
const WITH_SECRETS: [&str; 12] = [
    "CREATE USER MAPPING ",
    "ALTER USER MAPPING ",
    "CREATE SUBSCRIPTION ",
    "ALTER SUBSCRIPTION ",
    "CREATE SERVER ",
    "ALTER SERVER ",
    "CREATE FOREIGN ",
    "ALTER FOREIGN ",
    // Its arguments are often a key for the address that is called.
    "CREATE TRIGGER ",
    "COMMENT ON ",
    "SECURITY LABEL ",
    "INSERT INTO ",
];

/// Where one of these stands, a string may be what it says.
const WORDS_OF_SECRETS: [&str; 3] = ["password", "secret", "token"];

/// The beginning of a statement, at most 4096 characters on one line, without the comments above it; one that may hold a
/// secret or data ends at its first quote.
#[must_use]
pub fn shown(statement: &[u8]) -> String {
    let statement = without_comments(statement);
    if statement.starts_with(b"SELECT pg_catalog.lowrite(") {
        return "contents of a large object".to_owned();
    }
    // Four bytes are the longest character.
    let text = String::from_utf8_lossy(&statement[..statement.len().min(SHOWN * 4)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = line.to_ascii_lowercase();
    let is_secret = WITH_SECRETS.iter().any(|start| line.starts_with(start))
        || WORDS_OF_SECRETS.iter().any(|word| lower.contains(word));
    let quote = line.find(['\'', '$']).filter(|_| is_secret);
    match quote {
        Some(quote) => line[..quote].chars().take(SHOWN).chain(['…']).collect(),
        None => line.chars().take(SHOWN).collect(),
    }
}

/// A statement without what stands above it: comments, blank lines, psql's own commands.
#[must_use]
pub fn without_comments(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = rest[..end].trim_ascii();
        if !(line.is_empty() || line.starts_with(b"--") || line.starts_with(b"\\")) {
            break;
        }
        rest = &rest[end + 1..];
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_and_not_too_long() {
        let table = b"\n--\n-- Name: t\n--\n\n\\restrict k\nCREATE TABLE t (\n    a text DEFAULT 'x'\n);";
        assert_eq!(shown(table), "CREATE TABLE t ( a text DEFAULT 'x' );");
        assert_eq!(shown("é".repeat(50_000).as_bytes()).chars().count(), SHOWN);
    }

    #[test]
    fn secrets_and_data_are_not_shown() {
        for (statement, expected) in [
            (
                "CREATE USER MAPPING FOR app SERVER far OPTIONS (\n    password 'hunter2',\n    \"user\" 'x'\n);",
                "CREATE USER MAPPING FOR app SERVER far OPTIONS ( password …",
            ),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'host=far password=hunter2' PUBLICATION p;",
                "CREATE SUBSCRIPTION s CONNECTION …",
            ),
            (
                "CREATE SERVER far FOREIGN DATA WRAPPER w OPTIONS (\n    host 'hunter2'\n);",
                "CREATE SERVER far FOREIGN DATA WRAPPER w OPTIONS ( host …",
            ),
            ("ALTER SERVER far OPTIONS (SET host 'hunter2');", "ALTER SERVER far OPTIONS (SET host …"),
            ("SELECT pg_catalog.lowrite(0, '\\x68756e74657232');", "contents of a large object"),
            ("COMMENT ON TABLE s.t IS E'hunter2 ''';", "COMMENT ON TABLE s.t IS E…"),
            (
                "CREATE FUNCTION s.f() RETURNS text LANGUAGE sql AS $$SELECT dblink('Password=hunter2')$$;",
                "CREATE FUNCTION s.f() RETURNS text LANGUAGE sql AS …",
            ),
            (
                "CREATE TRIGGER t AFTER INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.call('Bearer hunter2');",
                "CREATE TRIGGER t AFTER INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.call(…",
            ),
            ("CREATE TABLE s.t (password text);", "CREATE TABLE s.t (password text);"),
        ] {
            assert_eq!(shown(statement.as_bytes()), expected);
        }
    }
}
