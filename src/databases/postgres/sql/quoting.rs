//! PostgreSQL's lexical rules for quotes and comments (documentation, "Lexical Structure"), with
//! standard_conforming_strings on. Pure.
//!
//! This is the only place that knows them. The lexer feeds a stream byte by byte to [`Quoting`], and everything that
//! reads a whole statement takes its [`spans`] or its words.

use std::ops::Range;

/// How the next byte is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Outside quotes and comments.
    Code(Before),
    /// In a string or a quoted name.
    Quoted { quote: u8, escapes: bool, escaped: bool },
    /// After a quote, which ends the text unless it is doubled.
    Closing { quote: u8, escapes: bool },
    /// In what may be a tag: `$body`.
    Tag(Vec<u8>),
    /// Between two tags, with the number of matched bytes of the closing one.
    Dollars { tag: Vec<u8>, matched: usize },
    /// In a comment up to the end of the line.
    Line,
    /// In a block comment.
    Block { depth: usize, previous: u8 },
}

/// The code before a byte, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing that matters.
    Other,
    /// `-` or `/`, which can begin a comment.
    Dash,
    Slash,
    /// A word that is only `E` or `e`, which makes the next string one with escapes.
    E,
    /// Any other word.
    Word,
}

/// What a byte turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Code, or part of what may be a tag.
    Code,
    /// Part of a string, a quoted name or a dollar-quoted text, including quotes and tags.
    Quoted,
    /// The second byte of the sign that begins a comment.
    CommentBegins,
    /// Part of a comment.
    Comment,
}

impl Default for Quoting {
    fn default() -> Self {
        Self::Code(Before::Other)
    }
}

/// Letters, digits, `_`, and every byte of a character beyond ASCII. After its first byte, a name can contain `$`, too.
#[must_use]
pub fn is_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Quoting {
    /// Number of bytes that surely belong to the current text.
    pub(super) fn run(&self, bytes: &[u8]) -> usize {
        match self {
            Self::Quoted { quote, escapes: false, .. } => {
                memchr::memchr(*quote, bytes).unwrap_or(bytes.len())
            }
            _ => 0,
        }
    }

    /// Reads the next byte.
    pub(super) fn read(&mut self, byte: u8) -> Read {
        match self {
            Self::Code(before) => {
                let before = *before;
                self.code(before, byte)
            }
            Self::Quoted { escaped: escaped @ true, .. } => {
                *escaped = false;
                Read::Quoted
            }
            Self::Quoted { quote, escapes, .. } if byte == *quote => {
                *self = Self::Closing { quote: *quote, escapes: *escapes };
                Read::Quoted
            }
            Self::Quoted { escapes, escaped, .. } => {
                *escaped = *escapes && byte == b'\\';
                Read::Quoted
            }
            Self::Closing { quote, escapes } if byte == *quote => {
                *self = Self::Quoted { quote: *quote, escapes: *escapes, escaped: false };
                Read::Quoted
            }
            Self::Closing { .. } => self.code(Before::Other, byte),
            Self::Tag(tag) => {
                let tag = std::mem::take(tag);
                self.tag(tag, byte)
            }
            Self::Dollars { tag, matched } => {
                // A tag contains `$` only at its two ends. So a mismatch can begin the next match, but cannot be in
                // its middle.
                *matched = match tag.get(*matched) {
                    Some(&expected) if expected == byte => *matched + 1,
                    _ => usize::from(byte == b'$'),
                };
                if *matched == tag.len() {
                    *self = Self::default();
                }
                Read::Quoted
            }
            Self::Line => {
                if byte == b'\n' {
                    *self = Self::default();
                }
                Read::Comment
            }
            Self::Block { depth, previous } => {
                // Block comments nest.
                match (*previous, byte) {
                    (b'*', b'/') if *depth == 1 => *self = Self::default(),
                    (b'*', b'/') => (*depth, *previous) = (*depth - 1, 0),
                    (b'/', b'*') => (*depth, *previous) = (*depth + 1, 0),
                    _ => *previous = byte,
                }
                Read::Comment
            }
        }
    }

    fn tag(&mut self, mut tag: Vec<u8>, byte: u8) -> Read {
        let is_in_one = is_in_a_name(byte) && !(tag.len() == 1 && byte.is_ascii_digit());
        if byte == b'$' || is_in_one {
            tag.push(byte);
            *self = if is_in_one { Self::Tag(tag) } else { Self::Dollars { tag, matched: 0 } };
            return if is_in_one { Read::Code } else { Read::Quoted };
        }
        // The dollar was a sign, such as that of `$1`, and PostgreSQL reads on after it.
        let before = match tag.as_slice() {
            [_] => Before::Other,
            [_, b'e' | b'E'] => Before::E,
            _ => Before::Word,
        };
        self.code(before, byte)
    }

    fn code(&mut self, before: Before, byte: u8) -> Read {
        let in_a_word = matches!(before, Before::E | Before::Word);
        let (after, read) = match byte {
            b'-' if before == Before::Dash => (Self::Line, Read::CommentBegins),
            b'*' if before == Before::Slash => (Self::Block { depth: 1, previous: 0 }, Read::CommentBegins),
            b'\'' => {
                let escapes = before == Before::E;
                (Self::Quoted { quote: byte, escapes, escaped: false }, Read::Quoted)
            }
            b'"' => (Self::Quoted { quote: byte, escapes: false, escaped: false }, Read::Quoted),
            b'$' if !in_a_word => (Self::Tag(vec![byte]), Read::Code),
            b'-' => (Self::Code(Before::Dash), Read::Code),
            b'/' => (Self::Code(Before::Slash), Read::Code),
            b'e' | b'E' if !in_a_word => (Self::Code(Before::E), Read::Code),
            _ if is_in_a_name(byte) || byte == b'$' => (Self::Code(Before::Word), Read::Code),
            _ => (Self::Code(Before::Other), Read::Code),
        };
        *self = after;
        read
    }
}

