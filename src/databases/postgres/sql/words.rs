//! The words of a statement: names, keywords and signs, without strings, dollar-quoted texts and comments. This is
//! enough to find the names that a statement needs, but not an SQL parser. Pure.

use std::borrow::Cow;
use std::iter::Peekable;
use std::ops::Range;

use super::quoting::{SpanKind, is_in_a_name, spans};

/// A name or keyword, a sign, or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// Unquoted: a keyword, or a name as stored.
    Plain(String),
    /// Quoted: always a name, without its quotes.
    Quoted(String),
    /// A string or a dollar-quoted text. Its content does not matter here.
    Text,
    /// Any other character.
    Sign(char),
}

impl Word {
    /// Whether it is this upper-case keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Plain(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// The name, if it is one.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Plain(name) | Self::Quoted(name) => Some(name),
            Self::Text | Self::Sign(_) => None,
        }
    }
}

/// All words of a statement, in order.
#[derive(Debug)]
pub(super) struct Words<'a> {
    statement: &'a str,
    /// The code that is left before the next span.
    code: &'a str,
    /// Where that code ends in the statement.
    code_ends: usize,
    spans: Peekable<std::vec::IntoIter<(SpanKind, Range<usize>)>>,
}

impl<'a> Words<'a> {
    pub(super) fn of(statement: &'a str) -> Self {
        Self { statement, code: "", code_ends: 0, spans: spans(statement.as_bytes()).into_iter().peekable() }
    }

    /// The next word, and where it is in the statement. A text's place includes its quotes.
    pub(super) fn next_in_place(&mut self) -> Option<(Word, Range<usize>)> {
        loop {
            let Some(first) = self.code.chars().next() else {
                // Every span ends between two characters, because it ends at an ASCII one.
                let (kind, range) = self.spans.next()?;
                match kind {
                    SpanKind::Code => {
                        self.code_ends = range.end;
                        self.code = &self.statement[range];
                    }
                    SpanKind::Name => {
                        return Some((Word::Quoted(unquoted(&self.statement[range.clone()])), range));
                    }
                    SpanKind::String | SpanKind::Dollars => return Some((Word::Text, range)),
                    SpanKind::Comment => {}
                }
                continue;
            };
            let begin = self.code_ends - self.code.len();
            let is_in_one = |c: char| u8::try_from(c).map_or(true, is_in_a_name);
            if !is_in_one(first) {
                self.code = &self.code[first.len_utf8()..];
                if !is_blank(first) {
                    return Some((Word::Sign(first), begin..begin + first.len_utf8()));
                }
                continue;
            }
            let end = self.code.find(|c| !(is_in_one(c) || c == '$')).unwrap_or(self.code.len());
            let (word, later) = self.code.split_at(end);
            self.code = later;
            let is_prefix = later.is_empty()
                && word.eq_ignore_ascii_case("e")
                && matches!(self.spans.peek(), Some((SpanKind::String, _)));
            if !is_prefix {
                return Some((Word::Plain(word.to_owned()), begin..begin + end));
            }
        }
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        self.next_in_place().map(|(word, _)| word)
    }
}

/// PostgreSQL's white space.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C')
}

fn unquoted(name: &str) -> String {
    let inner = name.strip_prefix('"').unwrap_or(name);
    inner.strip_suffix('"').unwrap_or(inner).replace("\"\"", "\"")
}

/// The name at the beginning of some words, with its schema, which is empty if the name has none.
pub(super) fn qualified_name(words: &mut Peekable<Words<'_>>) -> Option<(String, String)> {
    let first = words.next()?.name()?.to_owned();
    if words.next_if_eq(&Word::Sign('.')).is_none() {
        return Some((String::new(), first));
    }
    Some((first, words.next()?.name()?.to_owned()))
}

/// The words at a statement's top level, in order: no texts, and nothing inside parentheses.
pub(super) fn top_level(statement: &str) -> Vec<Word> {
    let mut depth = 0_u32;
    let at_the_top = |word: &Word| match word {
        Word::Sign('(') => {
            depth += 1;
            false
        }
        Word::Sign(')') => {
            depth = depth.saturating_sub(1);
            false
        }
        Word::Text => false,
        _ => depth == 0,
    };
    Words::of(statement).filter(at_the_top).collect()
}

/// A text as UTF-8, or else as Latin-1, byte by byte: names exist in other encodings, too, and none of their bytes
/// may get lost.
#[must_use]
pub fn decoded(text: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(text.iter().copied().map(char::from).collect()),
    }
}

/// An identifier in quotes, whatever characters it contains.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
