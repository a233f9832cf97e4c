//! Undoes what sealing did to the bytes: decrypts, then decompresses, member after member. Blocks; runs in a thread of its
//! own between two channels, and holds a few MiB however long the stream is.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

use age::{DecryptError, Decryptor};
use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;
use tokio::sync::mpsc::{Receiver, Sender};

use super::codec::Format;
use super::{ArchiveError, Identities};

/// Bytes of a piece of plain text; the last one is shorter.
pub(super) const PIECE_BYTES: usize = 256 << 10;
const DECRYPTED_BYTES: usize = 64 << 10;
/// Every decoder should take windows of 8 MiB (RFC 8878 section 3.1.1.1.2); a member of ours has 1 MiB.
const WINDOW_LOG: u32 = 23;

/// What is to be undone.
#[derive(Debug)]
pub struct Decoding {
    /// `s3://bucket/key`, for messages.
    pub location: String,
    /// What decompresses it.
    pub format: Format,
    /// Identities that decrypt it, if it is encrypted.
    pub identities: Option<Identities>,
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
            None => self.decompress(inlet)?,
            Some(identities) => {
                let decrypted = self.decrypt(inlet, identities)?;
                self.decompress(BufReader::with_capacity(DECRYPTED_BYTES, decrypted))?
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
