//! Some tables of a dump as SQL, made from the dump's text as it passes. Pure.
//!
//! Nothing comes out before everything that defines the tables was read. So an unknown name changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::script::{Piece, Script};
use crate::databases::postgres::sql::selection::{
    Chooser, Ground, Note, Plan, QualifiedName, SelectionError, TableName, shown_name,
};
use crate::databases::postgres::sql::{Scan, TableDigest};

/// Which tables, and where they go.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The tables, as the user named them.
    pub tables: Vec<TableName>,
    /// The schema that they go into. `None` for their own.
    pub into: Option<String>,
}

/// Cuts some tables out of a dump.
#[derive(Debug)]
pub struct Extraction {
    script: Script,
    chooser: Chooser,
    /// Tables that have rows according to the manifest, if it says so.
    holding: Option<BTreeSet<QualifiedName>>,
    /// Whether the current rows are selected.
    passes: bool,
    has_begun: bool,
}

/// What was cut out.
#[derive(Debug)]
pub struct Extracted {
    /// The SQL since the last call, up to its end.
    pub sql: Vec<u8>,
    /// The scan of the text that was read.
    pub scan: Scan,
    /// What was selected.
    pub plan: Plan,
    /// What was left out, or kept in another form.
    pub notes: Vec<Note>,
    /// SQL that brings the rows back from the other schema.
    pub bring_back: Option<String>,
}

impl Extraction {
    /// Tables for a target. `holding` are the tables that have rows according to the manifest.
    #[must_use]
    pub fn new(selection: Selection, ground: Ground, holding: Option<BTreeSet<QualifiedName>>) -> Self {
        let chooser = Chooser::new(selection.tables, ground, selection.into);
        Self { script: Script::default(), chooser, holding, passes: false, has_begun: false }
    }

    /// Takes the next bytes of the dump and returns SQL.
    ///
    /// # Errors
    /// The tables cannot be selected. Nothing has been returned then.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<u8>, SelectionError> {
        let mut sql = Vec::new();
        for piece in self.script.feed(bytes) {
            match piece {
                // Drops belong to `replace`. Transactions and places of files are those of the backup's server.
                Piece::Drop(_) | Piece::Transaction(_) | Piece::Tablespace(_) | Piece::Rest(_) => {}
                Piece::Statement(text) | Piece::Reaction(text) => {
                    add(&mut sql, self.chooser.statement(&text));
                }
                Piece::Copy(head) => {
                    self.decide(&mut sql)?;
                    let head = self.chooser.rows(&head);
                    self.passes = head.is_some();
                    sql.extend(head.into_iter().flatten());
                }
                Piece::Rows(text) if self.passes => sql.extend_from_slice(&text),
                Piece::Rows(_) => {}
            }
        }
        Ok(sql)
    }

    /// What is selected, as soon as it is known.
    #[must_use]
    pub fn plan(&self) -> Option<Plan> {
        self.has_begun.then(|| self.chooser.plan())
    }

    /// What was left out so far.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        self.chooser.notes()
    }

    /// The end of the dump.
    ///
    /// # Errors
    /// As [`Extraction::feed`]: a dump can have no rows at all.
    pub fn finish(mut self) -> Result<Extracted, SelectionError> {
        let mut sql = Vec::new();
        self.decide(&mut sql)?;
        add(&mut sql, self.chooser.finish());
        let (plan, notes) = (self.chooser.plan(), self.chooser.notes().to_vec());
        let (bring_back, (_, scan)) = (self.chooser.bring_back(), self.script.finish());
        Ok(Extracted { sql, scan, plan, notes, bring_back })
    }

    /// Decides about everything before the first rows, if that has not happened yet. [`Extraction::feed`] does it when
    /// rows come.
    ///
    /// # Errors
    /// The tables cannot be selected.
    pub fn decide(&mut self, sql: &mut Vec<u8>) -> Result<(), SelectionError> {
        if !self.has_begun {
            let first = self.chooser.begin()?;
            self.check_rows()?;
            self.has_begun = true;
            add(sql, first);
        }
        Ok(())
    }

    /// An empty table in place of rows would look like a success.
    fn check_rows(&self) -> Result<(), SelectionError> {
        let Some(holding) = &self.holding else { return Ok(()) };
        let plan = self.chooser.plan();
        let lacking: Vec<String> = plan.with_rows.difference(holding).map(shown_name).collect();
        if lacking.is_empty() { Ok(()) } else { Err(SelectionError::NoRows { names: lacking }) }
    }
}

