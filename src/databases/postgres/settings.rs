//! What `ALTER DATABASE`, `ALTER ROLE … IN DATABASE` and `COMMENT ON DATABASE` set. pg_dump does not dump it. Pure.
//!
//! Values can be secret, because platforms keep signing keys in custom settings. So values are stored only inside the
//! dump, as comments in its first lines, encrypted with it. Everything else shows only the values of known PostgreSQL
//! settings.

mod spelling;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};

use super::sql::{FIRST_LINES, quoted};
use spelling::{Rest, elements, identifier, literal};

/// PostgreSQL's own settings for how a session reads, writes, looks up names, or times out. Their values are not
/// secret, and any role may set them for its database. All lower case.
const KNOWN: &[&str] = &[
    "array_nulls",
    "backslash_quote",
    "bytea_output",
    "check_function_bodies",
    "client_encoding",
    "client_min_messages",
    "constraint_exclusion",
    "datestyle",
    "default_statistics_target",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "effective_cache_size",
    "escape_string_warning",
    "extra_float_digits",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "maintenance_work_mem",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "row_security",
    "search_path",
    "standard_conforming_strings",
    "statement_timeout",
    "timezone",
    "timezone_abbreviations",
    "transaction_timeout",
    "transform_null_equals",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

/// Settings whose value is a list of names (PostgreSQL, `GUC_LIST_QUOTE`). Each name is written as a separate string.
const LISTS: [&str; 4] =
    ["search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"];

/// Prefix of a line of the head. The rest of the line is a statement for psql.
const COMMAND: &str = "-- sponsor-backup: ";
/// Prefix of the line with the salt, which makes digests of equal values differ between backups.
const SALT: &str = "-- sponsor-backup salt: ";
/// psql replaces this by the database's name.
const DATABASE: &str = ":\"DBNAME\"";

/// One setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The role that it applies to, or every role if `None`.
    pub role: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value, or several if it is a list of names.
    values: Vec<SecretString>,
}

impl Setting {
    /// A setting with a value from `pg_db_role_setting`.
    #[must_use]
    pub fn new(role: Option<String>, name: String, value: String) -> Self {
        let elements = LISTS.contains(&name.to_lowercase().as_str()).then(|| elements(&value)).flatten();
        let values = elements.unwrap_or_else(|| vec![value]).into_iter().map(SecretString::from).collect();
        Self { role, name, values }
    }

    /// Its value, if it can be shown.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        let values: Vec<&str> = self.values.iter().map(ExposeSecret::expose_secret).collect();
        self.is_known().then(|| values.join(", "))
    }

    /// The statement that sets it in a database, without a value that may be secret.
    #[must_use]
    pub fn command(&self, database: &str) -> String {
        let [before, after] =
            self.statement(&if self.is_known() { self.literals() } else { "…".to_owned() });
        format!("{before}{}{after}", quoted(database))
    }

    /// The statement that removes it from a database.
    #[must_use]
    pub fn reset(&self, database: &str) -> String {
        format!("{}{} RESET {}", self.subject(), quoted(database), identifier(&self.name))
    }

    /// Hexadecimal SHA-256 of salt, role, name and value.
    #[must_use]
    pub fn digest(&self, salt: &str) -> String {
        let values = self.values.iter().map(ExposeSecret::expose_secret);
        let name = [self.role.as_deref().unwrap_or_default(), self.name.as_str()];
        digest(salt, name.into_iter().chain(values))
    }

    /// Whether both set the same value.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.names_same(other) && self.digest("") == other.digest("")
    }

    /// Whether both are the same setting of the same role.
    #[must_use]
    pub fn names_same(&self, other: &Self) -> bool {
        self.role == other.role && self.name.eq_ignore_ascii_case(&other.name)
    }

    fn is_known(&self) -> bool {
        KNOWN.contains(&self.name.to_lowercase().as_str())
    }

    /// A custom setting. Names of PostgreSQL's own settings have no dot.
    fn is_custom(&self) -> bool {
        self.name.contains('.')
    }

    fn literals(&self) -> String {
        let values: Vec<String> = self.values.iter().map(|value| literal(value.expose_secret())).collect();
        values.join(", ")
    }

    /// The beginning of a statement, up to the database's name.
    fn subject(&self) -> String {
        match &self.role {
            Some(role) => format!("ALTER ROLE {} IN DATABASE ", identifier(role)),
            None => "ALTER DATABASE ".to_owned(),
        }
    }

    /// The statement before and after the database's name.
    fn statement(&self, values: &str) -> [String; 2] {
        [self.subject(), format!(" SET {} TO {values}", identifier(&self.name))]
    }
}

/// All settings of a database, and its comment.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The settings.
    pub all: Vec<Setting>,
    /// The comment.
    comment: Option<SecretString>,
    /// The salt, which makes digests of equal values differ between backups.
    pub salt: String,
}

