//! What a server and a client need to restore a dump, learned from the dump's own text.

use std::collections::BTreeSet;

use memchr::memmem::find;

use super::words::{Word, Words, decoded, top_level};

/// The first major version that supports `transaction_timeout`, which pg_dump 17 and later sets.
const TRANSACTION_TIMEOUT: u32 = 17;

/// Keywords in place of a role's name.
const NO_ROLES: [&str; 4] = ["PUBLIC", "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"];

/// What a dump's statements require.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Encoding of the text.
    pub encoding: Option<String>,
    /// Extensions that the dump creates.
    pub extensions: BTreeSet<String>,
    /// Schemas that the dump creates.
    pub schemas: BTreeSet<String>,
    /// Roles in policies, owners and grants.
    pub roles: BTreeSet<String>,
    /// The smallest major version that supports every setting, or 0 for any.
    pub server_major: u32,
    /// Whether the dump creates the schema `public`, which every new database already has. Dumps of only that schema
    /// do.
    pub creates_public: bool,
    /// Whether a table hides rows even from its owner.
    pub forces_row_security: bool,
    /// Whether an event trigger reacts to every login, including ours.
    pub reacts_to_logins: bool,
    /// Minimum number of locks that the statements take in one transaction.
    pub locks: u64,
    /// psql commands that pg_dump never writes. psql would run them on the machine that restores.
    pub foreign_commands: BTreeSet<String>,
}

impl Needs {
    /// Reads a statement.
    pub(super) fn learn(&mut self, statement: &[u8]) {
        let is = |start: &str| statement.starts_with(start.as_bytes());
        self.locks += count_locks(statement);
        self.forces_row_security |= is("ALTER TABLE ") && statement.ends_with(b" FORCE ROW LEVEL SECURITY;");
        self.reacts_to_logins |= is("CREATE EVENT TRIGGER ") && find(statement, b" ON login\n").is_some();
        self.creates_public |= statement == b"CREATE SCHEMA public;";
        let named = is("CREATE EXTENSION")
            || is("CREATE SCHEMA")
            || is("SET ")
            || is("CREATE POLICY")
            || is("GRANT ")
            || is("REVOKE ")
            || is("CREATE USER MAPPING")
            || is("ALTER ") && (is("ALTER DEFAULT PRIVILEGES") || find(statement, b" OWNER TO ").is_some());
        if !named {
            return;
        }
        let text = decoded(statement);
        let words = top_level(&text);
        if is("CREATE EXTENSION") {
            let names =
                words.iter().skip(2).filter(|word| !["IF", "NOT", "EXISTS"].iter().any(|k| word.is(k)));
            self.extensions.extend(names.take(1).filter_map(Word::name).map(str::to_owned));
        } else if is("CREATE SCHEMA") {
            self.schemas.extend(words.get(2).and_then(Word::name).map(str::to_owned));
        } else if is("SET ") {
            self.learn_setting(&text);
        } else {
            self.roles.extend(roles(&words));
        }
    }

    fn learn_setting(&mut self, text: &str) {
        if let Some(value) = text.strip_prefix("SET client_encoding = '") {
            self.encoding = value.split('\'').next().map(str::to_owned);
        } else if text.starts_with("SET transaction_timeout ") {
            self.server_major = self.server_major.max(TRANSACTION_TIMEOUT);
        }
    }
}

/// Roles follow `TO`, `FROM`, `FOR` or `ROLE`, as a list up to the next keyword.
pub(super) fn roles(words: &[Word]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let policy = words.get(1).is_some_and(|word| word.is("POLICY"));
    let mapping = words.get(1).is_some_and(|word| word.is("USER"));
    let mut listing = false;
    for (at, word) in words.iter().enumerate().skip(2) {
        let is = |keyword| word.is(keyword);
        // Examples: `FOR SELECT TO app` in a policy, `FOR ROLE app IN SCHEMA x GRANT … TO y` in default privileges.
        let begins = is("TO") || is("ROLE") || is("FROM") && !policy || is("FOR") && mapping;
        if begins {
            listing = true;
            continue;
        }
        let ends = ["USING", "WITH", "IN", "GRANT", "REVOKE", "GRANTED", "CASCADE", "SERVER", "ON"];
        let after_a_name = at > 0 && words[at - 1].name().is_some() && !words[at - 1].is("TO");
        if matches!(word, Word::Sign(sign) if *sign != ',')
            || matches!(word, Word::Plain(_)) && ends.iter().any(|k| is(k)) && after_a_name
        {
            listing = false;
        } else if let Some(name) = word.name().filter(|_| listing) {
            let no_role = matches!(word, Word::Plain(_)) && NO_ROLES.iter().any(|known| is(known));
            if !no_role {
                found.insert(name.to_owned());
            }
        }
    }
    found
}

/// Types whose long values are stored in a separate relation, which has an index.
const LONG: [&str; 5] = ["text", "bytea", "json", "jsonb", "xml"];

/// The minimum number of locks that a statement takes until the end of its transaction. PostgreSQL locks each relation
/// that it creates: a table and the two relations of its long values, an index, a sequence, a view, a type with
/// columns. Other locks are not counted, so that the sum is never too high.
fn count_locks(statement: &[u8]) -> u64 {
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
mod tests;
