//! Reads a backup for some tables. If it has an index and is not encrypted, only the statements and the rows of these
//! tables are fetched, and each piece is proven before it is used. Any other backup is read through once, and what was
//! made of it counts only after its end.

use std::collections::{BTreeMap, BTreeSet};

use tokio_util::sync::CancellationToken;

use crate::archive::backup_manifest::Piece;
use crate::archive::{ArchiveError, Opened, Reader, Selection as Pieces, open, open_pieces};
use crate::commands::stored::{StoredBackup, proof};
use crate::databases::postgres::restore::RestoreError;
use crate::databases::postgres::restore::tables::{Extracted, Extraction, Selection};
use crate::databases::postgres::sql::selection::{Ground, Note, Plan, QualifiedName};
use crate::failure::Failure;
use crate::verification::stored::{ReadFacts, judged};

/// What takes the SQL of the tables.
pub(super) trait Output {
    /// The tables are known, and no SQL has come yet. `false` ends the reading.
    async fn begin(&mut self, plan: &Plan, notes: &[Note]) -> Result<bool, Failure>;
    /// Takes SQL. It is not proven unless the backup has an index.
    async fn send(&mut self, sql: &[u8]) -> Result<(), Failure>;
}

/// Rows and digest of each table, as the manifest records them.
pub(super) fn told(stored: &StoredBackup) -> Option<BTreeMap<QualifiedName, (u64, String)>> {
    let contents = stored.description.contents.as_ref()?;
    let table = |table: &crate::archive::backup_manifest::Table| {
        ((table.schema.clone(), table.name.clone()), (table.rows, table.digest.clone()))
    };
    Some(contents.tables.iter().map(table).collect())
}

/// Whether only a part of a backup has to be fetched.
pub(super) fn is_indexed(stored: &StoredBackup) -> bool {
    stored.description.pieces.is_some() && !stored.source.encrypted && told(stored).is_some()
}

/// Reads a backup and sends the SQL of some tables. What was sent is proven when this returns. `None` if the output
/// ended the reading.
pub(super) async fn extract(
    stored: &StoredBackup,
    (selection, ground): (Selection, Ground),
    output: &mut impl Output,
    stop: &CancellationToken,
) -> Result<Option<Extracted>, Failure> {
    let holding: Option<BTreeSet<QualifiedName>> = told(stored).map(|told| told.into_keys().collect());
    let extraction = Extraction::new(selection, ground, holding);
    let mut reading = Reading { stored, output, stop, extraction, has_begun: false };
    let is_whole = match stored.description.pieces.as_deref().filter(|_| is_indexed(stored)) {
        Some(pieces) => reading.pieces(pieces).await?.then_some(None),
        None => reading.whole().await?.map(Some),
    };
    let Some(opened) = is_whole else { return Ok(None) };
    reading.end(opened.as_ref()).await
}

struct Reading<'a, O> {
    stored: &'a StoredBackup,
    output: &'a mut O,
    stop: &'a CancellationToken,
    extraction: Extraction,
    has_begun: bool,
}

impl<O: Output> Reading<'_, O> {
    /// Reads everything. `None` if the output ended the reading.
    async fn whole(&mut self) -> Result<Option<Opened>, Failure> {
        let reader = open(self.stored.source.clone(), self.stop.clone())?;
        self.read(reader).await
    }

    /// Reads the statements before the first rows, which show what belongs to the tables, and then only that.
    async fn pieces(&mut self, index: &[Piece]) -> Result<bool, Failure> {
        let first_rows =
            index.iter().find(|piece| piece.name.is_some()).map_or(u64::MAX, |piece| piece.offset);
        let is_first = |piece: &Piece| piece.offset < first_rows;
        if index.iter().any(is_first) && self.selected(index, is_first).await?.is_none() {
            return Ok(false);
        }
        let mut sql = Vec::new();
        self.extraction.decide(&mut sql).map_err(RestoreError::from)?;
        if !self.send(&sql).await? {
            return Ok(false);
        }
        let tables = self.extraction.plan().unwrap_or_default().with_rows;
        let is_wanted = |piece: &Piece| match (&piece.schema, &piece.name) {
            (Some(schema), Some(name)) => tables.contains(&(schema.clone(), name.clone())),
            _ => piece.offset >= first_rows,
        };
        if index.iter().any(is_wanted) {
            return Ok(self.selected(index, is_wanted).await?.is_some());
        }
        Ok(true)
    }

    async fn selected(
        &mut self,
        index: &[Piece],
        is_wanted: impl Fn(&Piece) -> bool,
    ) -> Result<Option<Opened>, Failure> {
        let reader =
            open_pieces(self.stored.source.clone(), Pieces::of(index, is_wanted), self.stop.clone())?;
        self.read(reader).await
    }

    async fn read(&mut self, mut reader: Reader) -> Result<Option<Opened>, Failure> {
        loop {
            match reader.next().await {
                Ok(Some(piece)) => {
                    let sql = self.extraction.feed(&piece).map_err(RestoreError::from)?;
                    if !self.send(&sql).await? {
                        return Ok(None);
                    }
                }
                Ok(None) => return Ok(Some(reader.finish().await?)),
                Err(ArchiveError::Corrupt { what, .. }) => {
                    return Err(proof(&self.stored.location, vec![what]));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends SQL. `false` if the output ended the reading.
    async fn send(&mut self, sql: &[u8]) -> Result<bool, Failure> {
        if !self.has_begun
            && let Some(plan) = self.extraction.plan()
        {
            self.has_begun = true;
            if !self.output.begin(&plan, self.extraction.notes()).await? {
                return Ok(false);
            }
        }
        if !sql.is_empty() {
            self.output.send(sql).await?;
        }
        Ok(true)
    }

    /// Proves what was read, and sends the rest.
    async fn end(mut self, opened: Option<&Opened>) -> Result<Option<Extracted>, Failure> {
        let mut sql = Vec::new();
        self.extraction.decide(&mut sql).map_err(RestoreError::from)?;
        if !self.send(&sql).await? {
            return Ok(None);
        }
        let Self { stored, output, extraction, .. } = self;
        let extracted = extraction.finish().map_err(RestoreError::from)?;
        let mut findings = match opened {
            Some(opened) => {
                let read = ReadFacts {
                    stored_sha256: &opened.stored.sha256,
                    sha256: &opened.plain.sha256,
                    bytes: opened.plain.bytes,
                    scan: &extracted.scan,
                };
                judged(&stored.description, read).err().unwrap_or_default()
            }
            // The other tables are missing, so only the ends and the statements can be judged.
            None => extracted.scan.judged().err().map(|unfit| unfit.to_string()).into_iter().collect(),
        };
        findings.extend(told(stored).map(|told| extracted.contradictions(&told)).unwrap_or_default());
        if !findings.is_empty() {
            return Err(proof(&stored.location, findings));
        }
        output.send(&extracted.sql).await?;
        Ok(Some(extracted))
    }
}
