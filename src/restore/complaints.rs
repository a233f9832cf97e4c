//! What psql says while it loads: errors, each with the line of its statement.

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStderr;

use super::RestoreError;
use crate::dump::Connection;

/// So many are kept; of a restore with more, nobody reads all.
const KEPT: usize = 10_000;
/// Lines that were no errors, for a psql that ends without one.
const WORDS_KEPT: usize = 20;

/// Codes of errors that come of something that is not there (PostgreSQL documentation, "Error Codes"): unknown objects,
/// functions, tables, columns and schemas, features not supported, files of extensions missing.
const FOR_WANT: [&str; 7] = ["42704", "42883", "42P01", "42703", "3F000", "0A000", "58P01"];

/// One error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// The line of psql's input at which the statement ended, from 1.
    pub(super) line: u64,
    /// SQLSTATE, where psql was told to tell it.
    pub(super) code: String,
    /// In the server's words.
    pub(super) message: String,
}

impl Complaint {
    pub(super) fn is_for_want_of_something(&self) -> bool {
        FOR_WANT.contains(&self.code.as_str())
    }

    /// Reads `psql:<stdin>:12: ERROR:  42704: type "geometry" does not exist`; the code is there where it is wanted.
    fn parse(line: &str) -> Option<Self> {
        let (number, rest) = line.strip_prefix("psql:<stdin>:")?.split_once(": ")?;
        let text = rest.strip_prefix("ERROR:  ").or_else(|| rest.strip_prefix("FATAL:  "))?;
        let coded = text
            .split_once(": ")
            .filter(|(code, _)| code.len() == 5 && code.bytes().all(|b| b.is_ascii_alphanumeric()));
        let (code, message) = coded.unwrap_or(("", text));
        Some(Self { line: number.parse().ok()?, code: code.to_owned(), message: message.to_owned() })
    }
}

/// All that psql said.
#[derive(Debug)]
pub(super) struct Complaints {
    pub(super) all: Vec<Complaint>,
    words: Vec<String>,
    place: String,
}

impl Complaints {
    /// Reads to the end; the target's password is taken out.
    pub(super) async fn read(stderr: ChildStderr, connection: Connection) -> Self {
        let mut this = Self { all: Vec::new(), words: Vec::new(), place: connection.place() };
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let line = connection.redact(&line);
            match Complaint::parse(&line) {
                Some(complaint) if this.all.len() < KEPT => this.all.push(complaint),
                Some(_) => {}
                None if this.words.len() < WORDS_KEPT && !line.contains("NOTICE:") => this.words.push(line),
                None => {}
            }
        }
        this
    }

    /// The first error that is not for want of something, or the first, or what else was said.
    pub(super) fn failure(&self, otherwise: &str) -> RestoreError {
        let worst = self.all.iter().find(|complaint| !complaint.is_for_want_of_something());
        let message = match worst.or(self.all.first()) {
            Some(complaint) => complaint.message.clone(),
            None if self.words.is_empty() => otherwise.to_owned(),
            None => self.words.join("; "),
        };
        RestoreError::Failed { place: self.place.clone(), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_with_and_without_their_code() {
        let coded =
            Complaint::parse("psql:<stdin>:12: ERROR:  42704: type \"public.geometry\" does not exist")
                .unwrap();
        assert_eq!((coded.line, coded.code.as_str()), (12, "42704"));
        assert_eq!(coded.message, "type \"public.geometry\" does not exist");
        assert!(coded.is_for_want_of_something());
        let plain =
            Complaint::parse("psql:<stdin>:3: ERROR:  could not extend file: No space left on device")
                .unwrap();
        assert_eq!(plain.message, "could not extend file: No space left on device");
        assert!(!plain.is_for_want_of_something());
        assert_eq!(Complaint::parse("psql:<stdin>:3: NOTICE:  00000: x"), None);
        assert_eq!(Complaint::parse("LINE 1: SELECT"), None);
    }
}
