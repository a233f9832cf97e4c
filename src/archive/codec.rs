//! Compression of one member. Pure.
//!
//! An archive is a sequence of independent members, each compressed by itself, so all cores work on one stream. Both
//! formats say that a sequence of members is a file like any other (RFC 1952 section 2.2, RFC 8878 section 3), and
//! `gunzip` and `zstd -d` read it as one.

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
}

/// How members are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// gzip, level 1 to 12.
    Gzip(i32),
    /// zstd, level 1 to 19.
    Zstd(i32),
}

impl Codec {
    /// The level that fits best where none was asked for. Of gzip: above it, levels cost more time than they save
    /// bytes. Of zstd: already smaller than gzip at a third of its time.
    pub const GZIP_LEVEL: i32 = 4;
    /// See [`Codec::GZIP_LEVEL`].
    pub const ZSTD_LEVEL: i32 = 3;

    /// A codec of a format, with an optional level.
    ///
    /// # Errors
    /// What is wrong with the level, in words that follow its name.
    pub fn new(format: Format, level: Option<i32>) -> Result<Self, String> {
        let within = |highest: i32, default: i32| match level.unwrap_or(default) {
            level if (1..=highest).contains(&level) => Ok(level),
            level => Err(format!("is {level}, but {} has levels 1 to {highest}", format.name())),
        };
        match format {
            Format::Gzip => Ok(Self::Gzip(within(12, Self::GZIP_LEVEL)?)),
            Format::Zstd => Ok(Self::Zstd(within(19, Self::ZSTD_LEVEL)?)),
        }
    }

    /// What decompresses it.
    #[must_use]
    pub fn format(self) -> Format {
        match self {
            Self::Gzip(_) => Format::Gzip,
            Self::Zstd(_) => Format::Zstd,
        }
    }

    /// `gzip` or `zstd`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.format().name()
    }

    /// The level.
    #[must_use]
    pub fn level(self) -> i32 {
        match self {
            Self::Gzip(level) | Self::Zstd(level) => level,
        }
    }

    /// The end of a file name: `.gz` or `.zst`.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.format().extension()
    }

    /// One member that decompresses to `plain`. The same input gives the same bytes.
    ///
    /// # Errors
    /// The library refuses, for want of memory.
    pub fn compress(self, plain: &[u8]) -> Result<Vec<u8>, ArchiveError> {
        match self {
            Self::Gzip(level) => gzip(plain, level),
            Self::Zstd(level) => zstd(plain, level),
        }
    }
}

fn gzip(plain: &[u8], level: i32) -> Result<Vec<u8>, ArchiveError> {
    let level = CompressionLvl::new(level).map_err(|error| failed(format!("{error:?}")))?;
    let mut compressor = Compressor::new(level);
    let mut member = vec![0; compressor.gzip_compress_bound(plain.len())];
    let length = compressor.gzip_compress(plain, &mut member).map_err(|error| failed(error.to_string()))?;
    member.truncate(length);
    Ok(member)
}

fn zstd(plain: &[u8], level: i32) -> Result<Vec<u8>, ArchiveError> {
    let failed = |error: std::io::Error| failed(error.to_string());
    let mut compressor = zstd::bulk::Compressor::new(level).map_err(failed)?;
    compressor.include_checksum(true).map_err(failed)?;
    compressor.compress(plain).map_err(failed)
}

fn failed(reason: String) -> ArchiveError {
    ArchiveError::Transform { what: "compressed", reason }
}

#[cfg(test)]
mod tests;
