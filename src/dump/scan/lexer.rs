//! Tells statements from rows, one byte after the other, so that no chunk's edge makes a difference.
//!
//! Rows begin only after a whole `COPY … FROM stdin;` at the level of statements: the same words in a string, in a
//! function's body, in a comment or in a row do not count. Follows the lexical rules of PostgreSQL ("Lexical
//! Structure") for what pg_dump writes, with standard_conforming_strings on.

use super::copy;
use super::truth::{Sums, Text, Truth};

/// Where in the text the next byte stands.
#[derive(Debug, Default)]
enum Place {
    /// Between two statements.
    #[default]
    Between,
    /// In a statement; the previous byte, where it could begin a comment, a tag or an escaped string.
    Statement { previous: u8 },
    /// In a string or a quoted name.
    Quoted { quote: u8, escapes: bool, escaped: bool },
    /// After a quote that ends the text, unless it is doubled.
    Closing { quote: u8, escapes: bool },
    /// In what may be a tag: `$body`.
    Tag(Vec<u8>),
    /// Between two tags; so many bytes of the closing one have been seen.
    Dollar { tag: Vec<u8>, matched: usize },
    /// In a comment up to the end of the line, and whether a statement goes on after it.
    Comment { inside: bool },
    /// In a block comment.
    Block { depth: usize, previous: u8, inside: bool },
    /// In one of psql's own commands, such as `\restrict`.
    Command,
    /// After the head of a block of rows, before its line ends.
    Head,
    /// In the rows.
    Rows,
}

/// Reads a dump as it goes by.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    place: Place,
    /// The statement or the row that is being read.
    text: Text,
    /// The table whose rows are being read.
    table: (String, String),
    sums: Sums,
}

