//! Reads a stored object: fetch, count and hash, decrypt, decompress, count and hash again. One pass, nothing on disk, a few MiB of
//! memory whatever the size.
//!
//! The output is only known to be what went in after the end was reached: until then, the rest may be damaged. The caller
//! compares the result with the manifest.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use age::{DecryptError, Decryptor};
use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::codec::Format;
use super::pieces::{ProvenPieces, Selection};
use super::{ArchiveError, Identities};
use crate::store::Download;
use crate::store::Store;
use crate::store::hash::{Hasher, SizeAndHash};

/// Pieces as the network gives them, at most half a MiB each.
const STORED_AHEAD: usize = 8;
const PLAIN_AHEAD: usize = 4;

/// An object that was examined.
#[derive(Debug, Clone)]
pub struct SealedObject {
    /// Its bucket.
    pub store: Store,
    /// Its key.
    pub key: String,
    /// Its mark; see [`crate::store::ObjectInfo`].
    pub mark: String,
    /// Its size.
    pub bytes: u64,
    /// What decompresses it.
    pub format: Format,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Identities that decrypt it. Unused if it is not encrypted.
    pub identities: Identities,
}

impl SealedObject {
    fn download(&self, range: Range<u64>) -> Download {
        Download::of_range(&self.store, self.key.clone(), self.mark.clone(), self.bytes, range)
    }
}

/// What a source turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The bytes as they are stored.
    pub stored: SizeAndHash,
    /// What came out.
    pub plain: SizeAndHash,
    /// Time of decrypting and decompressing alone.
    pub decoding: Duration,
}

/// A source that is being read. Dropping it ends the transfer.
#[derive(Debug)]
pub struct Reader {
    plain: mpsc::Receiver<Bytes>,
    hasher: Hasher,
    fetching: AbortOnDropHandle<Option<SizeAndHash>>,
    decoding: JoinHandle<Result<Duration, ArchiveError>>,
    stop: CancellationToken,
    end: Option<Result<(SizeAndHash, Duration), ArchiveError>>,
}

/// Begins to read a source. When `stop` is canceled it gives up at once. Needs a runtime around it.
///
/// # Errors
/// It is encrypted, and there is no identity.
pub fn open(source: SealedObject, stop: CancellationToken) -> Result<Reader, ArchiveError> {
    let download = source.download(0..source.bytes);
    start(source, vec![download], None, stop)
}

/// Begins to read only some pieces of a source, each proven before any of its text is given. An encrypted source is fetched
/// whole; of another one, only their bytes. [`Opened`] then measures what was read.
///
/// # Errors
/// As [`open`].
pub fn open_pieces(
    source: SealedObject,
    selection: Selection,
    stop: CancellationToken,
) -> Result<Reader, ArchiveError> {
    if source.encrypted {
        let download = source.download(0..source.bytes);
        return start(source, vec![download], Some(selection), stop);
    }
    let downloads = selection.ranges().into_iter().map(|range| source.download(range)).collect();
    start(source, downloads, Some(selection.without_gaps()), stop)
}

fn start(
    source: SealedObject,
    downloads: Vec<Download>,
    selection: Option<Selection>,
    stop: CancellationToken,
) -> Result<Reader, ArchiveError> {
    let SealedObject { store, key, format, encrypted, identities, .. } = source;
    let location = store.location(&key);
    if encrypted && identities.is_empty() {
        return Err(ArchiveError::IdentityMissing { location, recipients: Vec::new() });
    }
    let (to_decoder, stored) = mpsc::channel(STORED_AHEAD);
    let (to_reader, plain) = mpsc::channel(PLAIN_AHEAD);
    let fetching = AbortOnDropHandle::new(tokio::spawn(fetch(downloads, to_decoder, stop.clone())));
    let decoding = Decoding { location, format, identities: encrypted.then_some(identities), selection };
    let decoding = tokio::task::spawn_blocking(move || decoding.run(stored, &to_reader));
    Ok(Reader { plain, hasher: Hasher::default(), fetching, decoding, stop, end: None })
}

