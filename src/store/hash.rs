//! Counts and hashes a stream while it goes by. Pure.

use base64::Engine as _;
use crc_fast::CrcAlgorithm;
use sha2::{Digest as _, Sha256};

/// A running count and SHA-256.
#[derive(Debug, Default, Clone)]
pub struct Hasher {
    bytes: u64,
    sha256: Sha256,
}

/// What a stream was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeAndHash {
    /// Its length.
    pub bytes: u64,
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

impl Hasher {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.sha256.update(bytes);
    }

    /// The sums so far.
    #[must_use]
    pub fn read(self) -> SizeAndHash {
        let digits = self.sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        SizeAndHash { bytes: self.bytes, sha256: digits }
    }
}

/// A running CRC64NVME, S3's checksum of whole objects.
pub struct Crc64(crc_fast::Digest);

impl Default for Crc64 {
    fn default() -> Self {
        Self(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme))
    }
}

impl std::fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Crc64")
    }
}

impl Crc64 {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Base64 of the big-endian sum, as S3 writes it.
    #[must_use]
    pub fn read(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(self.0.finalize().to_be_bytes())
    }
}

#[cfg(test)]
mod tests;
