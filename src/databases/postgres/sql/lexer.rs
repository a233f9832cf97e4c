//! Separates statements from rows, byte by byte, so that the edges of chunks do not matter.
//!
//! Rows begin only after a complete `COPY … FROM stdin;` at statement level. The same text in a string, a function
//! body, a comment or a row does not count. The lexer follows PostgreSQL's lexical rules ("Lexical Structure") for
//! what pg_dump writes, with standard_conforming_strings on.

use super::canonical::{canonical, comparable};
use super::columns::{Columns, hash_of};
use super::contents::{DumpContents, Sums, Text};
use super::inventory::{Inventory, StatementContext};
use super::lexical::{ends_a_body, is_an_open_body, is_in_a_name};
use super::needs::Needs;
use super::{Boundary, copy};

/// Bytes of a psql command that are kept to name it.
const COMMAND: usize = 32;

/// Reads a dump as it passes.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    place: Place,
    /// The current statement or row.
    text: Text,
    /// The table of the current rows.
    table: (String, String),
    sums: Sums,
    context: StatementContext,
    pub(super) needs: Needs,
    /// Kept only to name differences.
    pub(super) inventory: Option<Inventory>,
    pub(super) columns: Columns,
    /// The wanted order of columns, from another dump.
    wanted: Columns,
    /// How to put the fields of the current table into that order.
    order: Option<Vec<usize>>,
    /// Whether a routine's body is open. It saves parsing the statement's beginning at each semicolon.
    in_body: bool,
    /// What ended with the last byte.
    boundary: Option<Boundary>,
}

impl Lexer {
    /// A lexer that also keeps a description of each statement, and reads rows in this order of columns.
    pub(super) fn detailed(wanted: Columns) -> Self {
        Self { inventory: Some(Inventory::default()), wanted, ..Self::default() }
    }

