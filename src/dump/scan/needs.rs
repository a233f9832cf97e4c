//! What a server and a client need to restore a dump, learned from the dump's own text.

use std::collections::BTreeSet;

use memchr::memmem::find;

use super::lexical::decoded;
use super::locks;
use super::words::{self, Word};

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
        self.locks += locks::of(statement);
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
        let words = words::of(&text);
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
fn roles(words: &[Word]) -> BTreeSet<String> {
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

#[cfg(test)]
mod tests;
