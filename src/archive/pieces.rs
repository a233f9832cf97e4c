//! The index of an archive: which bytes of its compressed stream are which piece. Each piece is a run of whole members, so it
//! decompresses alone, and is proven by its own hash before any of it is used.

use std::io::{BufRead, Read};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::ArchiveError;
use crate::store::hash::Hasher;

/// A piece of an archive that was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPiece {
    /// Its offset in the compressed stream, before encryption.
    pub offset: u64,
    /// Its compressed bytes.
    pub bytes: u64,
    /// Their SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// Bytes of its text.
    pub text_bytes: u64,
}

/// A run of members that decompresses alone: rows of one table, from its COPY statement on, or statements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Schema of the table whose rows it holds, without quotes; absent for statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Name of that table, without quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Rows that end in it.
    pub rows: u64,
    /// Its offset in the compressed stream, in bytes. Encryption comes after compression.
    pub offset: u64,
    /// Its compressed bytes.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: String,
    /// Bytes of its text.
    pub text_bytes: u64,
}

/// Pieces to read of an archive, and the ones between them.
#[derive(Debug, Clone)]
pub struct Selection {
    /// All pieces, and whether each is wanted.
    pieces: Vec<(Piece, bool)>,
}

impl Selection {
    /// The pieces of this index that are wanted.
    #[must_use]
    pub fn of(index: &[Piece], is_wanted: impl Fn(&Piece) -> bool) -> Self {
        Self { pieces: index.iter().map(|piece| (piece.clone(), is_wanted(piece))).collect() }
    }

    /// Whether it is an index of a stream of this size: without gaps, from its beginning to its end.
    #[must_use]
    pub fn covers(index: &[Piece], stream_bytes: u64) -> bool {
        let end = index.iter().try_fold(0_u64, |end, piece| {
            if piece.offset == end && piece.bytes > 0 { end.checked_add(piece.bytes) } else { None }
        });
        end == Some(stream_bytes)
    }

    /// Bytes of the compressed stream that are wanted.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.wanted().map(|piece| piece.bytes).sum()
    }

    /// The wanted bytes, as few ranges as possible.
    pub(super) fn ranges(&self) -> Vec<Range<u64>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for Piece { offset, bytes, .. } in self.wanted() {
            let end = offset.saturating_add(*bytes);
            match ranges.last_mut() {
                Some(last) if last.end == *offset => last.end = end,
                _ => ranges.push(*offset..end),
            }
        }
        ranges
    }

    /// Only the wanted pieces: what a stream of only their bytes holds.
    pub(super) fn without_gaps(mut self) -> Self {
        self.pieces.retain(|(_, is_wanted)| *is_wanted);
        self
    }

    fn wanted(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(|(_, is_wanted)| *is_wanted).map(|(piece, _)| piece)
    }
}

/// Lets through the wanted pieces of a compressed stream, each once all its bytes have the hash that the index says. Holds one
/// piece.
pub(super) struct ProvenPieces<R> {
    stream: R,
    pieces: std::vec::IntoIter<(Piece, bool)>,
    location: String,
    proven: Vec<u8>,
    read: usize,
}

impl<R: BufRead> ProvenPieces<R> {
    pub(super) fn new(stream: R, selection: Selection, location: String) -> Self {
        Self { stream, pieces: selection.pieces.into_iter(), location, proven: Vec::new(), read: 0 }
    }

    /// Reads the next piece. Whether there was one.
    fn advance(&mut self) -> std::io::Result<bool> {
        (self.proven, self.read) = (Vec::new(), 0);
        let Some((piece, is_wanted)) = self.pieces.next() else {
            let is_over = self.stream.fill_buf()?.is_empty();
            return if is_over { Ok(false) } else { Err(self.corrupt("it goes on after its last piece")) };
        };
        let mut bytes = Vec::new();
        self.stream.by_ref().take(piece.bytes).read_to_end(&mut bytes)?;
        let mut hasher = Hasher::default();
        hasher.feed(&bytes);
        if hasher.read().sha256 != piece.sha256 {
            let held = match (&piece.schema, &piece.name) {
                (Some(schema), Some(name)) => format!("rows of {schema}.{name}"),
                _ => "statements".to_owned(),
            };
            let (from, to) = (piece.offset, piece.offset.saturating_add(piece.bytes));
            let what = format!("its bytes {from} to {to} ({held}) do not match its manifest");
            return Err(self.corrupt(&what));
        }
        if is_wanted {
            self.proven = bytes;
        }
        Ok(true)
    }

    fn corrupt(&self, what: &str) -> std::io::Error {
        std::io::Error::other(ArchiveError::Corrupt {
            location: self.location.clone(),
            what: what.to_owned(),
        })
    }
}

impl<R: BufRead> BufRead for ProvenPieces<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.read == self.proven.len() {
            if !self.advance()? {
                break;
            }
        }
        Ok(&self.proven[self.read..])
    }

    fn consume(&mut self, length: usize) {
        self.read += length;
    }
}

impl<R: BufRead> Read for ProvenPieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests;
