//! The command lines, environment and session settings of pg_dump and psql. Pure. Neither program ever gets a password
//! in its arguments.

use std::collections::BTreeMap;
use std::time::Duration;

use super::connection::{Connection, ConnectionError};

/// A section of a dump, as pg_dump divides it. The three of them, one after the other, are the dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Definitions without indexes, constraints and triggers.
    PreData,
    /// Rows, positions of sequences and large objects.
    Data,
    /// The other definitions.
    PostData,
}

impl Section {
    fn name(self) -> &'static str {
        match self {
            Self::PreData => "pre-data",
            Self::Data => "data",
            Self::PostData => "post-data",
        }
    }
}

/// Which parts of the database are dumped, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpOptions {
    /// Dump owners and grants, too.
    pub include_privileges: bool,
    /// `--schema` patterns.
    pub schemas: Vec<String>,
    /// `--exclude-schema` patterns.
    pub exclude_schemas: Vec<String>,
    /// `--exclude-table-data` patterns.
    pub exclude_table_data: Vec<String>,
    /// `--table` patterns: to read restored tables back, and for a dump over several connections.
    pub tables: Vec<String>,
    /// Encoding of the text, or the database's own if `None`.
    pub encoding: Option<String>,
    /// Leave out the rows of unlogged tables, as pg_dump itself does on a standby.
    pub no_unlogged_rows: bool,
    /// How long pg_dump waits for its locks.
    pub lock_wait_timeout: Duration,
    /// Read no rows, for a rehearsal.
    pub schema_only: bool,
    /// The section to dump, or all of them if `None`.
    pub section: Option<Section>,
    /// The snapshot to dump, or a new one if `None`.
    pub snapshot: Option<String>,
}

impl DumpOptions {
    /// Whether part of the database is left out by request.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !(self.schemas.is_empty() && self.exclude_schemas.is_empty() && self.exclude_table_data.is_empty())
    }

    /// All patterns, as requested.
    pub fn patterns(&self) -> impl Iterator<Item = &String> {
        self.schemas.iter().chain(&self.exclude_schemas).chain(&self.exclude_table_data)
    }

    /// pg_dump's arguments. Never `--enable-row-security`: it silently drops rows.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> =
            ["--format=plain", "--clean", "--if-exists", "--no-password"].map(str::to_owned).to_vec();
        if !self.include_privileges {
            arguments.extend(["--no-owner", "--no-acl"].map(str::to_owned));
        }
        arguments.push(format!("--lock-wait-timeout={}", self.lock_wait_timeout.as_millis()));
        arguments.extend(self.schema_only.then(|| "--schema-only".to_owned()));
        arguments.extend(self.section.map(|section| format!("--section={}", section.name())));
        arguments.extend(self.encoding.iter().map(|encoding| format!("--encoding={encoding}")));
        arguments.extend(self.snapshot.iter().map(|snapshot| format!("--snapshot={snapshot}")));
        if self.no_unlogged_rows {
            arguments.push("--no-unlogged-table-data".to_owned());
        }
        let hands_out = self.section.is_some() && !self.tables.is_empty();
        if !self.schemas.is_empty() || hands_out {
            // Without this, pg_dump skips a pattern that matches nothing if another one matches.
            arguments.push("--strict-names".to_owned());
        }
        for (option, patterns) in [
            ("schema", &self.schemas),
            ("exclude-schema", &self.exclude_schemas),
            ("exclude-table-data", &self.exclude_table_data),
            ("table", &self.tables),
        ] {
            arguments.extend(patterns.iter().map(|pattern| format!("--{option}={pattern}")));
        }
        arguments
    }
}

/// Without this, functions and operators that other users put in a schema of the search path would hide PostgreSQL's
/// own, and would run with our rights. A role's short `statement_timeout` could end the statement that sets the rest.
const OWN_NAMES_ONLY: &str = "SET search_path = pg_catalog, pg_temp; SET statement_timeout = 0";

/// psql's arguments for a query of ours that returns lines of fields separated by `|`. Only names of PostgreSQL
/// itself may omit their schema. Defaults of the role and the database do not apply.
#[must_use]
pub fn query_arguments(query: &str) -> Vec<String> {
    // Separate commands: some statements must run alone.
    let mut arguments = arguments(&[OWN_NAMES_ONLY, &settings_sql(SESSION_SETTINGS, false), query]);
    // Errors include their codes, which are the same in any language.
    arguments.push("--set=VERBOSITY=verbose".to_owned());
    arguments
}

