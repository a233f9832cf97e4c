//! Errors of a server, libpq or pg_dump, in words that cannot contain a row or a secret. Pure.
//!
//! Their own words are never repeated, because a sponsor's function can raise any error in any words, including a
//! patient's name. They are compared with a list of texts that PostgreSQL is known to write. Messages show the text
//! of our list and fill in names that are known from elsewhere. For everything else, only the error code's name is
//! shown.

mod template;

use std::collections::HashSet;
use std::fmt;

use super::connection::Connection;
use super::sql;
use super::sqlstate::SqlState;
use template::TEMPLATES;

/// Shown for an error that is neither in the list nor has a code.
const NOT_SHOWN: &str = "an error that is not shown, because it could contain data (see the server's log)";
/// Memory limit: messages of any dump are understandable with fewer names.
const NAMES_KEPT: usize = 200_000;
/// Longer lines are not in the list, in bytes.
const LONGEST: usize = 2048;

/// Names that messages may show: those of the connection, of the dump's statements, and of the request.
#[derive(Debug, Clone, Default)]
pub struct KnownNames(HashSet<Box<str>>);

impl KnownNames {
    /// The names in a connection.
    #[must_use]
    pub fn of(connection: &Connection) -> Self {
        let mut names = Self::default();
        names.add(connection.database());
        names.add(connection.user());
        connection.hosts().iter().for_each(|host| names.add(host));
        names
    }

    /// Adds a name.
    pub fn add(&mut self, name: &str) {
        if self.0.len() < NAMES_KEPT && !self.0.contains(name) {
            self.0.insert(name.into());
        }
    }

    /// Adds the names in a statement.
    pub fn learn(&mut self, statement: &[u8]) {
        sql::names(statement).iter().for_each(|name| self.add(name));
    }

    /// Whether a text is a known name: alone, after its schema, or followed by the types of its arguments.
    #[must_use]
    pub fn know(&self, text: &str) -> bool {
        let (name, arguments) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, arguments)) => (name, arguments),
            None => (text, ""),
        };
        self.know_a_path(text)
            || (self.know_a_path(name)
                && arguments.split(',').all(|argument| self.know_a_type(argument.trim())))
    }

    fn know_a_path(&self, text: &str) -> bool {
        self.0.contains(text)
            || text
                .match_indices('.')
                .any(|(dot, _)| self.0.contains(&text[..dot]) && self.know_a_path(&text[dot + 1..]))
    }

    fn know_a_type(&self, text: &str) -> bool {
        let text = text.trim_end_matches("[]");
        text.is_empty() || template::TYPES.contains(&text) || self.know_a_path(text)
    }
}

/// One complaint, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PgError {
    code: Option<SqlState>,
    said: Wording,
    /// What the complaint is about, in our own words and known names.
    about: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wording {
    /// In our own words.
    Ours(String),
    /// A text of the list with the names for its gaps. `None` for a name that is not known.
    Known(&'static str, Vec<Option<String>>),
    NotShown,
}

impl PgError {
    /// An error found by this program or this machine's system, in our own words.
    #[must_use]
    pub fn ours(words: impl Into<String>) -> Self {
        Self { code: None, said: Wording::Ours(words.into()), about: None }
    }

    /// A server's message with its code. If PostgreSQL has no such code, the message is not shown at all.
    #[must_use]
    pub fn coded(code: &str, words: &str, names: &KnownNames) -> Self {
        let Some(code) = SqlState::parse(code) else {
            return Self { code: None, said: Wording::NotShown, about: None };
        };
        let said = match Matched::of(words, Some(code)) {
            Some(heard) => heard.shown(names),
            None => Wording::NotShown,
        };
        Self { code: Some(code), said, about: None }
    }

    /// A message with its code in one of psql's lines: `ERROR:  42P01: relation "t" does not exist`.
    #[must_use]
    pub fn in_line(line: &str, names: &KnownNames) -> Option<Self> {
        let (_, words) = line.split_once(":  ")?;
        let (code, words) = with_code(words)?;
        Some(Self::coded(code, words, names))
    }

    /// What libpq or a PostgreSQL program wrote to standard error without a code. The most specific line that fits
    /// the list counts.
    #[must_use]
    pub fn uncoded(words: &str, names: &KnownNames) -> Self {
        let Some(heard) = Self::first_match(words) else {
            return Self { code: None, said: Wording::NotShown, about: None };
        };
        let code = SqlState::parse(heard.code);
        // The server does not name the table that it was reading. pg_dump does, on its own line.
        let mut lines = words.lines().filter_map(|line| Matched::of(without_prefixes(line), None));
        let of_a_table = lines.find(|line| code.is_some() && line.template.starts_with(template::OF_A_TABLE));
        let table = of_a_table.and_then(|line| line.gaps.into_iter().find(|name| names.know(name)));
        Self { code, said: heard.shown(names), about: None }
            .about(table.map(|table| format!("table {table}")).unwrap_or_default())
    }

    /// Adds what the complaint is about, in words that may be shown.
    #[must_use]
    pub fn about(self, words: String) -> Self {
        Self { about: (!words.is_empty()).then(|| words.into()), ..self }
    }

    /// The texts at the positions of names: candidates to look up.
    #[must_use]
    pub fn would_be_names(words: &str) -> Vec<String> {
        Self::first_match(words).map(|heard| heard.gaps).unwrap_or_default()
    }

    /// A server's error is more specific than what its client makes of it.
    fn first_match(words: &str) -> Option<Matched> {
        let heard = || words.lines().filter_map(|line| Matched::of(without_prefixes(line), None));
        heard().find(|heard| !heard.code.is_empty()).or_else(|| heard().next())
    }

    /// The error code, if the complaint has one.
    #[must_use]
    pub fn code(&self) -> Option<SqlState> {
        self.code
    }

    /// Whether the error has this code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.is_some_and(|known| known.code() == code)
    }

    /// Whether it is a text of the list, or our own, that begins like this.
    #[must_use]
    pub fn begins(&self, with: &str) -> bool {
        match &self.said {
            Wording::Ours(words) => words.starts_with(with),
            Wording::Known(template, _) => template.starts_with(with),
            Wording::NotShown => false,
        }
    }

    /// Complaints with this code and beginning, one per text of the list, with `app` for every name.
    #[cfg(test)]
    pub(super) fn examples(code: &str, begins: &str) -> Vec<Self> {
        let fit = TEMPLATES.iter().filter(|(known, text)| *known == code && text.starts_with(begins));
        let shown = |text: &&'static str| text.split("{}").skip(1).map(|_| Some("app".to_owned())).collect();
        let known = fit.map(|(_, text)| Wording::Known(text, shown(text)));
        let code = SqlState::parse(code);
        let bare = code.filter(|_| begins.is_empty()).map(|_| Wording::NotShown);
        known.chain(bare).map(|said| Self { code, said, about: None }).collect()
    }

    /// Whether only the fact that something failed is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.code.is_none() && self.said == Wording::NotShown
    }
}

