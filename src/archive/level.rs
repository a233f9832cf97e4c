//! The level of each member: as low as keeps up with the stream, as high as idle time allows. Pure.

use std::collections::BTreeMap;

use super::codec::{Codec, Format, Level};

/// The balance at which the level changes: up after 16 members without haste, down after 4 signs of it.
const PATIENCE: i32 = 16;
/// What one sign of haste takes from the balance. While cores are free, up to an eighth of the members waits, and the level must
/// rise nevertheless. While they are busy, it is half of them.
const HASTE: i32 = 4;

/// Chooses levels while a stream runs.
#[derive(Debug)]
pub struct LevelChoice {
    lowest: i32,
    highest: i32,
    level: i32,
    /// Members whose compression may run at once.
    workers: usize,
    /// Above zero if time is left.
    balance: i32,
    used: BTreeMap<i32, u64>,
}

impl LevelChoice {
    /// For a codec, and this many workers that compress members.
    #[must_use]
    pub fn new(codec: Codec, workers: usize) -> Self {
        // Above these, a level costs far more time than it saves bytes.
        let (lowest, level, highest) = match (codec.level, codec.format) {
            (Level::Fixed(level), _) => (level, level, level),
            (Level::Auto, Format::Gzip) => (1, 4, 6),
            (Level::Auto, Format::Zstd) => (1, 2, 3),
        };
        Self { lowest, highest, level, workers: workers.max(1), balance: 0, used: BTreeMap::new() }
    }

    /// The level of the next member, while `unfinished` members before it are still being compressed. If they occupy all workers, the
    /// source waits for them, or will soon. If none is left, the workers wait for the source.
    pub fn next(&mut self, unfinished: usize) -> i32 {
        if unfinished >= self.workers {
            self.balance -= HASTE;
        } else if unfinished == 0 {
            self.balance += 1;
        }
        if self.balance.abs() >= PATIENCE {
            self.level = (self.level + self.balance.signum()).clamp(self.lowest, self.highest);
            self.balance = 0;
        }
        *self.used.entry(self.level).or_default() += 1;
        self.level
    }

    /// A member waited for a core: pg_dump, a database on this machine or the rest of the pipeline needs the cores, too.
    pub fn note_wait(&mut self) {
        self.balance -= HASTE;
    }

    /// Members of each level that was used.
    #[must_use]
    pub fn used(self) -> BTreeMap<i32, u64> {
        self.used
    }
}

#[cfg(test)]
mod tests;
