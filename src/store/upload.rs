//! An object on its way into a store. It is not visible before it is published.

use tokio_util::sync::CancellationToken;

use super::folder::upload::FolderUpload;
use super::parts::PartPlan;
use super::s3::upload::S3Upload;
use super::{Kind, ObjectAttributes, Published, Store, StoreError, WholeObject};
use crate::stop::StopRequest;

/// An upload in progress. Call `publish` or `abandon`.
#[derive(Debug)]
pub struct Upload {
    store: Store,
    key: String,
    attributes: ObjectAttributes,
    stop: StopRequest,
    target: Target,
}

#[derive(Debug)]
enum Target {
    S3(Box<S3Upload>),
    Folder(FolderUpload),
}

impl Upload {
    /// Prepares an upload; nothing is sent yet. When `stop` is canceled it gives up at once. Needs a runtime around it.
    #[must_use]
    pub fn new(
        store: &Store,
        key: String,
        attributes: ObjectAttributes,
        plan: PartPlan,
        stop: CancellationToken,
    ) -> Self {
        let target = match &store.kind {
            Kind::S3(bucket) => {
                Target::S3(Box::new(S3Upload::new(bucket.clone(), key.clone(), attributes.clone(), plan)))
            }
            Kind::Folder(folder) => Target::Folder(FolderUpload::new(folder.clone(), key.clone())),
        };
        Self { store: store.clone(), key, attributes, stop: StopRequest::new(stop), target }
    }

    /// The store that it goes to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The object's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The object's attributes.
    #[must_use]
    pub fn attributes(&self) -> &ObjectAttributes {
        &self.attributes
    }

    /// The request to stop, which ends it.
    #[must_use]
    pub fn stop(&self) -> &StopRequest {
        &self.stop
    }

    /// Takes the next bytes. Waits while too many are on their way.
    ///
    /// # Errors
    /// The store fails, or the upload was stopped.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        match &mut self.target {
            Target::S3(upload) => upload.write(bytes, &self.stop).await,
            Target::Folder(upload) => upload.write(bytes, &self.stop).await,
        }
    }

    /// Waits until every byte has arrived.
    ///
    /// # Errors
    /// The store fails, or the upload was stopped.
    pub async fn finish(&mut self) -> Result<(), StoreError> {
        match &mut self.target {
            Target::S3(upload) => upload.finish(&self.stop).await,
            Target::Folder(upload) => upload.finish(&self.stop).await,
        }
    }

    /// Makes the object visible under a key that must be free. Once it is stopped, it has seconds to finish.
    ///
    /// # Errors
    /// The key is taken, the store fails, or what it holds differs from `whole`. Then it can be abandoned.
    pub async fn publish(&mut self, whole: WholeObject<'_>) -> Result<Published, StoreError> {
        match &mut self.target {
            Target::S3(upload) => upload.publish(whole, &self.stop).await,
            Target::Folder(upload) => upload.publish(whole, &self.stop).await,
        }
    }

    /// Takes back what was sent.
    ///
    /// # Errors
    /// Something stays in the store.
    pub async fn abandon(self) -> Result<(), StoreError> {
        match self.target {
            Target::S3(upload) => upload.abandon(&self.stop).await,
            Target::Folder(upload) => upload.abandon(&self.stop).await,
        }
    }
}
