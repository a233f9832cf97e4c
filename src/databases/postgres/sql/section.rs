//! Cuts the text of one section of a dump into parts that can be put between the parts of other sections, so that
//! several pg_dumps together write one dump. Pure.
//!
//! A part ends at a statement's or a row's end. A table's rows that are longer than a part become several COPY blocks of
//! that table, so that no other section waits for the end of a long table.

mod kinds;
mod misfit;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::blocks::TableName;
use super::excerpt::{shown, without_comments};
use super::{Boundary, Scan};
use kinds::{is_of_an_item, is_of_every_section};
pub use misfit::Misfit;

/// The last statement that pg_dump writes before anything of the database.
const LAST_OF_HEAD: &[u8] = b"SET row_security = off;";
/// Maximum number of statements in a head. pg_dump 18 writes 11.
const HEAD_STATEMENTS: usize = 30;
/// The end of a block of rows, after the line break of the last row.
const END: &[u8] = b"\n\\.\n";
/// Bytes at the end of a text that can be the beginning of [`END`].
const HELD_BACK: usize = END.len() - 1;
/// Bytes that a text may be longer than a part before it is cut.
const BEYOND: usize = 256 << 10;
/// More bytes than the end marker has, which stays together.
const SHORT: usize = 1024;
/// Maximum bytes of a head.
const HEAD_BYTES: usize = 64 << 10;

/// Where a section's text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// In the settings that every pg_dump begins with.
    Head,
    /// In the statements that drop existing objects, which pg_dump writes before all others.
    Drops,
    /// In the objects and their rows.
    Items,
}

/// What is taken from a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// Everything. The rows of these tables must not be in it, because another section has them.
    AllBut(BTreeSet<TableName>),
    /// Only the rows of these tables. Everything else must be known to be in another section, too.
    RowsOf(BTreeSet<TableName>),
}

impl Takes {
    /// Nothing at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self::RowsOf(BTreeSet::new())
    }
}

/// Consecutive text of a section.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// What it belongs to.
    pub phase: Phase,
    /// Not empty.
    pub text: Vec<u8>,
    /// Whether it ends in the middle of something, so that the section's next part must follow at once.
    pub is_open: bool,
}

/// Cuts one section's text. Its own [`Scan`] sees everything but the rows, and judges its ends.
#[derive(Debug)]
pub struct SectionCutter {
    scan: Scan,
    takes: Takes,
    part_bytes: usize,
    phase: Phase,
    /// Text that is in no part yet.
    text: Vec<u8>,
    /// Bytes of `text` that were read.
    read: usize,
    /// Bytes of `text` before the current statement and the comments above it.
    statement: usize,
    /// Bytes of `text` after which a part can end. 0 if none can.
    closed: usize,
    in_transaction: bool,
    /// Whether the beginning of the current statement is in a part already.
    is_long: bool,
    rows: Option<Rows>,
    head: Vec<Vec<u8>>,
    found: BTreeMap<TableName, u64>,
    ready: VecDeque<Part>,
}

/// The block of rows that is being read.
#[derive(Debug)]
struct Rows {
    table: TableName,
    /// Its COPY statement, with the line break.
    copy: Vec<u8>,
    /// Whether the line of the statement has ended.
    has_begun: bool,
    /// Bytes of the text before the first byte of a row.
    begin: usize,
}

