//! One object's bytes, from the first to the last.

use bytes::Bytes;

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
}

impl Download {
    /// The object with this mark and size, as [`Store::examine`] showed them; nothing is asked for yet.
    #[must_use]
    pub fn new(store: &Store, key: String, mark: String, bytes: u64) -> Self {
        let source = match &store.kind {
            Kind::S3(bucket) => Source::S3(Box::new(S3Download::new(bucket.clone(), key, mark, bytes))),
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
        }
    }
}
