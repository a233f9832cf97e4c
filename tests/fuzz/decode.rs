//! Archives that were altered on their way or in their bucket.

use std::time::Duration;

use bytes::Bytes;
use sponsor_backup::archive::codec::Format;
use sponsor_backup::archive::open::Decoding;
use sponsor_backup::archive::{ArchiveError, Identities};
use tokio::sync::mpsc;

use crate::dice::Dice;
use crate::engine::{Outcome, Target};

/// A mutated archive may hold a bomb: pieces beyond this are not asked for.
const MOST_PIECES: usize = 64;

const TOKENS: &[&[u8]] = &[
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd",
    b"\x01\x00\x00\xff\xff",
    b"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    b"age-encryption.org/v1\n",
    b"-> X25519 ",
    b"---",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
];

/// A text of two members, and what they are in each form: gzip, zstd, and both encrypted.
struct Forms {
    plain: Vec<u8>,
    sealed: Vec<(Format, bool, Vec<u8>)>,
    identities: Identities,
}

impl Forms {
    fn new() -> Self {
        let identity = age::x25519::Identity::generate();
        let text = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
        let members = [
            b"COPY t (a) FROM stdin;\n1\t2\n".repeat(40),
            (0..3000_u32).flat_map(u32::to_le_bytes).collect(),
        ];
        let mut sealed = Vec::new();
        for (format, level) in [(Format::Gzip, 4), (Format::Zstd, 3)] {
            let archive: Vec<u8> =
                members.iter().flat_map(|member| format.compress(member, level).unwrap()).collect();
            let encrypted = age::encrypt(&identity.to_public(), &archive).unwrap();
            sealed.push((format, false, archive));
            sealed.push((format, true, encrypted));
        }
        Self { plain: members.concat(), sealed, identities: Identities::parse(&text).unwrap() }
    }

    /// Decodes, in pieces as a network may give them; the end of it, and what came out until then.
    fn open(
        &self,
        format: Format,
        encrypted: bool,
        stored: &[u8],
        dice: &mut Dice,
    ) -> (Result<Duration, ArchiveError>, Vec<u8>) {
        let mut pieces = Vec::new();
        let mut rest = stored;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((1 + dice.below(4000)).min(rest.len()));
            pieces.push(Ok(Bytes::copy_from_slice(now)));
            rest = later;
        }
        let (to_decoder, inlet) = mpsc::channel(pieces.len().max(1));
        pieces.into_iter().for_each(|piece| to_decoder.try_send(piece).unwrap());
        drop(to_decoder);
        let (outlet, mut out) = mpsc::channel::<Bytes>(MOST_PIECES);
        let identities = encrypted.then(|| self.identities.clone());
        let decoding = Decoding { location: "s3://b/k".to_owned(), format, identities, selection: None };
        let reading = std::thread::spawn(move || {
            let mut plain = Vec::new();
            for _ in 0..MOST_PIECES {
                let Some(piece) = out.blocking_recv() else { break };
                plain.extend_from_slice(&piece);
            }
            plain
        });
        let end = decoding.run(inlet, &outlet);
        drop(outlet);
        (end, reading.join().unwrap())
    }
}

/// The input says what happens: its first byte chooses the form, its other bytes are the dice. So that seeds need not be
/// kept that hold keys.
#[test]
fn altered_archives() {
    let forms = Forms::new();
    let seeds = (0..4).map(|form| vec![form, 1, 2, 3]).collect();
    Target { name: "decode", seeds, tokens: TOKENS, longest: 20_000 }
        .run(|input, dice| property(&forms, input, dice));
}

fn property(forms: &Forms, input: &[u8], dice: &mut Dice) -> Outcome {
    let (format, encrypted, sealed) =
        &forms.sealed[usize::from(input.first().copied().unwrap_or_default()) % 4];
    let (end, plain) = forms.open(*format, *encrypted, sealed, dice);
    if end.is_err() || plain != forms.plain {
        return Err(format!("what was sealed does not open: {end:?}"));
    }
    // Foreign from end to end.
    drop(forms.open(*format, *encrypted, input, dice));
    flipped(forms, (*format, *encrypted, sealed), dice)?;
    let altered = dice.mutated(sealed, input, TOKENS, 100_000);
    if altered == *sealed {
        return Ok("unaltered".to_owned());
    }
    let (end, plain) = forms.open(*format, *encrypted, &altered, dice);
    if *encrypted && end.is_ok() {
        return Err(format!(
            "an altered {format:?} archive passes for age's: {} bytes of {}",
            altered.len(),
            sealed.len()
        ));
    }
    // gzip and zstd vouch for each member, not for which ones there are: that is what hash and manifest are for. But
    // nothing may come out that was in no member.
    if end.is_ok() && !is_of_members(&forms.plain, &plain) {
        return Err(format!(
            "an altered {format:?} archive gives other bytes: {} of {}",
            plain.len(),
            forms.plain.len()
        ));
    }
    let kind = end.err().map(|error| error.to_string()).unwrap_or_default();
    Ok(format!("{format:?} {encrypted} {kind}"))
}

/// Whether a text is made of the two members, each any number of times.
fn is_of_members(whole: &[u8], text: &[u8]) -> bool {
    let (first, second) = whole.split_at(b"COPY t (a) FROM stdin;\n1\t2\n".len() * 40);
    let mut rest = text;
    while !rest.is_empty() {
        match rest.strip_prefix(first).or_else(|| rest.strip_prefix(second)) {
            Some(later) => rest = later,
            None => return false,
        }
    }
    true
}

/// A single bit is always noticed, or made no difference to what came out.
fn flipped(
    forms: &Forms,
    (format, encrypted, sealed): (Format, bool, &[u8]),
    dice: &mut Dice,
) -> Result<(), String> {
    let mut altered = sealed.to_vec();
    let at = dice.below(altered.len());
    altered[at] ^= 1 << dice.below(8);
    let (end, plain) = forms.open(format, encrypted, &altered, dice);
    if end.is_ok() && (encrypted || plain != forms.plain) {
        return Err(format!("a bit that was flipped in byte {at} of a {format:?} archive went unnoticed"));
    }
    Ok(())
}