/// Returns the sums of all stored bytes, or `None` if the decoder received an error or stopped reading.
async fn fetch(
    downloads: Vec<Download>,
    to_decoder: mpsc::Sender<Result<Bytes, ArchiveError>>,
    stop: CancellationToken,
) -> Option<SizeAndHash> {
    let (mut hasher, mut downloads) = (Hasher::default(), downloads.into_iter());
    let mut current = downloads.next();
    loop {
        let Some(download) = &mut current else { return Some(hasher.read()) };
        let piece = tokio::select! {
            biased;
            () = stop.cancelled() => Err(ArchiveError::Stopped),
            piece = download.next() => piece.map_err(ArchiveError::from),
        };
        match piece {
            Ok(Some(piece)) => {
                hasher.feed(&piece);
                to_decoder.send(Ok(piece)).await.ok()?;
            }
            Ok(None) => current = downloads.next(),
            // Through the decoder, so that it is the cause that is reported, and not a stream that is cut off.
            Err(error) => {
                to_decoder.send(Err(error)).await.ok()?;
                return None;
            }
        }
    }
}

impl Reader {
    /// The next piece of plain text, at most 256 KiB; `None` when every stored byte was read and every layer ended well.
    ///
    /// # Errors
    /// S3 fails, the object is not the one that was examined, is cut or altered, or the transfer was stopped. What was
    /// given before counts for nothing.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ArchiveError> {
        let piece = match &self.end {
            Some(Ok(_)) => return Ok(None),
            Some(Err(error)) => return Err(error.clone()),
            None => tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(ArchiveError::Stopped),
                piece = self.plain.recv() => piece,
            },
        };
        if let Some(piece) = piece {
            self.hasher.feed(&piece);
            return Ok(Some(piece));
        }
        let end = self.ended().await;
        if end.is_err() {
            self.fetching.abort();
        }
        self.end = Some(end.clone());
        end.map(|_| None)
    }

    async fn ended(&mut self) -> Result<(SizeAndHash, Duration), ArchiveError> {
        let lost = |reason: String| ArchiveError::Transform { what: "opened", reason };
        let decoding = (&mut self.decoding).await.map_err(|error| lost(error.to_string()))??;
        // The decoder read up to the end, so nothing is on its way any more.
        let stored = (&mut self.fetching).await.map_err(|error| lost(error.to_string()))?;
        let stored = stored.ok_or_else(|| lost("not every byte was decoded".to_owned()))?;
        Ok((stored, decoding))
    }

    /// Reads the rest and returns the sums of everything.
    ///
    /// # Errors
    /// As [`Reader::next`].
    pub async fn finish(mut self) -> Result<Opened, ArchiveError> {
        while self.next().await?.is_some() {}
        let Self { hasher, end, .. } = self;
        let (stored, decoding) = end.unwrap_or(Err(ArchiveError::Stopped))?;
        Ok(Opened { stored, plain: hasher.read(), decoding })
    }
}

/// Bytes of a piece of plain text; the last one is shorter.
pub(super) const PIECE_BYTES: usize = 256 << 10;
const DECRYPTED_BYTES: usize = 64 << 10;
/// Every decoder should take windows of 8 MiB (RFC 8878 section 3.1.1.1.2); a member of ours has 1 MiB.
const WINDOW_LOG: u32 = 23;

/// Undoes what sealing did to the bytes: decrypts, then decompresses, member after member. Blocks; runs in a thread of its
/// own between two channels, and holds a few MiB however long the stream is.
#[derive(Debug)]
pub struct Decoding {
    /// `s3://bucket/key`, for messages.
    pub location: String,
    /// What decompresses it.
    pub format: Format,
    /// Identities that decrypt it, if it is encrypted.
    pub identities: Option<Identities>,
    /// The pieces that are let through, if not everything is.
    pub selection: Option<Selection>,
}