impl Lexer {
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((&first, rest)) = bytes.split_first() {
            bytes = match self.place {
                Place::Rows => self.rows(bytes),
                Place::Quoted { quote, escapes: false, .. } => self.quoted(bytes, quote),
                _ => {
                    self.step(first);
                    rest
                }
            };
        }
    }

    pub(super) fn truth(&self) -> Truth {
        self.sums.truth()
    }

    /// Whether the stream, should it end here, ends in the middle of something.
    pub(super) fn is_inside(&self) -> bool {
        !matches!(self.place, Place::Between | Place::Command | Place::Comment { inside: false })
    }

    /// Rows up to the end of these bytes or of the table; gives what is left.
    fn rows<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let mut rest = bytes;
        let sum = self.sums.tables.entry(self.table.clone()).or_default();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, later) = (&rest[..end], &rest[end + 1..]);
            rest = later;
            let hash = if self.text.is_empty() {
                if line == b"\\." {
                    self.place = Place::Between;
                    return rest;
                }
                twox_hash::XxHash3_128::oneshot(line)
            } else {
                self.text.push(line);
                if self.text.whole() == Some(b"\\.") {
                    self.text = Text::default();
                    self.place = Place::Between;
                    return rest;
                }
                self.text.take_hash()
            };
            sum.add(hash);
        }
        self.text.push(rest);
        &[]
    }

    /// A string or name up to its quote; gives what is left.
    fn quoted<'b>(&mut self, bytes: &'b [u8], quote: u8) -> &'b [u8] {
        let Some(end) = memchr::memchr(quote, bytes) else {
            self.text.push(bytes);
            return &[];
        };
        self.text.push(&bytes[..=end]);
        self.place = Place::Closing { quote, escapes: false };
        &bytes[end + 1..]
    }

    fn step(&mut self, byte: u8) {
        self.place = match std::mem::take(&mut self.place) {
            Place::Between => self.between(byte),
            Place::Statement { previous } => self.statement(previous, byte),
            Place::Quoted { quote, escapes, escaped } => self.escaped_string(quote, escapes, escaped, byte),
            Place::Closing { quote, escapes } if byte == quote => {
                self.text.push(&[byte]);
                Place::Quoted { quote, escapes, escaped: false }
            }
            Place::Closing { .. } => self.statement(b'\'', byte),
            Place::Tag(tag) => self.tag(tag, byte),
            Place::Dollar { tag, matched } => self.dollar(tag, matched, byte),
            Place::Comment { inside } if byte == b'\n' => after_comment(inside),
            Place::Block { depth, previous, inside } => block(depth, previous, inside, byte),
            Place::Command if byte == b'\n' => Place::Between,
            Place::Head if byte == b'\n' => Place::Rows,
            unchanged => unchanged,
        };
    }

    fn between(&mut self, byte: u8) -> Place {
        match byte {
            b' ' | b'\n' | b'\t' | b'\r' => Place::Between,
            b'\\' => Place::Command,
            _ => self.statement(b' ', byte),
        }
    }

    fn statement(&mut self, previous: u8, byte: u8) -> Place {
        match (previous, byte) {
            (b'-', b'-') => return self.comment(|inside| Place::Comment { inside }),
            (b'/', b'*') => return self.comment(|inside| Place::Block { depth: 1, previous: 0, inside }),
            _ => {}
        }
        self.text.push(&[byte]);
        match byte {
            b';' => self.end_of_statement(),
            b'\'' => {
                Place::Quoted { quote: byte, escapes: previous.eq_ignore_ascii_case(&b'e'), escaped: false }
            }
            b'"' => Place::Quoted { quote: byte, escapes: false, escaped: false },
            b'$' if !is_in_a_name(previous) => Place::Tag(vec![byte]),
            // Of `name` only the first letter may stand before a quote as a prefix.
            b'e' | b'E' if is_in_a_name(previous) => Place::Statement { previous: b'x' },
            _ => Place::Statement { previous: byte },
        }
    }

    /// The first byte of the comment's mark was taken for a part of the statement; it is given back.
    fn comment(&mut self, place: impl Fn(bool) -> Place) -> Place {
        self.text.pop();
        place(!self.text.is_empty())
    }

    fn end_of_statement(&mut self) -> Place {
        let table = self.text.whole().and_then(copy::table);
        let hash = self.text.take_hash();
        self.sums.statements.add(hash);
        match table {
            Some(table) => {
                // A table without rows is known as one, too.
                self.sums.tables.entry(table.clone()).or_default();
                self.table = table;
                Place::Head
            }
            None => Place::Between,
        }
    }

    fn escaped_string(&mut self, quote: u8, escapes: bool, escaped: bool, byte: u8) -> Place {
        self.text.push(&[byte]);
        if escaped {
            Place::Quoted { quote, escapes, escaped: false }
        } else if byte == quote {
            Place::Closing { quote, escapes }
        } else {
            Place::Quoted { quote, escapes, escaped: escapes && byte == b'\\' }
        }
    }

    fn tag(&mut self, mut tag: Vec<u8>, byte: u8) -> Place {
        if byte != b'$' && !is_in_a_name(byte) || byte.is_ascii_digit() && tag.len() == 1 {
            return self.statement(b'$', byte);
        }
        self.text.push(&[byte]);
        tag.push(byte);
        if byte == b'$' { Place::Dollar { tag, matched: 0 } } else { Place::Tag(tag) }
    }

    /// A tag holds `$` at its two ends only, so a mismatch can be the beginning of the next match, but not its middle.
    fn dollar(&mut self, tag: Vec<u8>, matched: usize, byte: u8) -> Place {
        self.text.push(&[byte]);
        let matched = match tag.get(matched) {
            Some(&expected) if expected == byte => matched + 1,
            _ => usize::from(byte == b'$'),
        };
        if matched == tag.len() {
            Place::Statement { previous: b' ' }
        } else {
            Place::Dollar { tag, matched }
        }
    }
}

fn after_comment(inside: bool) -> Place {
    if inside { Place::Statement { previous: b' ' } } else { Place::Between }
}

/// Block comments nest.
fn block(depth: usize, previous: u8, inside: bool, byte: u8) -> Place {
    match (previous, byte, depth) {
        (b'*', b'/', 1) => after_comment(inside),
        (b'*', b'/', _) => Place::Block { depth: depth - 1, previous: 0, inside },
        (b'/', b'*', _) => Place::Block { depth: depth + 1, previous: 0, inside },
        _ => Place::Block { depth, previous: byte, inside },
    }
}

/// Letters, digits, `_`, and every byte of a character beyond ASCII.
fn is_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
