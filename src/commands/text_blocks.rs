//! The text of a dump as the archive takes it, block by block, and the index that follows from both.

use tokio::io::AsyncRead;

use crate::archive::backup_manifest::Piece;
use crate::archive::pieces::SealedPiece;
use crate::archive::{Block, BlockSource};
use crate::databases::postgres::sql::{self, Blocks};

impl<R: AsyncRead + Unpin + Send> BlockSource for Blocks<R> {
    async fn next_block(&mut self) -> std::io::Result<Option<Block>> {
        let block = self.next().await?;
        Ok(block.map(|sql::Block { text, begins }| Block { text, begins_piece: begins.is_some() }))
    }
}

/// The manifest's index: where each piece of the text is in the archive. `None` if they do not match.
pub(super) fn index(sealed: &[SealedPiece], pieces: Vec<sql::Piece>) -> Option<Vec<Piece>> {
    let matches = |(sealed, piece): (&SealedPiece, &sql::Piece)| sealed.text_bytes == piece.bytes;
    if sealed.len() != pieces.len() || !sealed.iter().zip(&pieces).all(matches) {
        return None;
    }
    let piece = |(sealed, piece): (&SealedPiece, sql::Piece)| {
        let (schema, name) = piece.table.unzip();
        Piece {
            schema,
            name,
            rows: piece.rows,
            offset: sealed.offset,
            bytes: sealed.bytes,
            sha256: sealed.sha256.clone(),
            text_bytes: sealed.text_bytes,
        }
    };
    Some(sealed.iter().zip(pieces).map(piece).collect())
}
