//! Separates statements from rows, byte by byte, so that the edges of chunks do not matter.
//!
//! Rows begin only after a complete `COPY … FROM stdin;` at statement level. The same text in a string, a function
//! body, a comment or a row does not count.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::Boundary;
use super::canonical::canonical;
use super::columns::{Columns, CopyHead, hash_of};
use super::comparable::comparable;
use super::contents::{DumpContents, Sums, Text};
use super::inventory::{Inventory, StatementContext};
use super::needs::Needs;
use super::objects::Objects;
use super::quoting::{Quoting, Read};
use super::words::top_level;

/// Bytes of a psql command that are kept to name it.
const COMMAND: usize = 32;

/// Where the next byte is.
#[derive(Debug, Default)]
enum Place {
    /// Between two statements.
    #[default]
    Between,
    /// In a statement, or in a comment that may be followed by one.
    Statement,
    /// In a psql command such as `\restrict`, with its first letters.
    Command(Vec<u8>),
    /// After the head of a block of rows, before the end of its line.
    Head,
    /// In the rows.
    Rows,
}

/// Reads a dump as it passes.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    place: Place,
    /// How the next byte of the current statement is read.
    quoting: Quoting,
    /// The current statement or row.
    text: Text,
    /// The table of the current rows.
    table: (String, String),
    sums: Sums,
    /// The hash of each table's COPY statement.
    copies: BTreeMap<(String, String), u128>,
    context: StatementContext,
    pub(super) needs: Needs,
    pub(super) objects: Objects,
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
            left = match &mut self.place {
                Place::Rows => self.rows(left),
                Place::Statement => self.statement(left),
                Place::Between => match first {
                    b' ' | b'\n' | b'\t' | b'\r' => rest,
                    b'\\' => {
                        self.place = Place::Command(Vec::new());
                        rest
                    }
                    _ => {
                        (self.place, self.quoting) = (Place::Statement, Quoting::default());
                        self.statement(left)
                    }
                },
                Place::Command(_) if first == b'\n' => {
                    self.end_of_command();
                    rest
                }
                Place::Command(name) => {
                    name.extend((name.len() < COMMAND).then_some(first));
                    rest
                }
                Place::Head => {
                    if first == b'\n' {
                        self.place = Place::Rows;
                    }
                    rest
                }
            };
            if let Some(boundary) = self.boundary.take() {
                return (left, Some(boundary));
            }
        }
        (left, None)
    }

    pub(super) fn contents(&self) -> DumpContents {
        self.sums.contents()
    }

    pub(super) fn rows_of(&self, table: &(String, String)) -> u64 {
        self.sums.tables.get(table).map_or(0, |sum| sum.count)
    }

    /// Whether a stream that ends here would end in the middle of something.
    pub(super) fn is_inside(&self) -> bool {
        match self.place {
            Place::Between | Place::Command(_) => false,
            // A line of comment between two statements is not the middle of one.
            Place::Statement => !(self.quoting == Quoting::Line && self.text.is_empty()),
            Place::Head | Place::Rows => true,
        }
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

    /// Reads one byte of a statement, or several if they are surely in one string or quoted name. Returns the rest.
    fn statement<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let run = self.quoting.run(bytes);
        if run > 0 {
            self.text.push(&bytes[..run]);
            return &bytes[run..];
        }
        let Some((&byte, rest)) = bytes.split_first() else { return bytes };
        match self.quoting.read(byte) {
            // Its first byte was added to the statement.
            Read::CommentBegins => self.text.pop(),
            Read::Comment => {
                if self.text.is_empty() && self.quoting == Quoting::default() {
                    self.place = Place::Between;
                }
            }
            Read::Quoted => self.text.push(&[byte]),
            Read::Code => {
                self.text.push(&[byte]);
                if byte == b';' {
                    self.place = self.end_of_statement();
                } else if byte == b'\\' {
                    // psql would read a command of its own here.
                    self.needs.foreign_commands.insert("\\ in a statement".to_owned());
                }
            }
        }
        rest
    }

    fn end_of_command(&mut self) {
        let Place::Command(name) = std::mem::take(&mut self.place) else { return };
        let word = name.split(|byte| byte.is_ascii_whitespace()).next().unwrap_or_default();
        if ![&b"restrict"[..], b"unrestrict"].contains(&word) {
            self.needs.foreign_commands.insert(format!("\\{}", String::from_utf8_lossy(word)));
        }
    }

    fn end_of_statement(&mut self) -> Place {
        let Some(statement) = self.text.whole() else { return self.end_of_long_statement() };
        self.in_body = if self.in_body { !ends_a_body(statement) } else { is_an_open_body(statement) };
        if self.in_body {
            return Place::Statement;
        }
        let is_tablespace = statement.starts_with(b"SET default_tablespace = ");
        let is_transaction = statement == b"BEGIN;" || statement == b"COMMIT;";
        self.boundary = Some(match (is_tablespace, is_transaction) {
            (true, _) => Boundary::Tablespace,
            (_, true) => Boundary::Transaction,
            _ => Boundary::Statement,
        });
        let head = CopyHead::of(statement);
        let canonical = canonical(statement);
        let [hash, compared] =
            [&canonical, &comparable(&canonical)].map(|text| twox_hash::XxHash3_128::oneshot(text));
        if !is_tablespace && !is_repeated(&mut self.copies, head.as_ref(), hash) {
            let [hash, compared] = self.context.mixed(statement, [hash, compared]);
            let is_named = self.sums.learn(statement, hash, compared);
            self.needs.learn(statement);
            if !is_named {
                self.objects.learn(statement, hash);
            }
            if let Some(inventory) = self.inventory.as_mut().filter(|_| !is_named) {
                inventory.add(compared, || self.context.shown(statement));
            }
        }
        self.text.clear();
        head.map_or(Place::Between, |head| self.begin_rows(head))
    }

    /// A statement that is too long for a table's head, or for one that names anything a restore needs.
    fn end_of_long_statement(&mut self) -> Place {
        self.in_body = false;
        let beginning = self.text.beginning().to_vec();
        let [hash] = self.context.mixed(&beginning, [self.text.take_hash()]);
        let is_named = self.sums.learn(&beginning, hash, hash);
        if !is_named {
            self.objects.learn(&beginning, hash);
        }
        if let Some(inventory) = self.inventory.as_mut().filter(|_| !is_named) {
            let text = || format!("a statement of more than 512 KiB: {}", self.context.shown(&beginning));
            inventory.add(hash, text);
        }
        self.boundary = Some(Boundary::Statement);
        Place::Between
    }

    fn begin_rows(&mut self, head: CopyHead) -> Place {
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
}

