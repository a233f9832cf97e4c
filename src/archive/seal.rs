//! The pipeline: read, count and hash, compress over all cores, encrypt, count and hash again, upload. One pass,
//! nothing on disk.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::{JoinError, JoinHandle};

use super::codec::Format;
use super::encryption::Encryption;
use super::level::LevelChoice;
use super::memory::{BufferPlan, MEMBERS_THAT_WAIT};
use super::pending::{FailedUpload, PendingUpload, Sealed};
use super::pieces::SealedPiece;
use super::{ArchiveError, Codec, Recipients};
use crate::store::Upload;
use crate::store::hash::{Crc64, Hasher, SizeAndHash};

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
        format!(".sql{}{encrypted}", self.codec.format.extension())
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

/// A part of the stream. It becomes one member of the archive.
#[derive(Debug)]
pub struct Block {
    /// At most [`MEMBER_BYTES`](super::memory::MEMBER_BYTES), not empty.
    pub text: Vec<u8>,
    /// Whether a piece begins with it, which is then in the archive's index.
    pub begins_piece: bool,
}

/// What is archived.
pub trait BlockSource: Send {
    /// The next block; `None` at the end, however often it is asked.
    ///
    /// # Errors
    /// The stream fails.
    fn next_block(&mut self) -> impl Future<Output = std::io::Result<Option<Block>>> + Send;
}

/// Archives a stream up to its end. The object is not visible until the answer is committed.
///
/// # Errors
/// The stream, the compression or S3 fails, or panics, or the upload was stopped; what was sent waits to be abandoned.
pub async fn seal<S: BlockSource>(
    stream: &mut S,
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

async fn run<S: BlockSource>(
    stream: &mut S,
    (options, buffers): (&SealOptions, BufferPlan),
    upload: &mut Upload,
    progress: &Progress,
) -> Result<Sealed, ArchiveError> {
    let mut text = Hashed::new(stream);
    let mut stored_side = StoredSide {
        encryption: Encryption::new(&options.recipients)?,
        hasher: Hasher::default(),
        crc64: Crc64::default(),
    };
    let mut index = Index::default();
    let mut members: VecDeque<(_, Compressing)> = VecDeque::new();
    let mut count: u64 = 0;
    let in_flight = usize::try_from(buffers.members_in_flight).unwrap_or(usize::MAX);
    let mut levels = LevelChoice::new(options.codec, in_flight.saturating_sub(MEMBERS_THAT_WAIT));
    loop {
        // The writing end of the stream might not notice a stop.
        let block = tokio::select! {
            block = text.next() => block?,
            () = upload.stop().requested() => return Err(ArchiveError::Stopped),
        };
        let last = block.is_none();
        // A stream without a byte still becomes a valid file: one empty member.
        let empty = || Block { text: Vec::new(), begins_piece: true };
        if let Some(Block { text, begins_piece }) = block.or_else(|| (count == 0).then(empty)) {
            progress.bytes_read.fetch_add(text.len() as u64, Ordering::Relaxed);
            let of_piece = (begins_piece, text.len() as u64);
            // Each member is compressed on a core of its own. They are stored in the order in which they were read.
            let unfinished = members.iter().filter(|(_, member)| !member.is_finished()).count();
            members.push_back((of_piece, compress(options.codec.format, text, levels.next(unfinished))));
            count += 1;
        }
        while members.len() >= in_flight || (last && !members.is_empty()) {
            let Some((of_piece, member)) = members.pop_front() else { break };
            let member = member.await.map_err(lost)??;
            if member.waited {
                levels.note_wait();
            }
            index.add(of_piece, &member.bytes);
            let stored = stored_side.encryption.update(member.bytes)?;
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
    let (stored, crc64) = (end.hasher.read(), end.crc64.read());
    let plain = text.finish().await?;
    Ok(Sealed { plain, stored, crc64, members: count, levels: levels.used(), pieces: index.finish() })
}

/// A member on a core of its own.
type Compressing = JoinHandle<Result<Member, ArchiveError>>;

struct Member {
    bytes: Vec<u8>,
    /// Whether its thread waited for a core: it took half as long again as it worked, or longer.
    waited: bool,
}

fn compress(format: Format, plain: Vec<u8>, level: i32) -> Compressing {
    let asked = Instant::now();
    tokio::task::spawn_blocking(move || {
        let begin = time_on_a_core();
        let bytes = format.compress(&plain, level)?;
        let worked = time_on_a_core().saturating_sub(begin);
        Ok(Member { bytes, waited: asked.elapsed() > worked + worked / 2 })
    })
}

/// Of this thread.
fn time_on_a_core() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

fn lost(error: JoinError) -> ArchiveError {
    ArchiveError::Stream(error.to_string())
}

/// A source whose blocks are hashed in their order, each on another core while the next one is read.
struct Hashed<'s, S> {
    source: &'s mut S,
    hashing: JoinHandle<(Hasher, Option<Block>)>,
}

impl<'s, S: BlockSource> Hashed<'s, S> {
    fn new(source: &'s mut S) -> Self {
        Self { source, hashing: hash(Hasher::default(), None) }
    }

    /// The next block, after its hash; `None` at the end.
    async fn next(&mut self) -> Result<Option<Block>, ArchiveError> {
        loop {
            let read = self.source.next_block().await;
            let read = read.map_err(|error| ArchiveError::Stream(error.to_string()))?;
            let has_ended = read.is_none();
            let (hasher, hashed) = (&mut self.hashing).await.map_err(lost)?;
            self.hashing = hash(hasher, read);
            if hashed.is_some() || has_ended {
                return Ok(hashed);
            }
        }
    }

    /// What the whole stream was, after its end.
    async fn finish(self) -> Result<SizeAndHash, ArchiveError> {
        Ok(self.hashing.await.map_err(lost)?.0.read())
    }
}

fn hash(mut hasher: Hasher, block: Option<Block>) -> JoinHandle<(Hasher, Option<Block>)> {
    tokio::task::spawn_blocking(move || {
        if let Some(block) = &block {
            hasher.feed(&block.text);
        }
        (hasher, block)
    })
}

/// Measures the pieces of the compressed stream.
#[derive(Default)]
struct Index {
    pieces: Vec<SealedPiece>,
    /// Offset of the current one, bytes of its text, and the hash of its compressed bytes.
    current: (u64, u64, Hasher),
    end: u64,
}

impl Index {
    fn add(&mut self, (begins, text_bytes): (bool, u64), compressed: &[u8]) {
        if begins {
            self.complete();
        }
        self.current.1 += text_bytes;
        self.current.2.feed(compressed);
        self.end += compressed.len() as u64;
    }

    fn complete(&mut self) {
        let (offset, text_bytes, hasher) = std::mem::take(&mut self.current);
        if self.end > offset {
            let SizeAndHash { bytes, sha256 } = hasher.read();
            self.pieces.push(SealedPiece { offset, bytes, sha256, text_bytes });
        }
        self.current.0 = self.end;
    }

    fn finish(mut self) -> Vec<SealedPiece> {
        self.complete();
        self.pieces
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