/// What a part of a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Outside quotes and comments. The `E` before a string belongs to it.
    Code,
    /// A string with its quotes.
    String,
    /// A quoted name with its quotes.
    Name,
    /// A dollar-quoted text with its tags.
    Dollars,
    /// A comment.
    Comment,
}

/// The parts of a statement in order, without gaps. An unterminated text ends with the statement.
#[must_use]
pub fn spans(statement: &[u8]) -> Vec<(SpanKind, Range<usize>)> {
    let mut found: Vec<(SpanKind, Range<usize>)> = Vec::new();
    let (mut kind, mut begin) = (SpanKind::Code, 0);
    let mut turn = |kind: &mut SpanKind, at: usize, next: SpanKind| {
        found.extend((begin < at).then_some((*kind, begin..at)));
        (*kind, begin) = (next, at);
    };
    let mut quoting = Quoting::default();
    for (at, &byte) in statement.iter().enumerate() {
        // Only the byte after a quote shows that the text has ended.
        if matches!(quoting, Quoting::Closing { quote, .. } if quote != byte) {
            turn(&mut kind, at, SpanKind::Code);
        }
        let read = quoting.read(byte);
        match (kind, read, &quoting) {
            (SpanKind::Code, Read::Quoted, Quoting::Quoted { quote: b'"', .. }) => {
                turn(&mut kind, at, SpanKind::Name)
            }
            (SpanKind::Code, Read::Quoted, Quoting::Quoted { .. }) => turn(&mut kind, at, SpanKind::String),
            (SpanKind::Code, Read::Quoted, Quoting::Dollars { tag, .. }) => {
                turn(&mut kind, at + 1 - tag.len(), SpanKind::Dollars);
            }
            (SpanKind::Code, Read::CommentBegins, _) => turn(&mut kind, at - 1, SpanKind::Comment),
            (SpanKind::Dollars | SpanKind::Comment, _, Quoting::Code(_)) => {
                turn(&mut kind, at + 1, SpanKind::Code)
            }
            _ => {}
        }
    }
    turn(&mut kind, statement.len(), SpanKind::Code);
    found
}

#[cfg(test)]
mod tests;
