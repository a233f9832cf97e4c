//! The minimum number of locks that a statement takes until the end of its transaction. Pure.
//!
//! PostgreSQL locks each relation that it creates: a table and the two relations of its long values, an index, a
//! sequence, a view, a type with columns. Other locks are not counted, so that the sum is never too high.

use super::lexical::decoded;
use super::words::{Word, Words};

/// Types whose long values are stored in a separate relation, which has an index.
const LONG: [&str; 5] = ["text", "bytea", "json", "jsonb", "xml"];

/// Number of relations that a statement creates.
pub(super) fn of(statement: &[u8]) -> u64 {
    let is = |start: &str| statement.starts_with(start.as_bytes());
    let has = |words: &str| memchr::memmem::find(statement, words.as_bytes()).is_some();
    if is("CREATE TABLE ") || is("CREATE UNLOGGED TABLE ") {
        return if keeps_long_values(&decoded(statement)) { 3 } else { 1 };
    }
    let creates = is("CREATE INDEX ")
        || is("CREATE UNIQUE INDEX ")
        || is("CREATE SEQUENCE ")
        || is("CREATE VIEW ")
        || is("CREATE MATERIALIZED VIEW ")
        || is("CREATE FOREIGN TABLE ")
        || is("CREATE TYPE ") && has(" AS (")
        || is("ALTER TABLE ")
            && (has(" PRIMARY KEY (") || has(" UNIQUE (") || has(" EXCLUDE USING ") || has(" AS IDENTITY ("));
    u64::from(creates)
}

/// Whether a table has a column of such a type. A partitioned table stores all its rows in partitions.
fn keeps_long_values(statement: &str) -> bool {
    let words: Vec<Word> = Words::of(statement).collect();
    let (mut depth, mut found) = (0_u32, false);
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Sign('(') => depth += 1,
            Word::Sign(')') => depth = depth.saturating_sub(1),
            Word::Plain(text) if depth == 0 && text == "PARTITION" => return false,
            // A column begins with its name, and its type follows.
            _ if depth == 1 && starts_a_column(words.get(at.wrapping_sub(1))) => {
                found |= is_long(&words[at + 1..]);
            }
            _ => {}
        }
    }
    found
}

fn starts_a_column(before: Option<&Word>) -> bool {
    matches!(before, Some(Word::Sign('(' | ',')))
}

fn is_long(of_type: &[Word]) -> bool {
    let plain = |at: usize| match of_type.get(at) {
        Some(Word::Plain(text)) => text.as_str(),
        _ => "",
    };
    LONG.contains(&plain(0))
        || plain(0) == "character" && plain(1) == "varying" && of_type.get(2) != Some(&Word::Sign('('))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn relations_are_counted() {
        for (statement, locks) in [
            ("CREATE TABLE s.t (\n    id integer NOT NULL,\n    at timestamp without time zone\n);", 1),
            ("CREATE TABLE s.t (\n    id integer,\n    note text DEFAULT 'x'::text\n);", 3),
            ("CREATE UNLOGGED TABLE s.t (\n    \"text\" character varying(50),\n    b bytea\n);", 3),
            ("CREATE TABLE s.t (\n    text integer,\n    b character varying(50)\n);", 1),
            ("CREATE TABLE s.t (\n    b character varying NOT NULL\n);", 3),
            (
                "CREATE TABLE s.t (\n    n integer,\n    CONSTRAINT c CHECK ((n > length('a, b text'::text)))\n);",
                1,
            ),
            ("CREATE TABLE s.t (\n    note text\n)\nPARTITION BY RANGE (note);", 1),
            ("CREATE UNIQUE INDEX i ON s.t USING btree (a);", 1),
            ("ALTER TABLE ONLY s.t\n    ADD CONSTRAINT k PRIMARY KEY (id);", 1),
            ("ALTER TABLE ONLY s.t\n    ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES s.u(id);", 0),
            (
                "ALTER TABLE s.t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (\n    SEQUENCE NAME s.q\n);",
                1,
            ),
            ("CREATE TYPE s.pair AS (\n\ta integer\n);", 1),
            ("CREATE TYPE s.mood AS ENUM (\n    'a'\n);", 0),
            ("CREATE VIEW s.v AS\n SELECT 1;", 1),
            ("CREATE OR REPLACE VIEW s.v AS\n SELECT 1;", 0),
            ("COPY s.t (a) FROM stdin;", 0),
            ("DROP TABLE IF EXISTS s.t;", 0),
        ] {
            assert_eq!(of(statement.as_bytes()), locks, "{statement}");
        }
    }
}
