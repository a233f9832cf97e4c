//! What psql says while it loads: errors, each with the line of its statement.

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::ChildStderr;
use tokio::sync::mpsc;

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

    /// Errors of data quote the data, which are somebody's: `invalid input syntax for type integer: "…"`.
    fn without_data(&self) -> &str {
        let end = if self.code.starts_with("22") { self.message.find('"') } else { None };
        self.message[..end.unwrap_or(self.message.len())].trim_end_matches([' ', ':'])
    }

    /// Reads `psql:<stdin>:12: ERROR:  42704: type "geometry" does not exist`; the code is there where it is wanted. By it
    /// an error is known in the language of any server.
    fn parse(line: &str) -> Option<Self> {
        let (number, rest) = line.strip_prefix("psql:<stdin>:")?.split_once(": ")?;
        let (severity, text) = rest.split_once(":  ")?;
        let coded = text
            .split_once(": ")
            .filter(|(code, _)| code.len() == 5 && code.bytes().all(|b| b.is_ascii_alphanumeric()));
        let is_error = match severity {
            "ERROR" | "FATAL" | "PANIC" => true,
            "WARNING" | "NOTICE" | "INFO" | "LOG" | "DEBUG" => false,
            // In another language. Success, warning, no data.
            _ => {
                coded.is_some_and(|(code, _)| !["00", "01", "02"].iter().any(|class| code.starts_with(class)))
            }
        };
        let (code, message) = coded.unwrap_or(("", text));
        let complaint =
            || Some(Self { line: number.parse().ok()?, code: code.to_owned(), message: message.to_owned() });
        if is_error { complaint() } else { None }
    }
}

/// What was heard since the last mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    /// Errors for want of something; the lines of those that are kept.
    Bearable(Vec<u64>),
    /// Another error, at any time: its message.
    Unbearable(String),
}

/// All that psql said.
#[derive(Debug)]
pub(super) struct Complaints {
    pub(super) all: Vec<Complaint>,
    /// Whether any came after the last mark.
    pub(super) are_unheard: bool,
    /// So many were heard at the last mark.
    heard: usize,
    words: Vec<String>,
    place: String,
}

impl Complaints {
    /// Reads to the end; the target's password is taken out. When `mark` comes by in an error, it is told what was heard
    /// before it; that error itself is nobody's.
    pub(super) async fn read(
        stderr: ChildStderr,
        connection: Connection,
        (mark, told): (String, mpsc::Sender<Heard>),
    ) -> Self {
        let (all, words, place) = (Vec::new(), Vec::new(), connection.place());
        let mut this = Self { all, are_unheard: false, heard: 0, words, place };
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            match Complaint::parse(&line) {
                // Nobody may be listening any more.
                Some(complaint) if complaint.message.contains(&mark) => {
                    let any = std::mem::take(&mut this.are_unheard);
                    let heard = match this.worst() {
                        Some(worst) => Heard::Unbearable(worst.message.clone()),
                        None if any => {
                            Heard::Bearable(this.all[this.heard..].iter().map(|new| new.line).collect())
                        }
                        None => Heard::Nothing,
                    };
                    this.heard = this.all.len();
                    told.send(heard).await.ok();
                }
                Some(mut complaint) if this.all.len() < KEPT || this.is_worst_so_far(&complaint) => {
                    this.are_unheard = true;
                    complaint.message = connection.redact(complaint.without_data());
                    this.all.push(complaint);
                }
                Some(_) => this.are_unheard = true,
                None if this.words.len() < WORDS_KEPT && !line.contains("NOTICE:") => {
                    this.words.push(connection.redact(&line));
                }
                None => {}
            }
        }
        this
    }

    /// The first error that is not for want of something.
    pub(super) fn worst(&self) -> Option<&Complaint> {
        self.all.iter().find(|complaint| !complaint.is_for_want_of_something())
    }

    fn is_worst_so_far(&self, complaint: &Complaint) -> bool {
        !complaint.is_for_want_of_something() && self.worst().is_none()
    }

    /// The worst, or the first, or what else was said.
    pub(super) fn failure(&self, otherwise: &str) -> RestoreError {
        let message = match self.worst().or(self.all.first()) {
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
        let data =
            Complaint::parse("psql:<stdin>:3: ERROR:  22P02: invalid input syntax for type integer: \"zoe\"");
        assert_eq!(data.unwrap().without_data(), "invalid input syntax for type integer");
        let abroad = Complaint::parse("psql:<stdin>:9: FEHLER:  42501: keine Berechtigung").unwrap();
        assert!(!abroad.is_for_want_of_something());
        for harmless in ["NOTICE:  00000: x", "WARNUNG:  01000: x", "WARNING:  x", "WARNING:  55000: x"] {
            assert_eq!(Complaint::parse(&format!("psql:<stdin>:3: {harmless}")), None);
        }
        assert_eq!(Complaint::parse("LINE 1: SELECT"), None);
    }
}
