//! What logs and reports may show of a statement: its kind and the names of its objects, and nothing else. Pure.
//!
//! This is an allow-list: a small grammar of what pg_dump writes. Strings, bodies, expressions, option values,
//! defaults and conditions are never shown, because they contain passwords, keys and text that people wrote. If the
//! grammar does not know a statement, only its first keywords are shown.

use std::iter::Peekable;

use super::words::{Word, Words, decoded};

/// Maximum number of bytes that are read from a statement.
const READ: usize = 8192;
/// Maximum number of characters that are shown.
const SHOWN: usize = 400;
/// Maximum length of a name in PostgreSQL, in bytes.
const LONGEST_NAME: usize = 63;

/// Keywords that can precede a name and are shown. Names spelled like them are in quotes or in lower case.
const KEYWORDS: &str = " ACCESS ADD AGGREGATE ALTER ALWAYS ATTACH ATTRIBUTE AUTHORIZATION BEGIN CAST CLASS CLUSTER COLLATION COLUMN COMMENT COMMIT \
    CONFIGURATION CONSTRAINT CONVERSION COPY CREATE DATA DATABASE DEFAULT DELETE DICTIONARY DISABLE DO DOMAIN DROP \
    ENABLE EVENT EXCLUDE EXISTS EXTENSION FAMILY FOR FORCE FOREIGN FROM FUNCTION GENERATED GRANT IDENTITY IF IN INDEX INHERIT \
    INSERT INTO KEY LABEL LANGUAGE LARGE LEVEL LOCK MAPPING MATERIALIZED METHOD NOT NULL OBJECT ON ONLY OPERATOR OR OWNED \
    OWNER PARSER PARTITION POLICY PRIMARY PRIVILEGES PROCEDURAL PROCEDURE PUBLICATION REFRESH REPLACE REPLICA RESET \
    REVOKE ROLE ROUTINE ROW RULE SCHEMA SEARCH SECURITY SELECT SEQUENCE SERVER SESSION SET STATISTICS STORAGE COMPRESSION SUBSCRIPTION \
    TABLE TABLES TABLESPACE TEMPLATE TEXT TO TRANSFORM TRIGGER TRUNCATE TRUSTED TYPE UNIQUE UNLOGGED UPDATE USER VALUE VIEW \
    WRAPPER BY ";

/// Keywords before a value instead of a name.
const BEFORE_VALUES: [&str; 6] = ["DEFAULT", "STORAGE", "COMPRESSION", "STATISTICS", "VALUE", "GENERATED"];

/// Kinds whose names include the types of their arguments.
const ROUTINES: [&str; 4] = ["FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE"];

/// Kinds that belong to a table, which follows `ON`.
const OF_TABLES: [&str; 5] = ["INDEX", "TRIGGER", "POLICY", "RULE", "CONSTRAINT"];

const LARGE_OBJECT: &[u8] = b"SELECT pg_catalog.lowrite(";
const SEQUENCE: &str = "SELECT pg_catalog.setval('";

/// A statement's kind and names on one line, without comments before it.
#[must_use]
pub fn shown(statement: &[u8]) -> String {
    let statement = without_comments(statement);
    if statement.starts_with(LARGE_OBJECT) {
        return "contents of a large object".to_owned();
    }
    let text = decoded(beginning(statement));
    if let Some(call) = sequence(&text).or_else(|| large_object(&text)) {
        return call;
    }
    let mut excerpt = Excerpt { words: Words::of(&text).peekable(), out: String::new() };
    excerpt.statement();
    match excerpt.out {
        out if out.is_empty() => "a statement that pg_dump does not write".to_owned(),
        out if out.chars().count() > SHOWN => out.chars().take(SHOWN).chain(['…']).collect(),
        out => out,
    }
}

/// The names and keywords anywhere in a statement, but not inside strings.
#[must_use]
pub fn names(statement: &[u8]) -> Vec<String> {
    let statement = without_comments(statement);
    // A large statement without names.
    if statement.starts_with(LARGE_OBJECT) {
        return Vec::new();
    }
    let text = decoded(statement);
    let name = |word: Word| word.name().map(str::to_owned);
    Words::of(&text).filter_map(name).collect()
}

/// The bytes to read, cut between characters.
pub(super) fn beginning(statement: &[u8]) -> &[u8] {
    let cut = &statement[..statement.len().min(READ)];
    match std::str::from_utf8(cut) {
        Err(error) if error.error_len().is_none() => &cut[..error.valid_up_to()],
        _ => cut,
    }
}

