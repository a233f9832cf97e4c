//! What pg_dump warns about although it succeeds: notes, and missing content. Pure.
//!
//! A sponsor's function can raise a warning in any words, including pg_dump's own. So only the text of our list is
//! shown, followed by names that are known from elsewhere.

use Kind::{Missing, Note};

use crate::databases::postgres::KnownNames;

/// What one warning means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing is missing. pg_dump notes what a partial restore would need.
    Note,
    /// Content is missing from the dump, or differs from the database.
    Missing,
}

const PREFIX: &str = "pg_dump: warning: ";

/// The warnings of pg_dump 13 to 18 (`pg_log_warning` in its sources), each up to its first variable part. pg_dump
/// dumps the object anyway or skips it. In both cases a restore makes a different database.
const KNOWN: &[(&str, Kind)] = &[
    ("there are circular foreign-key constraints on this table:", Note),
    ("there are circular foreign-key constraints among these tables:", Note),
    ("requested compression not available in this installation", Note),
    ("subscriptions not dumped because current user is not a superuser", Missing),
    ("could not resolve dependency loop among these items:", Missing),
    ("archive items not in correct section order", Missing),
    ("could not find parent extension for ", Missing),
    ("could not find function definition for function with OID ", Missing),
    ("could not find operator with OID ", Missing),
    ("could not find index attname ", Missing),
    ("could not find referenced extension ", Missing),
    ("could not find where to insert IF EXISTS in statement ", Missing),
    ("could not parse ", Missing),
    ("bogus transform definition", Missing),
    ("bogus value in ", Missing),
    ("postfix operators are not supported anymore (operator ", Missing),
    ("WITH OIDS is not supported anymore (table ", Missing),
    ("invalid type ", Missing),
    ("unrecognized ", Missing),
    ("typtype of data type ", Missing),
    ("owner of ", Missing),
    ("aggregate function ", Missing),
    ("skipping ", Missing),
    ("missing metadata for large objects ", Missing),
    ("failed to get data for sequence ", Missing),
];

/// The server warns that its sort order changed after the database was created. The dump still contains all rows.
const COLLATION: &str = "has a collation version mismatch";
/// Lines that belong to another message, and lines that are not about content. Every other line is a warning.
const SILENT: [&str; 9] = [
    "pg_dump: detail: ",
    "pg_dump: hint: ",
    "pg_dump: info: ",
    "DETAIL: ",
    "HINT: ",
    "NOTICE: ",
    "INFO: ",
    "CONTEXT: ",
    "LOG: ",
];
/// Shown for a warning that is not in the list.
const UNKNOWN: &str = "pg_dump printed a warning that is not shown, because it could contain data";
/// Shown if such a warning clearly means missing content.
const LEFT_OUT: &str =
    "pg_dump left something out, but its message is not shown, because it could contain data";
/// Maximum number of names to look up.
const LOOKED_UP: usize = 50;
/// Maximum number of warnings to keep. A last line counts the rest.
const KEPT: usize = 50;

/// What pg_dump printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    /// What a partial restore would need to know.
    pub notes: Vec<String>,
    /// Warnings, without data.
    pub shown: Vec<String>,
    /// Missing content.
    pub missing: Vec<String>,
}

impl Warnings {
    /// The texts in quotes, which may be names.
    #[must_use]
    pub fn would_be_names(said: &str) -> Vec<String> {
        let lines = said.lines().filter_map(|line| line.strip_prefix(PREFIX));
        lines.flat_map(quoted).take(LOOKED_UP).map(str::to_owned).collect()
    }

    /// Reads pg_dump's standard error. `names` may be shown. A dump of some schemas never has subscriptions, so their
    /// absence does not count.
    #[must_use]
    pub fn read(said: &str, is_of_some_schemas: bool, names: &KnownNames) -> Self {
        let mut this = Self::default();
        for line in said.lines() {
            let Some(text) = line.strip_prefix(PREFIX) else {
                match () {
                    () if SILENT.iter().any(|start| line.starts_with(start)) || line.trim().is_empty() => {}
                    () if line.contains("error: ") => this.missing.push(LEFT_OUT.to_owned()),
                    () => this.shown.push(of_the_server(line)),
                }
                continue;
            };
            match KNOWN.iter().find(|(start, _)| text.starts_with(start)) {
                Some((start, Missing)) if is_of_some_schemas && start.starts_with("subscriptions ") => {}
                Some((start, Missing)) => this.missing.push(named(start, text, names)),
                Some((start, Note)) => {
                    this.notes.push(format!("pg_dump notes: {}", start.trim_end_matches(':')));
                }
                None if text.contains(" not dumped") => this.missing.push(LEFT_OUT.to_owned()),
                None => this.shown.push(UNKNOWN.to_owned()),
            }
        }
        for list in [&mut this.notes, &mut this.shown, &mut this.missing] {
            list.dedup();
            let count = list.len();
            list.truncate(KEPT);
            if count > KEPT {
                list.push(format!("{} more warnings", count - KEPT));
            }
        }
        this
    }
}

/// A server warning, in any language. libpq prints it without pg_dump's name.
fn of_the_server(line: &str) -> String {
    if line.contains(COLLATION) {
        format!("the server warns that the database {COLLATION}")
    } else {
        "the server printed a warning during the dump (see its log)".to_owned()
    }
}

/// The text of the list, followed by the known names in the warning.
fn named(start: &str, text: &str, names: &KnownNames) -> String {
    let start = start.split('(').next().unwrap_or(start).trim_end_matches([':', ' ']);
    let known = quoted(text).filter(|name| names.know(name)).map(|name| format!(" \"{name}\""));
    format!("{start}{}", known.collect::<String>())
}

/// The texts in double quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

#[cfg(test)]
mod tests;
