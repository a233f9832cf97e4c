//! The command line and the environment of pg_dump and psql. Pure; neither ever carries a password in argv.

use std::collections::BTreeMap;
use std::time::Duration;

use super::client::Client;
use super::connection::{Connection, ConnectionError};
use super::defaults;

/// What of the database is dumped, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DumpOptions {
    /// Owners and grants are dumped too.
    pub include_privileges: bool,
    /// `--schema` patterns.
    pub schemas: Vec<String>,
    /// `--exclude-schema` patterns.
    pub exclude_schemas: Vec<String>,
    /// `--exclude-table-data` patterns.
    pub exclude_table_data: Vec<String>,
    /// Encoding of the text; that of the database where none is named.
    pub encoding: Option<String>,
    /// Rows of unlogged tables are left out, as pg_dump does itself on a standby.
    pub no_unlogged_rows: bool,
    /// How long pg_dump waits for its locks.
    pub lock_wait_timeout: Duration,
    /// No row is read: for a rehearsal.
    pub schema_only: bool,
    /// The snapshot that is dumped; one of its own where none is named.
    pub snapshot: Option<String>,
}

impl DumpOptions {
    /// Whether something of the database is left out on purpose.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !(self.schemas.is_empty() && self.exclude_schemas.is_empty() && self.exclude_table_data.is_empty())
    }

    /// The patterns of what is dumped and what is not, as they were asked for.
    pub fn patterns(&self) -> impl Iterator<Item = &String> {
        self.schemas.iter().chain(&self.exclude_schemas).chain(&self.exclude_table_data)
    }

    /// pg_dump's arguments. Never `--enable-row-security`: it drops rows without a word.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> =
            ["--format=plain", "--clean", "--if-exists", "--no-password"].map(str::to_owned).to_vec();
        if !self.include_privileges {
            arguments.extend(["--no-owner", "--no-acl"].map(str::to_owned));
        }
        arguments.push(format!("--lock-wait-timeout={}", self.lock_wait_timeout.as_millis()));
        arguments.extend(self.schema_only.then(|| "--schema-only".to_owned()));
        arguments.extend(self.encoding.iter().map(|encoding| format!("--encoding={encoding}")));
        arguments.extend(self.snapshot.iter().map(|snapshot| format!("--snapshot={snapshot}")));
        if self.no_unlogged_rows {
            arguments.push("--no-unlogged-table-data".to_owned());
        }
        if !self.schemas.is_empty() {
            // Otherwise a pattern that matches nothing is passed over, as long as another one matches.
            arguments.push("--strict-names".to_owned());
        }
        for (option, patterns) in [
            ("schema", &self.schemas),
            ("exclude-schema", &self.exclude_schemas),
            ("exclude-table-data", &self.exclude_table_data),
        ] {
            arguments.extend(patterns.iter().map(|pattern| format!("--{option}={pattern}")));
        }
        arguments
    }
}

/// What anybody who may create in a schema of the search path can put before PostgreSQL's own functions and operators
/// would be called as us.
const OWN_NAMES_ONLY: &str = "SET search_path = pg_catalog, pg_temp";

/// psql's arguments for one query of ours whose answer is one line of fields separated by `|`. In it only what is
/// PostgreSQL's own goes without its schema, and defaults of the role and the database do not count.
#[must_use]
pub fn query_arguments(query: &str) -> Vec<String> {
    // Commands of their own: some statements must be alone.
    let mut arguments = arguments(&[OWN_NAMES_ONLY, &defaults::setting(defaults::OURS, false), query]);
    // Errors come with their codes, by which they are known in any language.
    arguments.push("--set=VERBOSITY=verbose".to_owned());
    arguments
}

/// The same for a query of the sponsor's, which means what it means in that database. Errors are told by their code
/// alone: in words they may quote what is in the rows.
#[must_use]
pub fn sponsors_query_arguments(query: &str) -> Vec<String> {
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

/// psql's arguments for a script on its standard input. A statement that fails ends all, or is taken back alone.
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

/// psql's argument for the host and the port of the server that answered, one a line.
#[must_use]
pub fn whereabouts_arguments() -> Vec<String> {
    arguments(&["\\echo :HOST", "\\echo :PORT"])
}

/// The whole environment of a child: nothing of ours is inherited. Messages come in the C locale, which hints read.
///
/// # Errors
/// The client cannot be given all that the URL asks for.
pub fn environment(
    connection: &Connection,
    client: &Client,
) -> Result<BTreeMap<&'static str, String>, ConnectionError> {
    let mut environment = connection.for_client(client)?;
    environment.insert("LC_ALL", "C".to_owned());
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_case_has_the_flags_that_the_field_uses() {
        let options = DumpOptions { lock_wait_timeout: Duration::from_secs(30), ..DumpOptions::default() };
        assert_eq!(
            options.arguments().join(" "),
            "--format=plain --clean --if-exists --no-password --no-owner --no-acl --lock-wait-timeout=30000"
        );
        assert!(!options.is_partial());
    }

    #[test]
    fn patterns_and_privileges_are_passed_on() {
        let options = DumpOptions {
            include_privileges: true,
            schemas: vec!["diary".into(), "auth".into()],
            exclude_schemas: vec!["cron".into()],
            exclude_table_data: vec!["diary.cache_*".into()],
            encoding: Some("LATIN1".into()),
            no_unlogged_rows: true,
            lock_wait_timeout: Duration::from_millis(1500),
            schema_only: false,
            snapshot: None,
        };
        assert_eq!(
            options.arguments().join(" "),
            "--format=plain --clean --if-exists --no-password --lock-wait-timeout=1500 --encoding=LATIN1 --no-unlogged-table-data --strict-names --schema=diary --schema=auth \
             --exclude-schema=cron --exclude-table-data=diary.cache_*"
        );
        assert!(options.is_partial());
    }
}
