//! Compression of one member. Pure.
//!
//! An archive is a sequence of independent members, each compressed by itself, so all cores work on one stream. Both
//! formats say that a sequence of members is a file like any other (RFC 1952 section 2.2, RFC 8878 section 3), and
//! `gunzip` and `zstd -d` read it as one.

use std::cell::RefCell;

use libdeflater::{CompressionLvl, Compressor};

use super::ArchiveError;

/// What decompresses an archive. The level does not matter for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `gunzip`.
    Gzip,
    /// `zstd -d`.
    Zstd,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Zstd];

    /// `gzip` or `zstd`, as the manifest of a backup names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The end of a file name: `.gz` or `.zst`.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// The highest level that it has. The lowest is 1.
    #[must_use]
    pub fn highest_level(self) -> i32 {
        match self {
            Self::Gzip => 12,
            Self::Zstd => 19,
        }
    }

    /// One member that decompresses to `plain`. The same text and level give the same bytes.
    ///
    /// # Errors
    /// The library refuses, for want of memory.
    pub fn compress(self, plain: &[u8], level: i32) -> Result<Vec<u8>, ArchiveError> {
        WORKSPACE.with_borrow_mut(|workspace| match self {
            Self::Gzip => workspace.gzip(plain, level),
            Self::Zstd => workspace.zstd(plain, level),
        })
    }
}

/// How strongly members are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Each member as strongly as the stream leaves time for.
    Auto,
    /// All alike.
    Fixed(i32),
}

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// What decompresses it.
    pub format: Format,
    /// How strongly.
    pub level: Level,
}

impl Codec {
    /// A codec of a format.
    ///
    /// # Errors
    /// What is wrong with the level, in words that follow its name.
    pub fn new(format: Format, level: Level) -> Result<Self, String> {
        match level {
            Level::Fixed(level) if !(1..=format.highest_level()).contains(&level) => {
                Err(format!("is {level}, but {} has levels 1 to {}", format.name(), format.highest_level()))
            }
            level => Ok(Self { format, level }),
        }
    }
}

thread_local! {
    /// Each member of a thread uses the memory of the one before: fresh memory costs as much as a fast level itself.
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

#[derive(Default)]
struct Workspace {
    gzip: Option<(i32, Compressor)>,
    zstd: Option<(i32, zstd::bulk::Compressor<'static>)>,
    member: Vec<u8>,
}

impl Workspace {
    fn gzip(&mut self, plain: &[u8], level: i32) -> Result<Vec<u8>, ArchiveError> {
        let mut compressor = match self.gzip.take() {
            Some((same, compressor)) if same == level => compressor,
            _ => {
                let known = CompressionLvl::new(level).map_err(|error| failed(format!("{error:?}")))?;
                Compressor::new(known)
            }
        };
        let member = self.room(compressor.gzip_compress_bound(plain.len()));
        let length = compressor.gzip_compress(plain, member).map_err(|error| failed(error.to_string()))?;
        let compressed = member[..length].to_vec();
        self.gzip = Some((level, compressor));
        Ok(compressed)
    }

    fn zstd(&mut self, plain: &[u8], level: i32) -> Result<Vec<u8>, ArchiveError> {
        let failed = |error: std::io::Error| failed(error.to_string());
        let mut compressor = match self.zstd.take() {
            Some((same, compressor)) if same == level => compressor,
            _ => {
                let mut compressor = zstd::bulk::Compressor::new(level).map_err(failed)?;
                compressor.include_checksum(true).map_err(failed)?;
                compressor
            }
        };
        let member = self.room(zstd::zstd_safe::compress_bound(plain.len()));
        let length = compressor.compress_to_buffer(plain, member).map_err(failed)?;
        let compressed = member[..length].to_vec();
        self.zstd = Some((level, compressor));
        Ok(compressed)
    }

    fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.member.len() < bytes {
            self.member.resize(bytes, 0);
        }
        &mut self.member
    }
}

fn failed(reason: String) -> ArchiveError {
    ArchiveError::Transform { what: "compressed", reason }
}

#[cfg(test)]
mod tests;
