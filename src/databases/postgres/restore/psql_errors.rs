//! Errors that psql prints during a load, each with its statement among those that were sent recently. Everything kept
//! here is safe to show.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStderr;
use tokio::sync::mpsc;

use super::RestoreError;
use crate::databases::postgres::pg_error::with_code;
use crate::databases::postgres::sql::{decoded, shown, without_comments};
use crate::databases::postgres::{Connection, KnownNames, PgError};

/// Number of errors kept.
const KEPT: usize = 10_000;
/// Number of lines kept that are not errors, for a psql that exits without an error.
const WORDS_KEPT: usize = 20;

/// Error codes that mean that something is missing (PostgreSQL documentation, "Error Codes"): unknown objects,
/// functions, tables, columns and schemas, unsupported features, missing extension files.
const FOR_WANT: [&str; 7] = ["42704", "42883", "42P01", "42703", "3F000", "0A000", "58P01"];

/// A statement that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedStatement {
    /// Its kind and names.
    pub(super) statement: String,
    /// The server's error, safe to show.
    pub(super) complaint: PgError,
    /// Names in the error's other fields.
    fields: Fields,
}

/// Names that a server sends in separate fields of an error, whatever its language. Only known names are kept: a row
/// may contain a line that looks like a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Fields {
    schema: Option<String>,
    table: Option<String>,
    constraint: Option<String>,
}

impl Fields {
    /// Reads a line below an error. psql prints the labels in its own language, which is English.
    fn take(&mut self, line: &str, names: &KnownNames) {
        let Some((label, value)) = line.split_once(":  ") else { return };
        let field = match label {
            "SCHEMA NAME" => &mut self.schema,
            "TABLE NAME" => &mut self.table,
            "CONSTRAINT NAME" => &mut self.constraint,
            _ => return,
        };
        *field = names.know(value).then(|| value.to_owned());
    }

    /// The fields as text, without what `shown` already contains.
    fn words(&self, shown: &str) -> String {
        let schema = self.schema.as_deref().map(|schema| format!("{schema}.")).unwrap_or_default();
        let table = self.table.as_deref().filter(|table| !shown.contains(table));
        let constraint = self.constraint.as_deref().filter(|constraint| !shown.contains(constraint));
        let table = table.map(|table| format!("table {schema}{table}"));
        let constraint = constraint.map(|constraint| format!("constraint {constraint}"));
        table.into_iter().chain(constraint).collect::<Vec<_>>().join("; ")
    }
}

impl FailedStatement {
    pub(super) fn is_for_want_of_something(&self) -> bool {
        self.complaint.code().is_some_and(|code| FOR_WANT.contains(&code.code()))
    }

    pub(super) fn failure(&self, place: &str) -> RestoreError {
        let Self { statement, complaint, fields } = self.clone();
        let about = fields.words(&format!("{statement} {complaint}"));
        RestoreError::Failed { place: place.to_owned(), statement, message: complaint.about(about) }
    }
}

/// One error in psql's form.
#[derive(Debug, PartialEq, Eq)]
struct Error<'a> {
    /// The line of psql's input at which the statement ended, starting at 1.
    line: u64,
    /// SQLSTATE, if psql prints it.
    code: &'a str,
    words: &'a str,
}

impl<'a> Error<'a> {
    /// Parses `psql:<stdin>:12: ERROR:  42704: type "geometry" does not exist`. The code identifies an error in any
    /// server language.
    fn parse(line: &'a str) -> Option<Self> {
        let (number, rest) = line.strip_prefix("psql:<stdin>:")?.split_once(": ")?;
        let (severity, text) = rest.split_once(":  ")?;
        let coded = with_code(text);
        let is_error = match severity {
            "ERROR" | "FATAL" | "PANIC" => true,
            "WARNING" | "NOTICE" | "INFO" | "LOG" | "DEBUG" => false,
            // Another language. These classes are success, warning and no data.
            _ => {
                coded.is_some_and(|(code, _)| !["00", "01", "02"].iter().any(|class| code.starts_with(class)))
            }
        };
        let (code, words) = coded.unwrap_or(("", text));
        let line = number.parse().ok()?;
        is_error.then_some(Self { line, code, words })
    }
}

/// What psql reported since the last mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reported {
    Nothing,
    /// Only errors that mean that something is missing.
    Bearable,
    /// At least one other error.
    Unbearable(Box<FailedStatement>),
}

/// Everything that psql reported.
#[derive(Debug)]
pub(super) struct PsqlErrors {
    pub(super) all: Vec<FailedStatement>,
    /// Whether an error came after the last mark.
    pub(super) since_mark: bool,
    /// Whether the last error was kept.
    keeps_last: bool,
    words: String,
    sent: Arc<Mutex<SentStatements>>,
    place: String,
}

