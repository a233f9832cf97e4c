//! One object's bytes, all of them or a range, in order.

use std::ops::Range;

use bytes::Bytes;

use super::folder::{Folder, OpenFile};
use super::s3::download::S3Download;
use super::{Kind, Store, StoreError};

/// An object that is being read.
#[derive(Debug)]
pub struct Download {
    source: Source,
    /// Bytes that have not come yet.
    left: u64,
}

#[derive(Debug)]
enum Source {
    S3(Box<S3Download>),
    /// A file that is opened when the first piece is asked for.
    Folder {
        folder: Folder,
        key: String,
        mark: String,
        from: u64,
        file: Option<OpenFile>,
    },
}

impl Download {
    /// The object with this mark and size, as [`Store::examine`] showed them; nothing is asked for yet.
    #[must_use]
    pub fn new(store: &Store, key: String, mark: String, bytes: u64) -> Self {
        Self::of_range(store, key, mark, bytes, 0..bytes)
    }

    /// Only a range of it.
    #[must_use]
    pub fn of_range(store: &Store, key: String, mark: String, bytes: u64, range: Range<u64>) -> Self {
        let left = range.end.saturating_sub(range.start);
        let source = match &store.kind {
            Kind::S3(bucket) => {
                Source::S3(Box::new(S3Download::of_range(bucket.clone(), key, mark, bytes, range)))
            }
            Kind::Folder(folder) => {
                Source::Folder { folder: folder.clone(), key, mark, from: range.start, file: None }
            }
        };
        Self { source, left }
    }

    /// The next piece; `None` when every byte has come.
    ///
    /// # Errors
    /// The store fails, or the object is another one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let piece = match &mut self.source {
            Source::S3(download) => download.next().await?,
            Source::Folder { file: Some(file), .. } => file.next().await?,
            Source::Folder { folder, key, mark, from, file } => {
                let opened = folder.open_file(key, Some(mark)).await?;
                file.insert(opened.starting_at(*from)).next().await?
            }
        };
        // A file goes on after its range. At its end it shows whether it changed meanwhile, so an empty rest is asked for, too.
        Ok(piece
            .map(|mut piece| {
                piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= piece.len() as u64;
                piece
            })
            .filter(|piece| !piece.is_empty()))
    }
}