impl SectionCutter {
    /// Cuts a text into parts of about `part_bytes`.
    #[must_use]
    pub fn new(takes: Takes, part_bytes: usize) -> Self {
        Self {
            scan: Scan::default(),
            takes,
            part_bytes,
            phase: Phase::Head,
            text: Vec::new(),
            read: 0,
            statement: 0,
            closed: 0,
            in_transaction: false,
            is_long: false,
            rows: None,
            head: Vec::new(),
            found: BTreeMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// Room for the next bytes of the text, at most 128 KiB. Then call [`SectionCutter::advance`].
    pub fn room(&mut self) -> &mut Vec<u8> {
        if self.text.capacity() == 0 {
            self.text = new_text(self.part_bytes);
        }
        self.text.reserve(BEYOND / 2);
        &mut self.text
    }

    /// Where the text is so far.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The settings that it begins with.
    #[must_use]
    pub fn head(&self) -> &[Vec<u8>] {
        &self.head
    }

    /// A table whose rows it should have had.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let Takes::RowsOf(tables) = &self.takes else { return None };
        let missing = tables.iter().find(|table| !self.found.contains_key(*table));
        missing.map(|(schema, name)| format!("{schema}.{name}"))
    }

    /// The next part that is complete.
    pub fn pop(&mut self) -> Option<Part> {
        self.ready.pop_front()
    }

    /// Reads what was appended.
    ///
    /// # Errors
    /// The text does not fit the other sections.
    pub fn advance(&mut self) -> Result<(), Misfit> {
        while self.read < self.text.len() {
            let is_complete = match &self.rows {
                Some(rows) if rows.has_begun => self.rows(),
                Some(_) => self.end_of_copy_line(),
                None => self.statement()?,
            };
            if !is_complete {
                break;
            }
        }
        if self.phase == Phase::Head && self.text.len() > HEAD_BYTES {
            return Err(Misfit::Head);
        }
        self.release();
        Ok(())
    }

    /// The text has ended. Returns what follows its last statement: the end marker.
    pub fn end(&mut self) -> Vec<u8> {
        let rest = if self.rows.is_none() && !self.in_transaction {
            self.text.split_off(self.statement)
        } else {
            Vec::new()
        };
        self.emit(self.text.len(), false);
        rest
    }

    /// The scan of the text without its rows, and the number of rows of each table.
    #[must_use]
    pub fn into_parts(self) -> (Scan, BTreeMap<TableName, u64>) {
        (self.scan, self.found)
    }

    /// Reads up to the end of a statement. Returns whether there may be more to read.
    fn statement(&mut self) -> Result<bool, Misfit> {
        let (left, boundary) = self.scan.advance(&self.text[self.read..]);
        self.read = self.text.len() - left.len();
        match boundary {
            Some(Boundary::Copy { schema, name }) => self.begin_rows((schema, name))?,
            Some(_) => self.end_of_statement()?,
            None => {}
        }
        Ok(true)
    }

    fn end_of_statement(&mut self) -> Result<(), Misfit> {
        let text = &self.text[self.statement..self.read];
        let statement = without_comments(text);
        if self.phase == Phase::Head {
            self.head.push(statement.to_vec());
            if statement == LAST_OF_HEAD {
                self.emit(self.read, false);
                self.phase = Phase::Drops;
            } else if self.head.len() > HEAD_STATEMENTS {
                return Err(Misfit::Head);
            }
            self.statement = self.read;
            return Ok(());
        }
        if self.phase == Phase::Drops && is_of_an_item(text) {
            self.begin_items();
        }
        let statement = without_comments(&self.text[self.statement..self.read]);
        match statement {
            _ if std::mem::take(&mut self.is_long) => {}
            b"BEGIN;" => self.in_transaction = true,
            b"COMMIT;" => self.in_transaction = false,
            _ => {}
        }
        if let Takes::RowsOf(_) = self.takes {
            if !is_of_every_section(statement) {
                return Err(Misfit::Statement(shown(statement)));
            }
            self.text.drain(self.statement..self.read);
            self.read = self.statement;
            return Ok(());
        }
        self.statement = self.read;
        if !self.in_transaction {
            self.closed = self.read;
        }
        Ok(())
    }

    /// Everything before the current statement dropped objects.
    fn begin_items(&mut self) {
        self.emit(self.statement, false);
        self.phase = Phase::Items;
    }

    fn begin_rows(&mut self, table: TableName) -> Result<(), Misfit> {
        let shown = || format!("{}.{}", table.0, table.1);
        let fits = match &self.takes {
            Takes::AllBut(others) => !others.contains(&table),
            Takes::RowsOf(these) => these.contains(&table),
        };
        match self.phase {
            Phase::Head => return Err(Misfit::Head),
            _ if !fits => return Err(Misfit::NotHandedOut(shown())),
            _ if self.found.contains_key(&table) => return Err(Misfit::Twice(shown())),
            Phase::Drops => self.begin_items(),
            Phase::Items => {}
        }
        let copy = [without_comments(&self.text[self.statement..self.read]), b"\n"].concat();
        self.found.insert(table.clone(), 0);
        self.rows = Some(Rows { table, copy, has_begun: false, begin: 0 });
        Ok(())
    }

    /// Reads the line break after a COPY statement.
    fn end_of_copy_line(&mut self) -> bool {
        let Some(end) = memchr::memchr(b'\n', &self.text[self.read..]) else { return false };
        let end = self.read + end + 1;
        self.scan.feed(&self.text[self.read..end]);
        self.read = end;
        if let Some(rows) = &mut self.rows {
            (rows.has_begun, rows.begin) = (true, end);
        }
        true
    }

    /// Reads rows up to their end. There is always a byte before them: the line break of the COPY statement.
    fn rows(&mut self) -> bool {
        let Some(rows) = &mut self.rows else { return true };
        let found = memchr::memmem::find(&self.text[self.read - 1..], END).map(|at| self.read - 1 + at);
        // What can be the beginning of the end is read again.
        let until = match found {
            Some(at) => at + 1,
            None => self.text.len().saturating_sub(HELD_BACK - 1).max(self.read),
        };
        let lines = memchr::memchr_iter(b'\n', &self.text[self.read..until]).count() as u64;
        *self.found.entry(rows.table.clone()).or_default() += lines;
        self.read = until;
        if found.is_none() {
            return false;
        }
        self.read += END.len() - 1;
        self.scan.feed(&END[1..]);
        (self.statement, self.closed, self.rows) = (self.read, self.read, None);
        true
    }

    /// Emits a part if the text is long enough for one.
    fn release(&mut self) {
        while self.text.len() >= self.part_bytes.max(2 * HELD_BACK) {
            let before = self.text.len();
            match &self.rows {
                _ if self.phase == Phase::Head => {}
                _ if self.phase == Phase::Drops => self.emit(self.statement, false),
                Some(rows) if rows.has_begun => self.cut_rows(),
                _ if self.closed > 0 => self.emit(self.closed, false),
                // Only statements in a transaction, which another section's rows would end.
                _ if self.statement > 0 => self.emit(self.statement, true),
                None if matches!(self.takes, Takes::AllBut(_)) && self.text.len() > SHORT => {
                    self.is_long = true;
                    self.emit(self.read, true);
                }
                _ => {}
            }
            if self.text.len() == before {
                return;
            }
        }
    }

    /// Ends the COPY block after the last whole row, and begins another one.
    fn cut_rows(&mut self) {
        let Some(rows) = &mut self.rows else { return };
        let begin = rows.begin;
        let Some(end) = memchr::memrchr(b'\n', &self.text[begin..self.read]).map(|at| begin + at + 1) else {
            // Not one whole row: what is before the block goes first, then the row in pieces.
            if self.closed > 0 {
                return self.emit(self.closed, false);
            }
            let bytes = self.read.saturating_sub(1);
            rows.begin = 0;
            return self.emit(bytes, true);
        };
        let mut next = new_text(self.part_bytes);
        [b"\n\n", rows.copy.as_slice(), &self.text[end..]]
            .iter()
            .for_each(|bytes| next.extend_from_slice(bytes));
        let mut text = std::mem::replace(&mut self.text, next);
        text.truncate(end);
        text.extend_from_slice(&END[1..]);
        let shift = 2 + rows.copy.len();
        rows.begin = shift;
        self.read = self.read - end + shift;
        (self.statement, self.closed) = (0, 0);
        self.ready.push_back(Part { phase: self.phase, text, is_open: false });
    }

    fn emit(&mut self, bytes: usize, is_open: bool) {
        if bytes == 0 {
            return;
        }
        let mut rest = new_text(self.part_bytes);
        rest.extend_from_slice(&self.text[bytes..]);
        let mut text = std::mem::replace(&mut self.text, rest);
        text.truncate(bytes);
        self.read = self.read.saturating_sub(bytes);
        self.statement = self.statement.saturating_sub(bytes);
        self.closed = self.closed.saturating_sub(bytes);
        if let Some(rows) = &mut self.rows {
            rows.begin = rows.begin.saturating_sub(bytes);
        }
        self.ready.push_back(Part { phase: self.phase, text, is_open });
    }
}

/// Room for a part and for what is read at once beyond it, so that it never grows, which would leave holes in memory.
fn new_text(part_bytes: usize) -> Vec<u8> {
    Vec::with_capacity(part_bytes + BEYOND)
}

#[cfg(test)]
mod tests;