impl Decoding {
    /// Decodes `stored` up to its end. Returns how long that took, without any waiting. If the receiver of the pieces is
    /// gone, it ends at once.
    ///
    /// # Errors
    /// What came in as an error; or the stream is cut, altered, or goes on after its end.
    pub fn run(
        &self,
        stored: Receiver<Result<Bytes, ArchiveError>>,
        plain: &Sender<Bytes>,
    ) -> Result<Duration, ArchiveError> {
        let (begun, idle) = (Instant::now(), Rc::new(Cell::new(Duration::ZERO)));
        let inlet = Inlet { stored, piece: Bytes::new(), idle: Rc::clone(&idle) };
        let mut decoder = match &self.identities {
            None => self.decode(inlet)?,
            Some(identities) => {
                let decrypted = self.decrypt(inlet, identities)?;
                self.decode(BufReader::with_capacity(DECRYPTED_BYTES, decrypted))?
            }
        };
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let length = fill(&mut decoder, &mut piece).map_err(|error| self.damage(error))?;
            piece.truncate(length);
            let wanted = length > 0 && waiting(&idle, || plain.blocking_send(Bytes::from(piece))).is_ok();
            if length < PIECE_BYTES || !wanted {
                return Ok(begun.elapsed().saturating_sub(idle.get()));
            }
        }
    }

    fn decrypt(&self, inlet: Inlet, identities: &Identities) -> Result<Authentic, ArchiveError> {
        let opened = Decryptor::new_buffered(inlet).and_then(|sealed| sealed.decrypt(identities.keys()));
        let reader = opened.map_err(|error| match error {
            DecryptError::Io(error) => self.cause(error, |_| self.corrupt("the age header is cut off")),
            DecryptError::NoMatchingKeys => {
                ArchiveError::IdentityWrong { location: self.location.clone(), recipients: Vec::new() }
            }
            _ => self.corrupt("the age header was altered or is missing"),
        })?;
        Ok(Authentic { reader, damage: self.corrupt("the age stream was cut off or altered") })
    }

    fn decode<'a>(&self, stream: impl BufRead + 'a) -> Result<Box<dyn Read + 'a>, ArchiveError> {
        match &self.selection {
            None => self.decompress(stream),
            Some(selection) => {
                self.decompress(ProvenPieces::new(stream, selection.clone(), self.location.clone()))
            }
        }
    }

    fn decompress<'a>(&self, mut stream: impl BufRead + 'a) -> Result<Box<dyn Read + 'a>, ArchiveError> {
        // To zstd, no frame at all would be a valid stream.
        if stream.fill_buf().map_err(|error| self.damage(error))?.is_empty() {
            return Err(self.corrupt("there is nothing in it"));
        }
        Ok(match self.format {
            Format::Gzip => Box::new(MultiGzDecoder::new(stream)),
            Format::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(stream).map_err(|error| self.damage(error))?;
                decoder.window_log_max(WINDOW_LOG).map_err(|error| self.damage(error))?;
                Box::new(decoder)
            }
        })
    }

    fn damage(&self, error: std::io::Error) -> ArchiveError {
        let format = self.format.name();
        self.cause(error, |error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.corrupt(&format!("the {format} stream is cut off")),
            _ => {
                self.corrupt(&format!("the {format} stream was altered, or continues after its end: {error}"))
            }
        })
    }

    /// An error that only passed through the decoders, else what is made of theirs.
    fn cause(
        &self,
        error: std::io::Error,
        otherwise: impl FnOnce(std::io::Error) -> ArchiveError,
    ) -> ArchiveError {
        error.downcast::<ArchiveError>().unwrap_or_else(otherwise)
    }

    fn corrupt(&self, what: &str) -> ArchiveError {
        ArchiveError::Corrupt { location: self.location.clone(), what: what.to_owned() }
    }
}

fn fill(decoder: &mut dyn Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < piece.len() {
        match decoder.read(&mut piece[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

fn waiting<T>(idle: &Cell<Duration>, wait: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let answer = wait();
    idle.set(idle.get() + begun.elapsed());
    answer
}

/// The stored bytes as they arrive.
struct Inlet {
    stored: Receiver<Result<Bytes, ArchiveError>>,
    piece: Bytes,
    idle: Rc<Cell<Duration>>,
}

impl BufRead for Inlet {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.piece.is_empty() {
            match waiting(&self.idle, || self.stored.blocking_recv()) {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Err(std::io::Error::other(error)),
                None => break,
            }
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, length: usize) {
        self.piece.advance(length);
    }
}

impl Read for Inlet {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

/// What age lets through is authentic; what it does not has a name of its own.
struct Authentic {
    reader: age::stream::StreamReader<Inlet>,
    damage: ArchiveError,
}

impl Read for Authentic {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.reader.read(buffer).map_err(|error| match error.downcast::<ArchiveError>() {
            Ok(passed) => std::io::Error::other(passed),
            Err(_) => std::io::Error::other(self.damage.clone()),
        })
    }
}
