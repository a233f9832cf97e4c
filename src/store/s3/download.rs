//! One object's bytes, from the first to the last, over as many connections as it takes.
//!
//! Each request names the ETag, so that reading resumes in the same object. The bytes are not checked here: S3 has no
//! checksum for the rest of an object, so the caller compares the SHA-256.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::{S3Bucket, cause, client};
use crate::store::StoreError;

/// Number of times in a row that a broken connection is resumed.
const RESUMPTIONS: u32 = 5;
/// A connection that delivered this much resets the count. A slow reader makes a long transfer break many times.
const GOOD_BYTES: u64 = 8 << 20;
const PAUSE: Duration = Duration::from_millis(100);

/// An object on its way here.
#[derive(Debug)]
pub(in crate::store) struct S3Download {
    store: S3Bucket,
    key: String,
    etag: String,
    /// Size of the object.
    bytes: u64,
    /// Where the wanted bytes end.
    end: u64,
    /// Where the next byte is.
    received: u64,
    body: Option<ByteStream>,
    breaks: u32,
    /// Of this connection.
    brought: u64,
}

impl S3Download {
    /// A range of the object that was examined; nothing is asked for yet.
    pub(in crate::store) fn of_range(
        store: S3Bucket,
        key: String,
        etag: String,
        bytes: u64,
        range: Range<u64>,
    ) -> Self {
        let Range { start: received, end } = range;
        Self { store, key, etag, bytes, end, received, body: None, breaks: 0, brought: 0 }
    }

    /// The current object under the key.
    pub(super) async fn of_whatever_is_there(store: &S3Bucket, key: &str) -> Result<Self, StoreError> {
        let mut download = Self::of_range(store.clone(), key.to_owned(), String::new(), 0, 0..0);
        let answer = download.request().await?;
        (download.bytes, download.end) = (answer.bytes, answer.bytes);
        download.etag = answer.etag;
        download.body = Some(answer.body);
        Ok(download)
    }

    /// How many it has.
    pub(in crate::store) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next piece; `None` when every byte has come.
    pub(in crate::store) async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        while self.received < self.end {
            let Some(body) = &mut self.body else {
                self.connect().await?;
                continue;
            };
            match body.next().await {
                Some(Ok(piece)) => return self.took(piece).map(Some),
                Some(Err(error)) => self.broke(&cause::of_body(&error).to_string()).await?,
                None => self.broke("the answer ended early").await?,
            }
        }
        Ok(None)
    }

    fn took(&mut self, piece: Bytes) -> Result<Bytes, StoreError> {
        self.received += piece.len() as u64;
        self.brought += piece.len() as u64;
        if self.brought >= GOOD_BYTES {
            self.breaks = 0;
        }
        if self.received > self.end {
            return Err(StoreError::Replaced { location: self.location() });
        }
        Ok(piece)
    }

    async fn broke(&mut self, reason: &str) -> Result<(), StoreError> {
        if self.breaks == RESUMPTIONS {
            return Err(self.cut_off(reason));
        }
        tokio::time::sleep(PAUSE * 2_u32.pow(self.breaks)).await;
        self.breaks += 1;
        self.body = None;
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), StoreError> {
        let answer = self.request().await?;
        if answer.etag != self.etag && !answer.etag.is_empty() && !self.etag.is_empty() {
            return Err(StoreError::Replaced { location: self.location() });
        }
        if answer.from != self.received {
            return Err(self.cut_off("the store does not go on where it broke off"));
        }
        if answer.from + answer.bytes != self.end {
            return Err(StoreError::Replaced { location: self.location() });
        }
        self.brought = 0;
        self.body = Some(answer.body);
        Ok(())
    }

    async fn request(&self) -> Result<Answer, StoreError> {
        let unchecked = ResponseChecksumValidation::WhenRequired;
        let answer = self
            .store
            .client
            .get_object()
            .bucket(&self.store.bucket)
            .set_expected_bucket_owner(self.store.owner.clone())
            .key(&self.key)
            .set_if_match((!self.etag.is_empty()).then(|| self.etag.clone()))
            .set_range(self.range())
            .customize()
            .config_override(client::for_download().response_checksum_validation(unchecked))
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Err(self.refused(self.store.failed("GetObject", &self.key, error)).await),
        };
        let Some(bytes) = answer.content_length.and_then(|length| u64::try_from(length).ok()) else {
            return Err(self.cut_off("the store does not say how long it is"));
        };
        let from = begin(answer.content_range.as_deref());
        Ok(Answer { from, bytes, etag: answer.e_tag.unwrap_or_default(), body: answer.body })
    }

    /// The rest of the wanted bytes; `None` if they are the whole object.
    fn range(&self) -> Option<String> {
        let Self { received, end, bytes, .. } = self;
        match (*received == 0, end == bytes) {
            (true, true) => None,
            (false, true) => Some(format!("bytes={received}-")),
            (_, false) => Some(format!("bytes={received}-{}", end.saturating_sub(1))),
        }
    }

    async fn refused(&self, error: StoreError) -> StoreError {
        let StoreError::S3 { code, .. } = &error else { return error };
        match code.as_str() {
            "PreconditionFailed" => StoreError::Replaced { location: self.location() },
            "InvalidObjectState" => match self.store.examine(&self.key).await {
                Ok(examined) => examined.readable(&self.location()).err().unwrap_or(error),
                Err(_) => error,
            },
            _ => self.store.missing(&self.key, error),
        }
    }

    fn location(&self) -> String {
        self.store.location(&self.key)
    }

    fn cut_off(&self, reason: &str) -> StoreError {
        StoreError::CutOff {
            location: self.location(),
            bytes: self.received,
            of: self.end,
            reason: reason.to_owned(),
        }
    }
}

struct Answer {
    from: u64,
    bytes: u64,
    etag: String,
    body: ByteStream,
}

/// The first byte of an answer; that of a whole object has no such header.
fn begin(content_range: Option<&str>) -> u64 {
    let range = content_range.and_then(|header| header.strip_prefix("bytes "));
    range.and_then(|range| range.split('-').next()).and_then(|first| first.parse().ok()).unwrap_or(0)
}