impl PsqlErrors {
    /// Reads to the end. The mark is an error that we provoke: it is not recorded, and `reporter` receives what came
    /// before it.
    pub(super) async fn read(
        stderr: ChildStderr,
        (sent, place): (Arc<Mutex<SentStatements>>, String),
        (mark, reporter): (String, mpsc::Sender<Reported>),
    ) -> Self {
        let mut this =
            Self { all: Vec::new(), since_mark: false, keeps_last: false, words: String::new(), sent, place };
        let mut lines = BufReader::new(stderr).split(b'\n');
        let mut words = 0;
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = decoded(&line);
            match Error::parse(&line) {
                // The receiver may be gone.
                Some(error) if error.words.contains(&mark) => {
                    let any = std::mem::take(&mut this.since_mark);
                    let reported = match this.worst() {
                        Some(worst) => Reported::Unbearable(Box::new(worst.clone())),
                        None if any => Reported::Bearable,
                        None => Reported::Nothing,
                    };
                    reporter.send(reported).await.ok();
                }
                Some(error) => this.take(&error),
                None if this.take_field(&line) => {}
                None if words < WORDS_KEPT => {
                    words += 1;
                    this.words.push_str(&line);
                    this.words.push('\n');
                }
                None => {}
            }
        }
        this
    }

    fn take(&mut self, error: &Error<'_>) {
        self.since_mark = true;
        let refused = {
            let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            let complaint = PgError::coded(error.code, error.words, &sent.names);
            FailedStatement { statement: sent.statement_at(error.line), complaint, fields: Fields::default() }
        };
        self.keeps_last =
            self.all.len() < KEPT || (!refused.is_for_want_of_something() && self.worst().is_none());
        if self.keeps_last {
            self.all.push(refused);
        }
    }

    /// Whether a line belongs to the last error. Keeps its names if they are known.
    fn take_field(&mut self, line: &str) -> bool {
        let Some(refused) = self.all.last_mut().filter(|_| self.keeps_last) else { return false };
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        refused.fields.take(line, &sent.names);
        true
    }

    /// The first error that does not mean that something is missing.
    pub(super) fn worst(&self) -> Option<&FailedStatement> {
        self.all.iter().find(|refused| !refused.is_for_want_of_something())
    }

    /// The failure: the worst error, else the first one, else the other lines.
    pub(super) fn failure(&self, otherwise: &str) -> RestoreError {
        if let Some(refused) = self.worst().or(self.all.first()) {
            return refused.failure(&self.place);
        }
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let said = PgError::uncoded(&self.words, &sent.names);
        let message = if said.is_unknown() { PgError::ours(otherwise) } else { said };
        RestoreError::failed(self.place.clone(), message)
    }
}

/// Number of statements remembered: more than the pipe to psql and psql itself hold (64 KiB and 4 KiB, at least seven
/// bytes per statement).
const STATEMENTS_KEPT: usize = 12_000;
/// Bytes kept of each statement. Its kind and name come first.
const BEGINNING: usize = 1024;

/// The statements that psql may still report an error about.
#[derive(Debug)]
pub(super) struct SentStatements {
    /// The line of psql's input at which each statement ends, starting at 1, and its beginning.
    recent: VecDeque<(u64, Box<[u8]>)>,
    /// Lines up to here are our own SQL.
    ours: u64,
    /// Names of the target and of all statements so far.
    pub(super) names: KnownNames,
}

impl SentStatements {
    pub(super) fn new(connection: &Connection) -> Self {
        Self { recent: VecDeque::new(), ours: 0, names: KnownNames::of(connection) }
    }

    /// Registers our own SQL, sent before the dump.
    pub(super) fn note_ours(&mut self, line: u64, text: &[u8]) {
        self.names.learn(text);
        self.ours = line;
    }

    /// Registers a statement before it is sent.
    pub(super) fn note(&mut self, line: u64, text: &[u8]) {
        let statement = without_comments(text);
        self.names.learn(statement);
        if self.recent.len() >= STATEMENTS_KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back((line, statement[..statement.len().min(BEGINNING)].into()));
    }

    /// Extends the last statement to a line. psql reports an error about rows at the end of their block.
    pub(super) fn extend_last(&mut self, line: u64) {
        if let Some((end, _)) = self.recent.back_mut() {
            *end = line;
        }
    }

    /// The statement that ended at this line, safe to show. Empty for our own SQL.
    pub(super) fn statement_at(&self, line: u64) -> String {
        if line <= self.ours {
            return String::new();
        }
        let after = self.recent.partition_point(|(end, _)| *end < line);
        let found = self.recent.get(after).or(self.recent.back());
        found.map_or_else(String::new, |(_, text)| shown(text))
    }
}

#[cfg(test)]
mod tests;