impl fmt::Display for PgError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.said, self.code) {
            (Wording::Ours(words), _) => formatter.write_str(words)?,
            (Wording::Known(template, gaps), _) => {
                let mut gaps = gaps.iter();
                for (at, piece) in template.split("{}").enumerate() {
                    if at > 0 {
                        formatter.write_str(gaps.next().and_then(Option::as_deref).unwrap_or("…"))?;
                    }
                    formatter.write_str(piece)?;
                }
            }
            (Wording::NotShown, Some(code)) => formatter.write_str(&code.condition())?,
            (Wording::NotShown, None) => formatter.write_str(NOT_SHOWN)?,
        }
        self.code.map_or(Ok(()), |code| write!(formatter, " ({})", code.code()))?;
        self.about.as_ref().map_or(Ok(()), |about| write!(formatter, "; {about}"))
    }
}

/// Splits a code from the text after it, which may be empty.
#[must_use]
pub fn with_code(words: &str) -> Option<(&str, &str)> {
    let (code, words) = words.split_once(": ").unwrap_or((words.trim_end(), ""));
    let is_one =
        code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    is_one.then_some((code, words))
}

/// A line that fits a text of the list.
struct Matched {
    code: &'static str,
    template: &'static str,
    gaps: Vec<String>,
}

impl Matched {
    fn of(line: &str, code: Option<SqlState>) -> Option<Self> {
        if line.len() > LONGEST {
            return None;
        }
        let of_the_code = TEMPLATES.iter().filter(|(known, _)| code.is_none_or(|code| code.code() == *known));
        of_the_code
            .into_iter()
            .find_map(|(code, template)| Some(Self { code, template, gaps: fit(template, line)? }))
    }

    fn shown(self, names: &KnownNames) -> Wording {
        let known =
            |gap: String| (template::KINDS.contains(&gap.as_str()) || names.know(&gap)).then_some(gap);
        Wording::Known(self.template, self.gaps.into_iter().map(known).collect())
    }
}

/// The texts in a template's gaps, if the line equals the template everywhere else.
fn fit(template: &str, line: &str) -> Option<Vec<String>> {
    let (first, gaps) = match template.split_once("{}") {
        Some((first, gaps)) => (first, gaps.split("{}")),
        None => return (template == line).then(Vec::new),
    };
    let (mut rest, mut found) = (line.strip_prefix(first)?, Vec::new());
    let mut pieces = gaps.peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        let (gap, later) = match (is_last, piece) {
            (true, piece) => (rest.strip_suffix(piece)?, ""),
            (false, piece) => rest.split_once(piece)?,
        };
        if gap.is_empty() {
            return None;
        }
        found.push(gap.to_owned());
        rest = later;
    }
    Some(found)
}

/// The message without what programs print before it: their names, the statement's position, the connection, and the
/// severity in any language.
fn without_prefixes(line: &str) -> &str {
    const PREFIXES: [&str; 7] = [
        "psql: ",
        "pg_dump: ",
        "error: ",
        "fatal: ",
        "detail: ",
        "query failed: ",
        "Error message from server: ",
    ];
    let mut rest = line.trim();
    while let Some(later) = PREFIXES.iter().find_map(|prefix| rest.strip_prefix(prefix)) {
        rest = later.trim_start();
    }
    if rest.starts_with("connection to server ") {
        rest = rest.split_once(" failed: ").map_or(rest, |(_, later)| later);
    }
    match rest.split_once(":  ") {
        Some((severity, later)) if severity.chars().all(char::is_alphabetic) => later,
        _ => rest,
    }
}

#[cfg(test)]
mod tests;
