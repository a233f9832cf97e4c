//! From one store into another: the stored bytes as they are, or opened and sealed again for other recipients. Like
//! [`super::seal()`], both measure what passes and make nothing visible.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, DuplexStream};

use super::memory::BufferPlan;
use super::pending::{FailedUpload, PendingUpload, Sealed};
use super::seal::BlockSource;
use super::{ArchiveError, Opened, Progress, Reader, SealOptions, SealedObject, seal};
use crate::store::hash::{Crc64, Hasher, SizeAndHash};
use crate::store::{Download, Upload};

/// What the manifest of a source says of it. The bytes that are stored do not show it.
#[derive(Debug, Clone)]
pub struct ToldContents {
    /// The dump before compression.
    pub plain: SizeAndHash,
    /// Independent members.
    pub members: u64,
}

/// Bytes of plain text between opening and sealing.
const BETWEEN_BYTES: usize = 1 << 20;

/// Uploads the bytes of an object as they are stored. The caller compares what passed with what the source should be.
///
/// # Errors
/// One of the stores fails, or the upload was stopped. What was sent waits to be abandoned.
pub async fn transfer(
    source: &SealedObject,
    told: ToldContents,
    mut upload: Upload,
) -> Result<PendingUpload, Box<FailedUpload>> {
    let passed = AssertUnwindSafe(pass(source, &mut upload)).catch_unwind().await;
    let panicked = |_| Err(ArchiveError::Stream("its transfer panicked (see the lines above)".to_owned()));
    match passed.unwrap_or_else(panicked) {
        Ok((stored, crc64)) => {
            let sealed = Sealed {
                plain: told.plain,
                stored,
                crc64,
                members: told.members,
                levels: BTreeMap::new(),
                pieces: Vec::new(),
            };
            Ok(PendingUpload::new(upload, sealed))
        }
        Err(cause) => Err(Box::new(FailedUpload { cause, upload })),
    }
}

async fn pass(source: &SealedObject, upload: &mut Upload) -> Result<(SizeAndHash, String), ArchiveError> {
    let SealedObject { store, key, mark, bytes, .. } = source;
    let mut download = Download::new(store, key.clone(), mark.clone(), *bytes);
    let (mut hasher, mut crc64) = (Hasher::default(), Crc64::default());
    loop {
        let piece = tokio::select! {
            biased;
            () = upload.stop().requested() => return Err(ArchiveError::Stopped),
            piece = download.next() => piece?,
        };
        let Some(piece) = piece else { break };
        hasher.feed(&piece);
        crc64.feed(&piece);
        upload.write(&piece).await?;
    }
    upload.finish().await?;
    Ok((hasher.read(), crc64.read()))
}

/// Opens a source and seals its text again, in the blocks that `cut` makes of it. Gives what the source turned out to be and the
/// blocks, too: the caller compares both.
///
/// # Errors
/// The source is damaged, one of the stores fails, or the upload was stopped. What was sent waits to be abandoned.
pub async fn reseal<S: BlockSource>(
    reader: Reader,
    (options, buffers): (&SealOptions, BufferPlan),
    upload: Upload,
    cut: impl FnOnce(DuplexStream) -> S,
) -> Result<(PendingUpload, Opened, S), Box<FailedUpload>> {
    let (inlet, outlet) = tokio::io::duplex(BETWEEN_BYTES);
    let progress = Progress::default();
    let mut blocks = cut(outlet);
    // Each owns its end of the pipe: once one of them ends, the other does not wait for it.
    let sealing = async move {
        let sealed = seal(&mut blocks, options, buffers, upload, &progress).await;
        sealed.map(|pending| (pending, blocks))
    };
    let (opened, sealed) = tokio::join!(feed(reader, inlet), sealing);
    // A source that broke off looks like the end of the stream to the other side.
    match (opened, sealed?) {
        (Ok(opened), (pending, blocks)) => Ok((pending, opened, blocks)),
        (Err(cause), (pending, _)) => Err(pending.failed(cause)),
    }
}

async fn feed(mut reader: Reader, mut inlet: impl AsyncWrite + Unpin) -> Result<Opened, ArchiveError> {
    while let Some(piece) = reader.next().await? {
        inlet.write_all(&piece).await.map_err(|error| ArchiveError::Stream(error.to_string()))?;
    }
    inlet.shutdown().await.map_err(|error| ArchiveError::Stream(error.to_string()))?;
    reader.finish().await
}
