//! The sizes of a multipart upload's parts. Pure.
//!
//! S3 takes 10,000 parts of 5 MiB to 5 GiB (user guide, "Amazon S3 multipart upload limits"). Some compatible stores
//! want all parts but the last to be equal, so the size is chosen before the start, from the database's size, and grows
//! only near the end of the 10,000, for a stream that turns out far longer than its database let expect.

/// One mebibyte.
pub const MIB: u64 = 1 << 20;
/// The most parts of one upload.
pub const MOST_PARTS: u32 = 10_000;
/// The smallest size of a part that is not the last.
pub const SMALLEST: u64 = 5 * MIB;
/// The largest size of a part.
pub const LARGEST: u64 = 5 << 30;

/// Parts of the first size, before growth sets in.
const EQUAL_PARTS: u32 = 9_000;
/// The part size doubles each time this many parts are full.
const GROWTH_STEP: u32 = 100;

/// The size of part `number` (from 1) of an upload whose first part has `first` bytes.
#[must_use]
pub fn size(number: u32, first: u64) -> u64 {
    let doublings = match number.checked_sub(EQUAL_PARTS + 1) {
        Some(over) => over / GROWTH_STEP + 1,
        None => 0,
    };
    first.saturating_mul(1 << doublings.min(40)).clamp(SMALLEST, LARGEST)
}

/// The smallest size of the first part, in whole MiB, with which `bytes` fit before growth sets in (for sizes near S3's
/// largest object: at all).
#[must_use]
pub fn first_size_for(bytes: u64) -> u64 {
    let equal = bytes.div_ceil(u64::from(EQUAL_PARTS)).next_multiple_of(MIB);
    equal.clamp(SMALLEST, LARGEST)
}

/// The most bytes that an upload can take whose first part has `first` bytes.
#[must_use]
pub fn capacity(first: u64) -> u64 {
    (1..=MOST_PARTS).map(|number| size(number, first)).sum()
}

/// How a stream is cut into parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlan {
    /// Bytes of the first part; the others are alike (see [`size`]).
    pub part_bytes: u64,
    /// Parts in flight to the store, in addition to the one that is being filled.
    pub parts_in_flight: u64,
}

/// Cuts a stream of bytes into parts.
#[derive(Debug)]
pub struct PartSplitter {
    first: u64,
    number: u32,
    buffer: Vec<u8>,
}

impl PartSplitter {
    /// A splitter for parts of `first` bytes.
    #[must_use]
    pub fn new(first: u64) -> Self {
        Self { first, number: 1, buffer: Vec::new() }
    }

    /// Takes bytes, and gives each part that they fill.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut full = Vec::new();
        while !bytes.is_empty() {
            let wanted = usize::try_from(size(self.number, self.first)).unwrap_or(usize::MAX);
            if self.buffer.capacity() == 0 {
                self.buffer.reserve_exact(wanted);
            }
            let (now, later) = bytes.split_at((wanted - self.buffer.len()).min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == wanted {
                full.push(std::mem::take(&mut self.buffer));
                self.number += 1;
            }
        }
        full
    }

    /// The rest: the last part, or the whole stream if it filled none.
    pub fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }
}

#[cfg(test)]
mod tests;