impl Settings {
    /// Settings as they are in a database.
    #[must_use]
    pub fn new(all: Vec<Setting>, comment: Option<String>) -> Self {
        let salt = uuid::Uuid::new_v4().simple().to_string();
        Self { all, comment: comment.map(SecretString::from), salt }
    }

    /// The roles with settings of their own.
    pub fn roles(&self) -> impl Iterator<Item = &String> {
        self.all.iter().filter_map(|setting| setting.role.as_ref())
    }

    /// Hexadecimal SHA-256 of the comment.
    #[must_use]
    pub fn comment_digest(&self, salt: &str) -> Option<String> {
        self.comment.as_ref().map(|comment| digest(salt, [comment.expose_secret()]))
    }

    /// The first lines of a dump, or nothing if nothing is set. Each line is an SQL comment, and without its prefix a
    /// statement. `None` if the text is too long to be read back.
    #[must_use]
    pub fn head(&self) -> Option<String> {
        Some(self.text()).filter(|text| text.len() <= FIRST_LINES)
    }

    fn text(&self) -> String {
        if self.all.is_empty() && self.comment.is_none() {
            return String::new();
        }
        let mut head = format!("{SALT}{}\n", self.salt);
        for setting in &self.all {
            let [before, after] = setting.statement(&setting.literals());
            head.push_str(&format!("{COMMAND}{before}{DATABASE}{after};\n"));
        }
        if let Some(comment) = &self.comment {
            let text = literal(comment.expose_secret());
            head.push_str(&format!("{COMMAND}COMMENT ON DATABASE {DATABASE} IS {text};\n"));
        }
        head
    }

    /// Reads the first lines of a dump. `None` if a line is not as [`Settings::head`] writes it.
    #[must_use]
    pub fn parse(head: &str) -> Option<Self> {
        let mut this = Self::default();
        for line in head.lines() {
            if let Some(salt) = line.strip_prefix(SALT) {
                salt.clone_into(&mut this.salt);
            } else {
                this.take(line.strip_prefix(COMMAND)?)?;
            }
        }
        // The parsed settings must write the same text again.
        (this.text() == head).then_some(this)
    }

    fn take(&mut self, statement: &str) -> Option<()> {
        let mut rest = Rest(statement);
        if rest.skip("COMMENT ON DATABASE ") {
            let comment = (rest.skip(DATABASE) && rest.skip(" IS ")).then(|| rest.literal())??;
            self.comment = Some(comment.into());
            return (rest.0 == ";").then_some(());
        }
        let role = if rest.skip("ALTER ROLE ") {
            let role = rest.identifier()?;
            rest.skip(" IN DATABASE ").then_some(Some(role))?
        } else {
            rest.skip("ALTER DATABASE ").then_some(None)?
        };
        let name = (rest.skip(DATABASE) && rest.skip(" SET ")).then(|| rest.identifier())??;
        let mut values = Vec::new();
        while rest.skip(if values.is_empty() { " TO " } else { ", " }) {
            values.push(rest.literal()?.into());
        }
        self.all.push(Setting { role, name, values });
        (rest.0 == ";").then_some(())
    }

    /// SQL that sets the custom settings for the current transaction, because checks and views can read them.
    /// Settings that the server rejects are skipped.
    #[must_use]
    pub fn for_session(&self) -> String {
        let custom = self.all.iter().filter(|setting| setting.is_custom() && setting.role.is_none());
        let statements = custom.flat_map(|setting| {
            let set =
                |value| format!("PERFORM set_config({}, {}, true)", literal(&setting.name), literal(value));
            setting.values.iter().map(move |value| set(value.expose_secret()))
        });
        statements.map(|statement| tried(&statement)).collect()
    }

    /// SQL that sets these settings and the comment on the current database. Statements that the server rejects are
    /// skipped. Settings that are neither known nor custom are not applied, because they can prevent new sessions.
    #[must_use]
    pub fn for_database(&self) -> String {
        let applied = self.all.iter().filter(|setting| setting.is_known() || setting.is_custom());
        let settings = applied.map(|setting| setting.statement(&setting.literals()));
        let comment = self.comment.iter().map(|comment| {
            ["COMMENT ON DATABASE ".to_owned(), format!(" IS {}", literal(comment.expose_secret()))]
        });
        let executed = settings.chain(comment).map(|[before, after]| {
            let (before, after) = (literal(&before), literal(&after));
            tried(&format!("EXECUTE {before} || quote_ident(current_database()) || {after}"))
        });
        executed.collect()
    }
}

/// A PL/pgSQL statement that has no effect if it fails. Our literals contain no dollar sign.
fn tried(statement: &str) -> String {
    format!("DO $set$ BEGIN {statement}; EXCEPTION WHEN OTHERS THEN NULL; END $set$;\n")
}

fn digest<'a>(salt: &'a str, parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(salt).chain(parts) {
        hash.update(part);
        // A separator that no part contains.
        hash.update(b"\0");
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
