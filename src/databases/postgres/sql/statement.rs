//! A statement's words with their places: enough to find the objects that it names, and to put them into another schema.

use std::borrow::Cow;
use std::ops::Range;

use super::excerpt::without_comments;
use super::words::{Word, Words, decoded};

/// Schema and name, without quotes.
pub type QualifiedName = (String, String);

/// A word and where it is.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) place: Range<usize>,
}

impl Token {
    /// Whether it is this keyword, in upper case as pg_dump writes keywords. Names in upper case are in quotes.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(&self.word, Word::Plain(word) if word == keyword)
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.word == Word::Sign(sign)
    }

    fn name(&self) -> Option<&str> {
        self.word.name().filter(|name| !is_a_number(&self.word, name))
    }
}

fn is_a_number(word: &Word, name: &str) -> bool {
    matches!(word, Word::Plain(_)) && name.starts_with(|first: char| first.is_ascii_digit())
}

/// A statement without the comments above it.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) tokens: Vec<Token>,
}

/// An object that a statement names with its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) name: QualifiedName,
    /// The schema in the statement, or the whole string that contains the name.
    place: Range<usize>,
    is_in_a_string: bool,
}

impl<'a> Statement<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self::of_text(decoded(without_comments(bytes)))
    }

    pub(super) fn of_text(text: Cow<'a, str>) -> Self {
        let mut words = Words::of(&text);
        let tokens = std::iter::from_fn(|| words.next_in_place());
        let tokens = tokens.map(|(word, place)| Token { word, place }).collect();
        Self { text, tokens }
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { tokens: &self.tokens, at: 0 }
    }

    /// The objects that it names, or that some of its tokens name: `schema.name`, and `'schema.name'::regclass`. Names
    /// without a schema are PostgreSQL's own, or parts of a table.
    pub(super) fn mentions(&self, tokens: Range<usize>) -> Vec<Mention> {
        let (mut found, mut at) = (Vec::new(), tokens.start);
        let sets = self.text.starts_with("SELECT pg_catalog.setval(");
        while at < tokens.end {
            if let Some(name) = self.qualified(at) {
                found.push(Mention { name, place: self.tokens[at].place.clone(), is_in_a_string: false });
                at += 3;
                continue;
            }
            let names_one = || self.is_cast_to_an_object(at) || sets && at == 5;
            if self.tokens[at].word == Word::Text && names_one() {
                let place = self.tokens[at].place.clone();
                let name = self.string(&place).and_then(|inner| Some(schema_in(&inner)?.0));
                found.extend(name.map(|name| Mention { name, place, is_in_a_string: true }));
            }
            at += 1;
        }
        found
    }

    /// Whether it ends within parentheses.
    pub(super) fn is_open(&self) -> bool {
        let count = |sign| self.tokens.iter().filter(|token| token.is_sign(sign)).count();
        count('(') > count(')')
    }

    /// All objects that it names.
    pub(super) fn all_mentions(&self) -> Vec<Mention> {
        self.mentions(0..self.tokens.len())
    }

    fn qualified(&self, at: usize) -> Option<QualifiedName> {
        let is_a_part = at > 0 && self.tokens[at - 1].is_sign('.');
        let [schema, dot, name, ..] = &self.tokens[at..] else { return None };
        (!is_a_part && dot.is_sign('.')).then_some(())?;
        Some((schema.name()?.to_owned(), name.name()?.to_owned()))
    }

    fn is_cast_to_an_object(&self, at: usize) -> bool {
        let [one, other, of_type, ..] = &self.tokens[at + 1..] else { return false };
        one.is_sign(':') && other.is_sign(':') && of_type.name().is_some_and(|name| name.starts_with("reg"))
    }

    /// The value of a plain string.
    fn string(&self, place: &Range<usize>) -> Option<String> {
        let has_escapes = self.text[..place.start].ends_with(['E', 'e']);
        let inner = self.text[place.clone()].strip_prefix('\'')?.strip_suffix('\'')?;
        (!has_escapes).then(|| inner.replace("''", "'"))
    }

    /// The statement with the schemas of some objects replaced.
    pub(super) fn moved(&self, into: &str, moves: impl Fn(&QualifiedName) -> bool) -> String {
        let (mut new, mut from) = (String::with_capacity(self.text.len()), 0);
        for mention in self.all_mentions().into_iter().filter(|mention| moves(&mention.name)) {
            new.push_str(&self.text[from..mention.place.start]);
            from = mention.place.end;
            let inner = self.string(&mention.place).filter(|_| mention.is_in_a_string);
            match inner.as_deref().and_then(|inner| Some((inner, schema_in(inner)?.1))) {
                Some((inner, schema)) => {
                    let moved = [&inner[..schema.start], into, &inner[schema.end..]].concat();
                    new.push_str(&format!("'{}'", moved.replace('\'', "''")));
                }
                None => new.push_str(into),
            }
        }
        new.push_str(&self.text[from..]);
        new
    }

    /// A text made from this statement's, in the statement's encoding.
    pub(super) fn encoded(&self, text: &str) -> Vec<u8> {
        match self.text {
            Cow::Borrowed(_) => text.as_bytes().to_vec(),
            // Each character is one byte. A new name in it is in ASCII.
            Cow::Owned(_) => text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect(),
        }
    }
}

/// The object that a text names, and where its schema is.
fn schema_in(text: &str) -> Option<(QualifiedName, Range<usize>)> {
    let (_, place) = Words::of(text).next_in_place()?;
    let name = super::words::qualified_name(&mut Words::of(text).peekable())?;
    (!name.0.is_empty()).then_some((name, place))
}

/// Reads a statement's words in order.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    tokens: &'a [Token],
    pub(super) at: usize,
}

impl Cursor<'_> {
    /// Reads these keywords, all or none.
    pub(super) fn keywords(&mut self, keywords: &str) -> bool {
        let words: Vec<&str> = keywords.split(' ').collect();
        let Some(next) = self.tokens.get(self.at..self.at + words.len()) else { return false };
        let are_next = next.iter().zip(&words).all(|(token, word)| token.is(word));
        self.at += if are_next { words.len() } else { 0 };
        are_next
    }

    /// Reads one of these keywords.
    pub(super) fn one_of(&mut self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.keywords(keyword))
    }

    pub(super) fn sign(&mut self, sign: char) -> bool {
        let is_next = self.tokens.get(self.at).is_some_and(|token| token.is_sign(sign));
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads a name without a schema.
    pub(super) fn name(&mut self) -> Option<String> {
        let name = self.tokens.get(self.at)?.name()?.to_owned();
        self.at += 1;
        Some(name)
    }

    /// Reads a dot and a name.
    pub(super) fn part(&mut self) -> Option<String> {
        if self.sign('.') { self.name() } else { None }
    }

    /// Reads a name with its schema, and passes over the name of a column.
    pub(super) fn qualified(&mut self) -> Option<QualifiedName> {
        let schema = self.name()?;
        if !self.sign('.') {
            return Some((String::new(), schema));
        }
        let name = self.name()?;
        if self.sign('.') {
            self.name()?;
        }
        Some((schema, name))
    }

    /// Passes over everything up to and including these keywords, outside of parentheses.
    pub(super) fn after(&mut self, keywords: &str) -> bool {
        let mut depth = 0_u32;
        while let Some(token) = self.tokens.get(self.at) {
            match token.word {
                Word::Sign('(') => depth += 1,
                Word::Sign(')') => depth = depth.saturating_sub(1),
                _ if depth == 0 && self.keywords(keywords) => return true,
                _ => {}
            }
            self.at += 1;
        }
        false
    }
}