    /// Reads bytes up to the end of the first statement or block of rows. Returns the rest.
    pub(super) fn advance<'b>(&mut self, bytes: &'b [u8]) -> (&'b [u8], Option<Boundary>) {
        let mut left = bytes;
        while let Some((&first, rest)) = left.split_first() {
            left = match self.place {
                Place::Rows => self.rows(left),
                Place::Quoted { quote, escapes: false, .. } => self.quoted(left, quote),
                _ => {
                    self.step(first);
                    rest
                }
            };
            if let Some(boundary) = self.boundary.take() {
                return (left, Some(boundary));
            }
        }
        (left, None)
    }

    pub(super) fn truth(&self) -> DumpContents {
        self.sums.truth()
    }

    /// Whether a stream that ends here would end in the middle of something.
    pub(super) fn is_inside(&self) -> bool {
        !matches!(self.place, Place::Between | Place::Command(_) | Place::Comment { inside: false })
    }

    /// Reads rows up to the end of the bytes or of the table. Returns the rest.
    fn rows<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let mut rest = bytes;
        let sum = self.sums.tables.entry(self.table.clone()).or_default();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, later) = (&rest[..end], &rest[end + 1..]);
            rest = later;
            let hash = if self.text.is_empty() {
                if line == b"\\." {
                    self.end_of_rows();
                    return rest;
                }
                hash_of(line, self.order.as_deref())
            } else {
                self.text.push(line);
                if self.text.whole() == Some(b"\\.") {
                    self.text.clear();
                    self.end_of_rows();
                    return rest;
                }
                match (self.text.whole(), &self.order) {
                    (Some(row), Some(order)) => {
                        let hash = hash_of(row, Some(order));
                        self.text.clear();
                        hash
                    }
                    _ => self.text.take_hash(),
                }
            };
            sum.add(hash);
        }
        self.text.push(rest);
        &[]
    }

    fn end_of_rows(&mut self) {
        self.text.keep_long(false);
        self.place = Place::Between;
        self.boundary = Some(Boundary::Rows);
    }

    /// Reads a string or quoted name up to its quote. Returns the rest.
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
            Place::Command(name) => self.command(name, byte),
            Place::Head if byte == b'\n' => Place::Rows,
            unchanged => unchanged,
        };
    }

    fn between(&mut self, byte: u8) -> Place {
        match byte {
            b' ' | b'\n' | b'\t' | b'\r' => Place::Between,
            b'\\' => Place::Command(Vec::new()),
            _ => self.statement(b' ', byte),
        }
    }

    fn command(&mut self, mut name: Vec<u8>, byte: u8) -> Place {
        if byte == b'\n' {
            let word = name.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
            if ![&b"restrict"[..], b"unrestrict"].contains(&word) {
                self.needs.foreign_commands.insert(format!("\\{}", String::from_utf8_lossy(word)));
            }
            return Place::Between;
        }
        if name.len() < COMMAND {
            name.push(byte);
        }
        Place::Command(name)
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
            b'\\' => {
                // psql would read a command of its own here.
                self.needs.foreign_commands.insert("\\ in a statement".to_owned());
                Place::Statement { previous: byte }
            }
            b'\'' => {
                Place::Quoted { quote: byte, escapes: previous.eq_ignore_ascii_case(&b'e'), escaped: false }
            }
            b'"' => Place::Quoted { quote: byte, escapes: false, escaped: false },
            b'$' if !is_in_a_name(previous) => Place::Tag(vec![byte]),
            // Only a single letter before a quote can be a string prefix, not the end of a name.
            b'e' | b'E' if is_in_a_name(previous) => Place::Statement { previous: b'x' },
            _ => Place::Statement { previous: byte },
        }
    }

    /// The comment's first byte was added to the statement, and is removed again.
    fn comment(&mut self, place: impl Fn(bool) -> Place) -> Place {
        self.text.pop();
        place(!self.text.is_empty())
    }

    fn end_of_statement(&mut self) -> Place {
        let Some(statement) = self.text.whole() else { return self.end_of_long_statement() };
        self.in_body = if self.in_body { !ends_a_body(statement) } else { is_an_open_body(statement) };
        if self.in_body {
            return Place::Statement { previous: b' ' };
        }
        let is_place = statement.starts_with(b"SET default_tablespace = ");
        let is_transaction = statement == b"BEGIN;" || statement == b"COMMIT;";
        self.boundary = Some(match (is_place, is_transaction) {
            (true, _) => Boundary::Place,
            (_, true) => Boundary::Transaction,
            _ => Boundary::Statement,
        });
        if !is_place {
            let canonical = canonical(statement);
            let hashes =
                [&canonical, &comparable(&canonical)].map(|text| twox_hash::XxHash3_128::oneshot(text));
            let [hash, compared] = self.context.mixed(statement, hashes);
            let is_named = self.sums.learn(statement, hash, compared);
            self.needs.learn(statement);
            if let Some(inventory) = self.inventory.as_mut().filter(|_| !is_named) {
                inventory.add(compared, || self.context.shown(statement));
            }
        }
        let head = copy::head(statement);
        self.text.clear();
        head.map_or(Place::Between, |head| self.begin_rows(head))
    }

    /// A statement that is too long for a table's head, or for one that names anything a restore needs.
    fn end_of_long_statement(&mut self) -> Place {
        self.in_body = false;
        let beginning = self.text.beginning().to_vec();
        let [hash] = self.context.mixed(&beginning, [self.text.take_hash()]);
        let is_named = self.sums.learn(&beginning, hash, hash);
        if let Some(inventory) = self.inventory.as_mut().filter(|_| !is_named) {
            let text = || format!("a statement of more than 512 KiB: {}", self.context.shown(&beginning));
            inventory.add(hash, text);
        }
        self.boundary = Some(Boundary::Statement);
        Place::Between
    }

    fn begin_rows(&mut self, head: copy::Head) -> Place {
        self.order = self.wanted.permutation(&head);
        self.text.keep_long(self.order.is_some());
        self.columns.note(&head);
        self.table = (head.schema, head.name);
        // A table without rows counts as a table, too.
        self.sums.tables.entry(self.table.clone()).or_default();
        let (schema, name) = self.table.clone();
        self.boundary = Some(Boundary::Copy { schema, name });
        Place::Head
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

    /// A tag contains `$` only at its two ends. So a mismatch can begin the next match, but cannot be in its middle.
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

// The place of a dump's next byte, as far as the lexer needs to know.

/// Where the next byte is.
#[derive(Debug, Default)]
pub(super) enum Place {
    /// Between two statements.
    #[default]
    Between,
    /// In a statement, with the previous byte if it could begin a comment, a tag or an escaped string.
    Statement { previous: u8 },
    /// In a string or a quoted name.
    Quoted { quote: u8, escapes: bool, escaped: bool },
    /// After a quote, which ends the text unless it is doubled.
    Closing { quote: u8, escapes: bool },
    /// In what may be a tag: `$body`.
    Tag(Vec<u8>),
    /// Between two tags, with the number of matched bytes of the closing one.
    Dollar { tag: Vec<u8>, matched: usize },
    /// In a comment up to the end of the line, and whether a statement continues after it.
    Comment { inside: bool },
    /// In a block comment.
    Block { depth: usize, previous: u8, inside: bool },
    /// In a psql command such as `\restrict`, with its first letters.
    Command(Vec<u8>),
    /// After the head of a block of rows, before the end of its line.
    Head,
    /// In the rows.
    Rows,
}

pub(super) fn after_comment(inside: bool) -> Place {
    if inside { Place::Statement { previous: b' ' } } else { Place::Between }
}

/// Block comments nest.
pub(super) fn block(depth: usize, previous: u8, inside: bool, byte: u8) -> Place {
    match (previous, byte, depth) {
        (b'*', b'/', 1) => after_comment(inside),
        (b'*', b'/', _) => Place::Block { depth: depth - 1, previous: 0, inside },
        (b'/', b'*', _) => Place::Block { depth: depth + 1, previous: 0, inside },
        _ => Place::Block { depth, previous: byte, inside },
    }
}
