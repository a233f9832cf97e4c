//! Cuts the text of a dump into blocks that are compressed one by one, so that the rows of each table begin a block.
//!
//! Blocks form *pieces*: the rows of one table, about 16 MiB of them, from their COPY statement on; or statements. A
//! piece can be read without the text before it. All of them, one after the other, are the text.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{Boundary, Scan};

/// Maximum bytes of text in a block.
const BLOCK_BYTES: usize = 1 << 20;
/// Bytes of text after which a piece ends with the next row or statement.
pub const PIECE_BYTES: u64 = 16 << 20;
/// Bytes to read at once.
const READ_BYTES: usize = 256 << 10;

/// Schema and name of a table, without quotes.
pub type TableName = (String, String);

/// Consecutive text.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// At most 1 MiB, never empty.
    pub text: Vec<u8>,
    /// The piece that begins with it, if one does.
    pub begins: Option<PieceStart>,
}

/// How a piece begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceStart {
    /// The table whose rows it holds. Statements if `None`.
    pub table: Option<TableName>,
    /// Whether the COPY statement of its rows is in a piece before it.
    pub continues: bool,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    /// The table whose rows it holds. Statements if `None`.
    pub table: Option<TableName>,
    /// Rows that end in it.
    pub rows: u64,
    /// Bytes of its text.
    pub bytes: u64,
}

/// Cuts a text that arrives in chunks, and scans it. Pure.
#[derive(Debug)]
pub struct Cutter {
    scan: Scan,
    piece_bytes: u64,
    /// Text that is in no block yet.
    held: Vec<u8>,
    /// Bytes of `held` that were scanned.
    scanned: usize,
    /// Bytes of `held` before the statement that is being scanned.
    settled: usize,
    in_rows: bool,
    /// The current piece.
    piece: Piece,
    /// Whether the current piece continues the rows of the one before.
    continues: bool,
    /// Rows of the table before the current piece.
    rows_before: u64,
    ready: VecDeque<Block>,
    pieces: Vec<Piece>,
}

impl Cutter {
    /// Cuts a text into pieces of about `piece_bytes`.
    #[must_use]
    pub fn new(scan: Scan, piece_bytes: u64) -> Self {
        Self {
            scan,
            piece_bytes,
            held: Vec::new(),
            scanned: 0,
            settled: 0,
            in_rows: false,
            piece: Piece::default(),
            continues: false,
            rows_before: 0,
            ready: VecDeque::new(),
            pieces: Vec::new(),
        }
    }

    /// The scan of the text so far.
    #[must_use]
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Where the next bytes of the text are appended. Then call [`Cutter::advance`].
    pub fn room(&mut self) -> &mut Vec<u8> {
        self.held.reserve(READ_BYTES);
        &mut self.held
    }

    /// Scans what was appended.
    pub fn advance(&mut self) {
        while self.scanned < self.held.len() {
            let (left, boundary) = self.scan.advance(&self.held[self.scanned..]);
            self.scanned = self.held.len() - left.len();
            if let Some(boundary) = boundary {
                self.pass(boundary);
            }
        }
        self.release();
    }

    /// The text has ended.
    pub fn end(&mut self) {
        if self.piece.table.is_some() && !self.in_rows && self.settled < self.held.len() {
            self.begin_piece(None);
        }
        while !self.held.is_empty() {
            self.emit(self.held.len().min(BLOCK_BYTES));
        }
        self.end_piece();
    }

    /// The next block that is complete.
    pub fn pop(&mut self) -> Option<Block> {
        self.ready.pop_front()
    }

    /// The scan of the text, and its pieces in order.
    #[must_use]
    pub fn into_parts(self) -> (Scan, Vec<Piece>) {
        (self.scan, self.pieces)
    }

