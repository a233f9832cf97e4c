//! The words of a statement: names, keywords and signs, without strings, dollar-quoted texts and comments. This is
//! enough to find the names that a statement needs, but not an SQL parser.

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

/// The words at a statement's top level, in order: no texts, and nothing inside parentheses.
pub(super) fn of(statement: &str) -> Vec<Word> {
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

/// All words of a statement, in order, read lazily.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn of(statement: &'a str) -> Self {
        Self { rest: statement }
    }
}

impl Iterator for Words<'_> {
    type Item = Word;

    fn next(&mut self) -> Option<Word> {
        loop {
            let rest = self.rest;
            let first = rest.chars().next()?;
            let (word, later) = match first {
                '\'' => (Some(Word::Text), after_quoted(rest, '\'', false).1),
                '"' => {
                    let (name, later) = after_quoted(rest, '"', false);
                    (Some(Word::Quoted(name)), later)
                }
                '$' => after_dollars(rest).map_or((None, &rest[1..]), |later| (Some(Word::Text), later)),
                '-' if rest.starts_with("--") => (None, rest.find('\n').map_or("", |end| &rest[end..])),
                '/' if rest.starts_with("/*") => (None, after_comment(rest)),
                'E' | 'e' if rest[1..].starts_with('\'') => {
                    (Some(Word::Text), after_quoted(&rest[1..], '\'', true).1)
                }
                _ if first.is_whitespace() => (None, &rest[first.len_utf8()..]),
                _ if is_in_a_word(first) => {
                    let end = rest.find(|c| !(is_in_a_word(c) || c == '$')).unwrap_or(rest.len());
                    (Some(Word::Plain(rest[..end].to_owned())), &rest[end..])
                }
                _ => (Some(Word::Sign(first)), &rest[first.len_utf8()..]),
            };
            self.rest = later;
            if word.is_some() {
                return word;
            }
        }
    }
}

/// The quoted text at the beginning of `text`, with doubled quotes made single, and the rest. With `escapes`, a
/// backslash quotes the next character.
fn after_quoted(text: &str, quote: char, escapes: bool) -> (String, &str) {
    let (mut inner, mut rest) = (String::new(), &text[1..]);
    loop {
        let end = rest.find(|c| c == quote || (escapes && c == '\\'));
        let Some(end) = end else { return (inner + rest, "") };
        inner.push_str(&rest[..end]);
        let is_quote = rest[end..].starts_with(quote);
        rest = &rest[end + 1..];
        match rest.chars().next() {
            Some(next) if !is_quote || next == quote => {
                inner.push(next);
                rest = &rest[next.len_utf8()..];
            }
            _ if is_quote => return (inner, rest),
            _ => return (inner, ""),
        }
    }
}

/// The rest after a dollar-quoted text at the beginning of `text`.
fn after_dollars(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[..end];
    let name = &tag[1..end - 1];
    if !name.chars().all(is_in_a_word) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(text[end..].find(tag).map_or("", |at| &text[end + at + tag.len()..]))
}

/// The rest after a comment, which can contain other comments.
fn after_comment(text: &str) -> &str {
    let (mut rest, mut depth) = (text, 0_u32);
    while let Some(at) = rest.find(['/', '*']) {
        rest = &rest[at..];
        if rest.starts_with("/*") {
            (depth, rest) = (depth + 1, &rest[2..]);
        } else if rest.starts_with("*/") {
            (depth, rest) = (depth - 1, &rest[2..]);
            if depth == 0 {
                return rest;
            }
        } else {
            rest = &rest[1..];
        }
    }
    ""
}

fn is_in_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests;