fn add(sql: &mut Vec<u8>, statements: Vec<Vec<u8>>) {
    for statement in statements {
        sql.extend(statement);
        sql.extend_from_slice(b"\n\n");
    }
}

impl Extracted {
    /// The selected tables with rows, as the dump contained them. Empty ones included.
    #[must_use]
    pub fn tables(&self) -> Vec<TableDigest> {
        let found = self.scan.tables().into_iter();
        found
            .filter(|table| self.plan.with_rows.contains(&(table.schema.clone(), table.name.clone())))
            .collect()
    }

    /// What differs from the rows that the manifest records, each as a phrase. Only these tables are compared.
    #[must_use]
    pub fn contradictions(&self, told: &BTreeMap<QualifiedName, (u64, String)>) -> Vec<String> {
        let found: BTreeMap<QualifiedName, (u64, String)> = self
            .tables()
            .into_iter()
            .map(|table| ((table.schema, table.name), (table.rows, table.digest)))
            .collect();
        let differs = |name: &&QualifiedName| found.get(*name) != told.get(*name);
        let differing = self.plan.with_rows.iter().filter(differs);
        differing.map(|name| format!("table {} has rows that differ", shown_name(name))).collect()
    }
}

/// The beginning of a file that psql loads in one transaction. `about` are lines for people.
#[must_use]
pub fn head(about: &[String], key: &str) -> Vec<u8> {
    let mut text = String::new();
    about.iter().for_each(|line| comment(&mut text, line));
    // A row that psql takes for a statement must not do anything, and neither must a command of psql's own.
    text.push_str("\n\\set ON_ERROR_STOP on\n");
    // Writing to a String cannot fail.
    writeln!(text, "\\restrict {key}\n\nBEGIN{END}\n").ok();
    text.into_bytes()
}

/// The end of such a file, which only a proven one has.
#[must_use]
pub fn tail(extracted: &Extracted, key: &str) -> Vec<u8> {
    let mut text = Vec::new();
    for note in &extracted.notes {
        let mut words = String::new();
        comment(&mut words, &format!("Note: {} ({})", note.what, note.reason));
        text.extend(words.into_bytes());
        commented(&mut text, &note.statement);
        text.push(b'\n');
    }
    if let Some(bring_back) = &extracted.bring_back {
        text.extend_from_slice(b"-- To bring missing rows back into the original tables:\n");
        commented(&mut text, bring_back.as_bytes());
        text.push(b'\n');
    }
    text.extend(format!("COMMIT{END}\n\n\\unrestrict {key}\n\n{COMPLETE}\n").into_bytes());
    text
}

/// Ends a statement.
const END: char = ';';
/// The end of output that is not proven. It has no COMMIT, so psql loads nothing of it.
pub const BROKEN: &str = "\n-- sponsor-backup: NOT complete, do not use\n";
/// The last line of output that is proven.
pub const COMPLETE: &str = "-- sponsor-backup: complete";

fn comment(text: &mut String, line: &str) {
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    writeln!(text, "-- {line}").ok();
}

/// A statement as comments. PostgreSQL ends a comment at either kind of line end.
fn commented(text: &mut Vec<u8>, statement: &[u8]) {
    for line in statement.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty()) {
        text.extend([b"--   ", line, b"\n"].concat());
    }
}

#[cfg(test)]
mod tests;
