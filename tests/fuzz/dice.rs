//! Chance that can be had again, and what it does to bytes.

/// Numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice that fall for these bytes always in the same way, so that an input alone says what happened.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// True once in this many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// A range within this many bytes, mostly a short one.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let begin = self.below(length + 1);
        let most = if self.once_in(4) { length } else { 16 };
        begin..(begin + self.below(most + 1)).min(length)
    }

    /// One change, up to eight times.
    pub(crate) fn mutated(
        &mut self,
        input: &[u8],
        other: &[u8],
        tokens: &[&[u8]],
        longest: usize,
    ) -> Vec<u8> {
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(8) {
            self.mutate(&mut bytes, other, (tokens, longest));
            bytes.truncate(longest);
        }
        bytes
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8], (tokens, longest): (&[&[u8]], usize)) {
        let (at, range) = (self.below(bytes.len() + 1), self.range(bytes.len()));
        match self.below(11) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.next() as u8,
            2 if at < bytes.len() => bytes[at] = *self.pick(&[&b'\0', &b'\n', &b'\'', &b'"', &b'\\', &0xff]),
            3 => drop(bytes.splice(at..at, self.pick(tokens).iter().copied())),
            4 => drop(bytes.splice(range, self.pick(tokens).iter().copied())),
            5 => drop(bytes.drain(range)),
            6 => bytes.truncate(at),
            7 => {
                let piece = bytes[range].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            8 => {
                let piece = if self.once_in(2) { bytes[range].to_vec() } else { self.pick(tokens).to_vec() };
                let most = if self.once_in(20) { 4096 } else { 40 };
                drop(bytes.splice(at..at, piece.repeat(self.below(most).min(longest / piece.len().max(1)))));
            }
            9 => {
                let theirs = self.range(other.len());
                drop(bytes.splice(range, other[theirs].iter().copied()));
            }
            _ => {
                let digits =
                    ["0", "-1", "1e9", "255", "65536", "4294967296", "18446744073709551616", "1e400"];
                drop(bytes.splice(range, self.pick(&digits).bytes()));
            }
        }
    }
}
