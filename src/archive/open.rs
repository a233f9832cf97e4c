//! The way back: fetch, count and hash, decrypt, decompress, count and hash again. One pass, nothing on disk, a few MiB of
//! memory whatever the size.
//!
//! The output is only known to be what went in after the end was reached: until then, the rest may be damaged. The caller
//! compares the result with the manifest.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::codec::Format;
use super::decode::Decoding;
use super::measure::{Measure, Meter};
use super::s3::download::Download;
use super::{ArchiveError, Identities, Store};

/// Pieces as the network gives them, at most half a MiB each.
const STORED_AHEAD: usize = 8;
const PLAIN_AHEAD: usize = 4;

/// An object that was examined.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its bucket.
    pub store: Store,
    /// Its key.
    pub key: String,
    /// Its mark; see [`super::thaw::Examined`].
    pub etag: String,
    /// Its size.
    pub bytes: u64,
    /// What decompresses it.
    pub format: Format,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Identities that decrypt it. Unused if it is not encrypted.
    pub identities: Identities,
}

/// What a source turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The bytes as they are stored.
    pub stored: Measure,
    /// What came out.
    pub plain: Measure,
    /// Time of decrypting and decompressing alone.
    pub decoding: Duration,
}

/// A source that is being read. Dropping it ends the transfer.
#[derive(Debug)]
pub struct Reader {
    plain: mpsc::Receiver<Bytes>,
    meter: Meter,
    fetching: AbortOnDropHandle<Option<Measure>>,
    decoding: JoinHandle<Result<Duration, ArchiveError>>,
    stop: CancellationToken,
    end: Option<Result<(Measure, Duration), ArchiveError>>,
}

/// Begins to read a source. When `stop` is cancelled it gives up at once. Needs a runtime around it.
///
/// # Errors
/// It is encrypted, and there is no identity.
pub fn open(source: Source, stop: CancellationToken) -> Result<Reader, ArchiveError> {
    let Source { store, key, etag, bytes, format, encrypted, identities } = source;
    let location = store.location(&key);
    if encrypted && identities.is_empty() {
        return Err(ArchiveError::IdentityMissing { location, recipients: Vec::new() });
    }
    let (to_decoder, stored) = mpsc::channel(STORED_AHEAD);
    let (to_reader, plain) = mpsc::channel(PLAIN_AHEAD);
    let download = Download::new(store, key, etag, bytes);
    let fetching = AbortOnDropHandle::new(tokio::spawn(fetch(download, to_decoder, stop.clone())));
    let decoding = Decoding { location, format, identities: encrypted.then_some(identities) };
    let decoding = tokio::task::spawn_blocking(move || decoding.run(stored, &to_reader));
    Ok(Reader { plain, meter: Meter::default(), fetching, decoding, stop, end: None })
}

/// Returns the sums of all stored bytes, or `None` if the decoder received an error or stopped reading.
async fn fetch(
    mut download: Download,
    to_decoder: mpsc::Sender<Result<Bytes, ArchiveError>>,
    stop: CancellationToken,
) -> Option<Measure> {
    let mut meter = Meter::default();
    loop {
        let piece = tokio::select! {
            biased;
            () = stop.cancelled() => Err(ArchiveError::Stopped),
            piece = download.next() => piece,
        };
        match piece {
            Ok(Some(piece)) => {
                meter.feed(&piece);
                to_decoder.send(Ok(piece)).await.ok()?;
            }
            Ok(None) => return Some(meter.read()),
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
            self.meter.feed(&piece);
            return Ok(Some(piece));
        }
        let end = self.ended().await;
        if end.is_err() {
            self.fetching.abort();
        }
        self.end = Some(end.clone());
        end.map(|_| None)
    }

    async fn ended(&mut self) -> Result<(Measure, Duration), ArchiveError> {
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
        let Self { meter, end, .. } = self;
        let (stored, decoding) = end.unwrap_or(Err(ArchiveError::Stopped))?;
        Ok(Opened { stored, plain: meter.read(), decoding })
    }
}