    fn pass(&mut self, boundary: Boundary) {
        match boundary {
            Boundary::Copy { schema, name } => {
                self.begin_piece(Some((schema, name)));
                self.in_rows = true;
            }
            Boundary::Rows => self.in_rows = false,
            Boundary::Statement | Boundary::Transaction | Boundary::Tablespace => {
                if self.piece.table.is_some() || self.piece.bytes >= self.piece_bytes {
                    self.begin_piece(None);
                }
            }
        }
        self.settled = self.scanned;
    }

    /// Emits full blocks.
    fn release(&mut self) {
        while self.held.len() >= BLOCK_BYTES {
            if self.in_rows {
                // A line break in a row's text is written as \n, so each of these ends a row.
                let row_end = if self.piece.bytes + self.held.len() as u64 >= self.piece_bytes {
                    memchr::memrchr(b'\n', &self.held)
                } else {
                    None
                };
                match row_end {
                    Some(end) => {
                        self.settled = end + 1;
                        self.begin_piece(self.piece.table.clone());
                    }
                    None => self.emit(BLOCK_BYTES),
                }
            } else if self.settled > 0 {
                self.emit(self.settled.min(BLOCK_BYTES));
            } else {
                // The head of a table's rows is shorter, so this is another statement.
                if self.piece.table.is_some() {
                    self.begin_piece(None);
                }
                self.emit(BLOCK_BYTES);
            }
        }
    }

    /// Ends the current piece with the settled text and begins one.
    fn begin_piece(&mut self, table: Option<TableName>) {
        let continues = self.in_rows && table.is_some();
        while self.settled > 0 {
            self.emit(self.settled.min(BLOCK_BYTES));
        }
        self.end_piece();
        self.continues = continues;
        self.rows_before = table.as_ref().map_or(0, |table| self.scan.rows_of(table));
        self.piece.table = table;
    }

    fn end_piece(&mut self) {
        let mut piece = std::mem::take(&mut self.piece);
        if piece.bytes > 0 {
            piece.rows = piece.table.as_ref().map_or(0, |table| self.scan.rows_of(table) - self.rows_before);
            self.pieces.push(piece);
        }
    }

    fn emit(&mut self, bytes: usize) {
        let text = if bytes < self.held.len() / 2 {
            self.held.drain(..bytes).collect()
        } else {
            // As much as the next block needs, so that it does not grow piecemeal.
            let mut rest = Vec::with_capacity(BLOCK_BYTES + READ_BYTES);
            rest.extend_from_slice(&self.held[bytes..]);
            self.held.truncate(bytes);
            std::mem::replace(&mut self.held, rest)
        };
        self.scanned = self.scanned.saturating_sub(bytes);
        self.settled = self.settled.saturating_sub(bytes);
        let begins = (self.piece.bytes == 0)
            .then(|| PieceStart { table: self.piece.table.clone(), continues: self.continues });
        self.ready.push_back(Block { text, begins });
        self.piece.bytes += bytes as u64;
    }
}

/// The blocks of a stream.
#[derive(Debug)]
pub struct Blocks<R> {
    source: R,
    cutter: Cutter,
    has_ended: bool,
}

impl<R: AsyncRead + Unpin> Blocks<R> {
    /// Cuts this stream.
    pub fn new(source: R) -> Self {
        Self { source, cutter: Cutter::new(Scan::default(), PIECE_BYTES), has_ended: false }
    }

    /// The next block; `None` at the end of the stream.
    ///
    /// # Errors
    /// The stream fails.
    pub async fn next(&mut self) -> std::io::Result<Option<Block>> {
        loop {
            if let Some(block) = self.cutter.pop() {
                return Ok(Some(block));
            }
            if self.has_ended {
                return Ok(None);
            }
            let read = self.source.read_buf(self.cutter.room()).await?;
            if read == 0 {
                self.has_ended = true;
                self.cutter.end();
            } else {
                self.cutter.advance();
            }
        }
    }

    /// The stream, the scan of what was read, and its pieces in order.
    pub fn into_parts(self) -> (R, Scan, Vec<Piece>) {
        let (scan, pieces) = self.cutter.into_parts();
        (self.source, scan, pieces)
    }
}

#[cfg(test)]
mod tests;