/// Whether this is the same COPY statement of a table once more. A backup over several connections cuts long tables into
/// several blocks, which count as one.
fn is_repeated(copies: &mut BTreeMap<(String, String), u128>, head: Option<&CopyHead>, hash: u128) -> bool {
    let Some(CopyHead { schema, name, .. }) = head else { return false };
    match copies.entry((schema.clone(), name.clone())) {
        Entry::Occupied(first) => *first.get() == hash,
        Entry::Vacant(none) => {
            none.insert(hash);
            false
        }
    }
}

/// Whether a function's body in standard SQL continues after a semicolon. pg_dump writes its `END` at the beginning
/// of a line.
fn is_an_open_body(statement: &[u8]) -> bool {
    let makes_a_routine =
        statement.starts_with(b"CREATE FUNCTION ") || statement.starts_with(b"CREATE PROCEDURE ");
    if !makes_a_routine
        || ends_a_body(statement)
        || memchr::memmem::find(statement, b"BEGIN ATOMIC").is_none()
    {
        return false;
    }
    let words = top_level(&String::from_utf8_lossy(statement));
    words.windows(2).any(|pair| pair[0].is("BEGIN") && pair[1].is("ATOMIC"))
}

/// Whether an open body has ended.
fn ends_a_body(statement: &[u8]) -> bool {
    statement.ends_with(b"\nEND;")
}