/// psql's arguments for a sponsor's query, which runs with that database's search path. Errors show only their code,
/// because their text can quote rows.
#[must_use]
pub fn check_arguments(query: &str) -> Vec<String> {
    let mut arguments = arguments(&[query]);
    arguments.push("--set=VERBOSITY=sqlstate".to_owned());
    arguments
}

fn arguments(commands: &[&str]) -> Vec<String> {
    let fixed =
        ["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align", "--field-separator=|"];
    let mut arguments: Vec<String> = fixed.map(str::to_owned).to_vec();
    arguments.push("--set=ON_ERROR_STOP=1".to_owned());
    arguments.extend(commands.iter().map(|command| format!("--command={command}")));
    arguments
}

/// psql's arguments for a script on standard input. A failing statement either ends the script or is rolled back
/// alone.
#[must_use]
pub fn load_arguments(leave_out_what_fails: bool) -> Vec<String> {
    let fixed = [
        "--no-psqlrc",
        "--no-password",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--field-separator=|",
        "--set=VERBOSITY=verbose",
        "--file=-",
    ];
    let modes: &[&str] =
        if leave_out_what_fails { &["--set=ON_ERROR_ROLLBACK=on"] } else { &["--set=ON_ERROR_STOP=1"] };
    fixed.iter().chain(modes).map(|argument| (*argument).to_owned()).collect()
}

/// psql's arguments that print the host and the port of the server that answered, one per line.
#[must_use]
pub fn address_arguments() -> Vec<String> {
    arguments(&["\\echo :HOST", "\\echo :PORT"])
}

/// The whole environment of a child process of this client, given by its major and full version: it inherits nothing.
/// Messages are in the C locale, which hints match.
///
/// # Errors
/// The client does not support everything that the URL requests.
pub fn environment(
    connection: &Connection,
    client: (u32, &str),
) -> Result<BTreeMap<&'static str, String>, ConnectionError> {
    let mut environment = connection.for_client(client)?;
    environment.insert("LC_ALL", "C".to_owned());
    Ok(environment)
}

/// What our sessions use instead of the defaults that roles and databases set for everyday work: those would end a
/// session, reject its statements, or change the format of its answers. They are set by SQL, because poolers do not
/// accept every startup option.
pub const SESSION_SETTINGS: &[(&str, &str)] = &[
    // Reject writes, or reads next to a writer.
    ("default_transaction_read_only", "off"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_deferrable", "off"),
    // End long sessions.
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("transaction_timeout", "0"),
    ("exit_on_error", "off"),
    // Reject reads of views or foreign tables.
    ("restrict_nonsystem_relation_kind", ""),
    // Change how values are written or read.
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "3"),
    ("array_nulls", "on"),
    ("xmlbinary", "base64"),
    ("xmloption", "content"),
    ("quote_all_identifiers", "off"),
    // If on, `x = NULL` in a view or a check becomes `x IS NULL`.
    ("transform_null_equals", "off"),
    // Change how strings with backslashes are read, or reject them.
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("escape_string_warning", "off"),
    // Superusers only: messages in the language that hints match, and triggers as in everyday work.
    ("lc_messages", "C"),
    ("session_replication_role", "origin"),
];

/// A statement that sets what the server supports and the role may set, for the session or only its transaction. It
/// returns no row and no column, so psql prints nothing.
#[must_use]
pub fn settings_sql<'a>(wanted: impl IntoIterator<Item = &'a (&'a str, &'a str)>, is_local: bool) -> String {
    let wanted: Vec<String> =
        wanted.into_iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "SELECT FROM (SELECT s.name, wanted.value FROM pg_catalog.pg_settings s
  JOIN (VALUES {}) wanted(name, value) ON s.name = wanted.name
  WHERE s.context = 'user' OR pg_catalog.current_setting('is_superuser') = 'on' OFFSET 0) x
WHERE pg_catalog.set_config(x.name, x.value, {is_local}) IS NULL",
        wanted.join(", ")
    )
}

#[cfg(test)]
mod tests;