/// The value of a sequence contains no sponsor's text, so it is shown.
fn sequence(text: &str) -> Option<String> {
    let (name, rest) = text.strip_prefix(SEQUENCE)?.rsplit_once("', ")?;
    let (value, is_called) = rest.strip_suffix(");")?.split_once(", ")?;
    let is_whole = value.parse::<i64>().is_ok() && ["true", "false"].contains(&is_called);
    // Including quotes and schema.
    let is_name = name.len() <= 4 * LONGEST_NAME && !name.contains(char::is_control);
    (is_whole && is_name).then(|| format!("{SEQUENCE}{name}', {value}, {is_called})"))
}

/// A large object is identified by its number.
fn large_object(text: &str) -> Option<String> {
    let (function, rest) = text.strip_prefix("SELECT pg_catalog.lo_")?.split_once("('")?;
    let number: u32 = rest.split('\'').next()?.parse().ok()?;
    ["create", "open"].contains(&function).then(|| format!("SELECT pg_catalog.lo_{function}('{number}')"))
}

/// The text so far, and the words that are left.
struct Excerpt<'a> {
    words: Peekable<Words<'a>>,
    out: String,
}

impl Excerpt<'_> {
    fn statement(&mut self) {
        let Some(verb) = self.keyword() else { return };
        match verb.as_str() {
            "GRANT" | "REVOKE" => self.names_only(),
            "SELECT" => self.call(),
            "SET" => {
                self.keywords();
                self.name();
            }
            _ => self.object(&verb),
        }
    }

    /// The object that is created, changed or dropped.
    fn object(&mut self, verb: &str) {
        let keywords = self.keywords();
        let has = |keyword: &str| keywords.iter().any(|seen| seen == keyword);
        if has("PRIVILEGES") {
            return self.names_only();
        }
        let kind =
            keywords.iter().rev().find(|word| !["IF", "NOT", "EXISTS", "ONLY"].contains(&word.as_str()));
        let kind = kind.map_or(verb, String::as_str);
        if kind == "CAST" {
            self.out.push(' ');
            return self.signature();
        }
        if kind == "OBJECT" {
            self.number();
        }
        self.name();
        if verb == "SECURITY" {
            // So far, the name was the label's provider.
            self.keywords();
            self.name();
        }
        match kind {
            _ if ROUTINES.contains(&kind) => self.signature(),
            "OPERATOR" if verb != "CREATE" => self.signature(),
            "RULE" if verb == "CREATE" => self.after("TO"),
            "FOR" if has("MAPPING") => self.after("SERVER"),
            _ if OF_TABLES.contains(&kind) && verb != "ALTER" => self.after("ON"),
            _ if verb == "ALTER" => self.change(),
            _ => {}
        }
    }

    /// The change to an object.
    fn change(&mut self) {
        let mut keywords = self.keywords();
        self.name();
        if keywords.iter().any(|word| word == "IN") {
            keywords = self.keywords();
            self.name();
        }
        if keywords.iter().any(|word| ["COLUMN", "CONSTRAINT"].contains(&word.as_str())) {
            self.keywords();
        }
    }

    /// A call of one of PostgreSQL's own functions.
    fn call(&mut self) {
        if self.words.peek().is_some_and(|word| word.is("pg_catalog")) {
            self.name();
        }
    }

    /// Reads keywords as long as a name can follow.
    fn keywords(&mut self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        while let Some(keyword) = self.keyword() {
            let is_last = BEFORE_VALUES.contains(&keyword.as_str())
                && found.iter().any(|word| word == "SET" || word == "ADD");
            found.push(keyword);
            if is_last {
                self.words.by_ref().for_each(drop);
            }
        }
        found
    }

    fn keyword(&mut self) -> Option<String> {
        let is_one = |word: &Word| matches!(word, Word::Plain(text) if is_upper(text) && KEYWORDS.contains(&format!(" {text} ")));
        let Word::Plain(keyword) = self.words.next_if(is_one)? else { return None };
        self.push(&keyword);
        Some(keyword)
    }

    fn number(&mut self) {
        let is_one = |word: &Word| matches!(word, Word::Plain(text) if text.parse::<u32>().is_ok());
        if let Some(Word::Plain(number)) = self.words.next_if(is_one) {
            self.push(&number);
        }
    }

    /// A name with its qualifiers, or an operator.
    fn name(&mut self) {
        while let Some(word) = self
            .words
            .next_if(|word| is_a_name(word) || matches!(word, Word::Sign(sign) if is_of_operators(*sign)))
        {
            match &word {
                Word::Sign(sign) => {
                    let glue = self.out.ends_with(|last| last == '.' || is_of_operators(last));
                    self.out.push_str(if glue { "" } else { " " });
                    self.out.push(*sign);
                    if !self
                        .words
                        .peek()
                        .is_some_and(|next| matches!(next, Word::Sign(next) if is_of_operators(*next)))
                    {
                        return;
                    }
                    continue;
                }
                name => self.push(&written(name)),
            }
            if self.words.next_if(|word| *word == Word::Sign('.')).is_none() {
                return;
            }
            self.out.push('.');
        }
    }

    /// The table, schema or server that an object belongs to.
    fn after(&mut self, keyword: &str) {
        let mut depth = 0_u32;
        while let Some(word) = self.words.next() {
            match word {
                Word::Sign('(') => depth += 1,
                Word::Sign(')') => depth = depth.saturating_sub(1),
                Word::Plain(word) if depth == 0 && word == keyword => {
                    self.push(keyword);
                    self.keywords();
                    return self.name();
                }
                _ => {}
            }
        }
    }

    /// The arguments' types and names, without defaults.
    fn signature(&mut self) {
        if self.words.peek() != Some(&Word::Sign('(')) {
            return;
        }
        let (mut depth, mut is_default) = (0_u32, false);
        for word in self.words.by_ref() {
            match &word {
                Word::Sign('(' | '[') => depth += 1,
                Word::Sign(')' | ']') => depth = depth.saturating_sub(1),
                _ => {}
            }
            let ends_one = (depth == 1 && word == Word::Sign(',')) || depth == 0;
            is_default = !ends_one && (is_default || word.is("DEFAULT") || word == Word::Sign('='));
            if !is_default {
                append(&mut self.out, &word);
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// A statement that consists of keywords and names only.
    fn names_only(&mut self) {
        while let Some(word) = self.words.next_if(|word| !matches!(word, Word::Text | Word::Sign(';'))) {
            append(&mut self.out, &word);
        }
    }

    fn push(&mut self, text: &str) {
        let is_first = self.out.is_empty() || self.out.ends_with('.');
        self.out.push_str(if is_first { "" } else { " " });
        self.out.push_str(text);
    }
}

/// Adds a word to a list of names. Words that do not belong in such a list are skipped.
fn append(out: &mut String, word: &Word) {
    let text = match word {
        Word::Text => return,
        Word::Sign(sign) if "(),.[]*".contains(*sign) => sign.to_string(),
        Word::Sign(_) => return,
        name if is_a_name(name) || matches!(name, Word::Plain(text) if is_upper(text)) => written(name),
        _ => return,
    };
    let glue = out.ends_with(['(', '.']) || text.starts_with(['(', ')', ',', '.', '[', ']']);
    out.push_str(if glue { "" } else { " " });
    out.push_str(&text);
}

fn is_upper(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_of_operators(sign: char) -> bool {
    "+-*/<>=~!@#%^&|`?".contains(sign)
}

/// Whether a word is a name. Unquoted names are in lower case and begin with a letter.
fn is_a_name(word: &Word) -> bool {
    match word {
        Word::Quoted(_) => true,
        Word::Plain(text) => !is_upper(text) && !text.starts_with(|first: char| first.is_ascii_digit()),
        Word::Text | Word::Sign(_) => false,
    }
}

/// A name as SQL writes it, on one line. A text that is too long for a name is cut.
fn written(word: &Word) -> String {
    let name: String =
        word.name().unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = if name.len() > LONGEST_NAME {
        name.chars().take(LONGEST_NAME / 4).chain(['…']).collect()
    } else {
        name
    };
    match word {
        Word::Quoted(_) => format!("\"{}\"", name.replace('"', "\"\"")),
        _ => name,
    }
}

/// A statement without the comments, blank lines and psql commands before it.
#[must_use]
pub fn without_comments(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = rest[..end].trim_ascii();
        if !(line.is_empty() || line.starts_with(b"--") || line.starts_with(b"\\")) {
            break;
        }
        rest = &rest[end + 1..];
    }
    rest
}

#[cfg(test)]
mod tests;
