//! The pipeline: read, count and hash, compress over all cores, encrypt, count and hash again, upload. One pass,
//! nothing on disk.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;

use super::encryption::Encryption;
use super::memory::{BufferPlan, MEMBER_BYTES};
use super::pending::{FailedUpload, PendingUpload, Sealed};
use super::{ArchiveError, Codec, Recipients};
use crate::store::Upload;
use crate::store::hash::{Crc64, Hasher};

/// How the bytes are compressed and encrypted.
#[derive(Debug, Clone)]
pub struct SealOptions {
    /// How they are compressed.
    pub codec: Codec,
    /// Recipients that can decrypt them; no encryption if empty.
    pub recipients: Recipients,
}

impl SealOptions {
    /// The end of a file name, from `.sql` on: `.sql.gz`, `.sql.zst.age`.
    #[must_use]
    pub fn suffix(&self) -> String {
        let encrypted = if self.recipients.is_empty() { "" } else { ".age" };
        format!(".sql{}{encrypted}", self.codec.extension())
    }
}

/// Progress of a stream.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes read from the source.
    pub bytes_read: AtomicU64,
    /// Bytes made of them, to be stored.
    pub bytes_stored: AtomicU64,
}

/// Archives a stream up to its end. The object is not visible until the answer is committed.
///
/// # Errors
/// The stream, the compression or S3 fails, or panics, or the upload was stopped; what was sent waits to be abandoned.
pub async fn seal<R: AsyncRead + Unpin>(
    stream: &mut R,
    options: &SealOptions,
    buffers: BufferPlan,
    mut upload: Upload,
    progress: &Progress,
) -> Result<PendingUpload, Box<FailedUpload>> {
    // A panic must not leave uploaded parts behind.
    let sealed =
        AssertUnwindSafe(run(stream, (options, buffers), &mut upload, progress)).catch_unwind().await;
    let panicked = |_| Err(ArchiveError::Stream("its sealing panicked (see the lines above)".to_owned()));
    match sealed.unwrap_or_else(panicked) {
        Ok(sealed) => Ok(PendingUpload::new(upload, sealed)),
        Err(cause) => Err(Box::new(FailedUpload { cause, upload })),
    }
}

async fn run<R: AsyncRead + Unpin>(
    stream: &mut R,
    (options, buffers): (&SealOptions, BufferPlan),
    upload: &mut Upload,
    progress: &Progress,
) -> Result<Sealed, ArchiveError> {
    let mut plain = Hasher::default();
    let mut stored_side = StoredSide {
        encryption: Encryption::new(&options.recipients)?,
        hasher: Hasher::default(),
        crc64: Crc64::default(),
    };
    let mut members = VecDeque::new();
    let mut count: u64 = 0;
    let in_flight = usize::try_from(buffers.members_in_flight).unwrap_or(usize::MAX);
    loop {
        // The writing end of the stream might not notice a stop.
        let member = tokio::select! {
            member = next_member(stream) => member?,
            () = upload.stop().requested() => return Err(ArchiveError::Stopped),
        };
        let last = member.is_empty();
        // A stream without a byte still becomes a valid file: one empty member.
        if !last || count == 0 {
            plain.feed(&member);
            progress.bytes_read.fetch_add(member.len() as u64, Ordering::Relaxed);
            // Each member is compressed on a core of its own. They are stored in the order in which they were read.
            members.push_back(compress(options.codec, member));
            count += 1;
        }
        while members.len() >= in_flight || (last && !members.is_empty()) {
            let compressed = finished(members.pop_front()).await?;
            let stored = stored_side.encryption.update(compressed)?;
            stored_side.pass(&stored, upload, progress).await?;
        }
        if last {
            break;
        }
    }
    // The end of the encryption is stored, too, and is encrypted already.
    let StoredSide { encryption, hasher, crc64 } = stored_side;
    let mut end = StoredSide { encryption: Encryption::None, hasher, crc64 };
    end.pass(&encryption.finish()?, upload, progress).await?;
    upload.finish().await?;
    Ok(Sealed { plain: plain.read(), stored: end.hasher.read(), crc64: end.crc64.read(), members: count })
}

/// The text of the next member; empty at the end of the stream. Only this function decides where members begin.
async fn next_member<R: AsyncRead + Unpin>(stream: &mut R) -> Result<Vec<u8>, ArchiveError> {
    let mut member = Vec::new();
    let mut limited = stream.take(MEMBER_BYTES);
    member.reserve_exact(usize::try_from(MEMBER_BYTES).unwrap_or_default());
    limited.read_to_end(&mut member).await.map_err(|error| ArchiveError::Stream(error.to_string()))?;
    Ok(member)
}

fn compress(codec: Codec, plain: Vec<u8>) -> JoinHandle<Result<Vec<u8>, ArchiveError>> {
    tokio::task::spawn_blocking(move || codec.compress(&plain))
}

async fn finished(
    member: Option<JoinHandle<Result<Vec<u8>, ArchiveError>>>,
) -> Result<Vec<u8>, ArchiveError> {
    match member {
        Some(member) => member.await.map_err(|lost| ArchiveError::Stream(lost.to_string()))?,
        None => Ok(Vec::new()),
    }
}

/// The end of the pipeline. It measures exactly the bytes that are stored.
struct StoredSide {
    encryption: Encryption,
    hasher: Hasher,
    crc64: Crc64,
}

impl StoredSide {
    async fn pass(
        &mut self,
        stored: &[u8],
        upload: &mut Upload,
        progress: &Progress,
    ) -> Result<(), ArchiveError> {
        self.hasher.feed(stored);
        self.crc64.feed(stored);
        upload.write(stored).await?;
        progress.bytes_stored.fetch_add(stored.len() as u64, Ordering::Relaxed);
        Ok(())
    }
}
