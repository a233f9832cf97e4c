//! One object's bytes, from the first to the last.

use bytes::Bytes;

use super::folder::{Folder, OpenFile};
use super::s3::download::S3Download;
use super::{Kind, Store, StoreError};

/// An object that is being read.
#[derive(Debug)]
pub struct Download {
    source: Source,
}

#[derive(Debug)]
enum Source {
    S3(Box<S3Download>),
    /// A file that is opened when the first piece is asked for.
    Folder {
        folder: Folder,
        key: String,
        mark: String,
        file: Option<OpenFile>,
    },
}

impl Download {
    /// The object with this mark and size, as [`Store::examine`] showed them; nothing is asked for yet.
    #[must_use]
    pub fn new(store: &Store, key: String, mark: String, bytes: u64) -> Self {
        let source = match &store.kind {
            Kind::S3(bucket) => Source::S3(Box::new(S3Download::new(bucket.clone(), key, mark, bytes))),
            Kind::Folder(folder) => Source::Folder { folder: folder.clone(), key, mark, file: None },
        };
        Self { source }
    }

    /// The next piece; `None` when every byte has come.
    ///
    /// # Errors
    /// The store fails, or the object is another one.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match &mut self.source {
            Source::S3(download) => download.next().await,
            Source::Folder { file: Some(file), .. } => Ok(file.next().await?),
            Source::Folder { folder, key, mark, file } => {
                let opened = folder.open_file(key, Some(mark)).await?;
                Ok(file.insert(opened).next().await?)
            }
        }
    }
}
