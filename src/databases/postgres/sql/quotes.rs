//! Separates a statement's code from what is quoted: strings, quoted names and dollar-quoted texts. Pure.
//!
//! Only code has different spellings on different servers. The same characters in a string or a function body mean
//! something else and must stay.

use std::borrow::Cow;

use memchr::memmem::find;

use super::lexical::is_in_a_name;

/// In masked code, a string becomes its number between two of these bytes, …
pub(super) const STRING: u8 = 1;
/// … a quoted name its number between two of these, …
pub(super) const NAME: u8 = 2;
/// … and a dollar-quoted text its number between two of these. None of the three bytes can be in code.
const DOLLARS: u8 = 3;

/// Maximum length of a name with its quotes and schema (PostgreSQL's names have at most 63 bytes). A longer one would
/// be repeated for each element of an array, and could turn half a MiB of text into many GiB.
pub(super) const LONGEST_NAME: usize = 300;

/// Part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    /// Outside quotes.
    Code(&'a [u8]),
    /// With its quotes, and the byte for its kind.
    Quoted(u8, &'a [u8]),
}

/// The parts of a statement in order, without gaps. An unterminated quote ends with the statement.
pub(super) fn segments(statement: &[u8]) -> Vec<Segment<'_>> {
    let (mut found, mut begin, mut at) = (Vec::new(), 0, 0);
    while at < statement.len() {
        let rest = &statement[at..];
        let previous = |back: usize| at.checked_sub(back).map_or(b' ', |before| statement[before]);
        let quoted = match rest[0] {
            b'\'' => {
                let escapes = previous(1).eq_ignore_ascii_case(&b'e') && !is_in_a_name(previous(2));
                Some((STRING, quoted_length(rest, escapes)))
            }
            b'"' => Some((NAME, quoted_length(rest, false))),
            b'$' if !is_in_a_name(previous(1)) => dollars_length(rest).map(|length| (DOLLARS, length)),
            _ => None,
        };
        let Some((kind, length)) = quoted else {
            at += 1;
            continue;
        };
        found.extend((begin < at).then(|| Segment::Code(&statement[begin..at])));
        found.push(Segment::Quoted(kind, &rest[..length]));
        at += length;
        begin = at;
    }
    found.extend((begin < at).then(|| Segment::Code(&statement[begin..])));
    found
}

/// Length of the string or quoted name at the beginning of the text. A doubled quote counts as two adjacent texts,
/// which makes no difference here.
fn quoted_length(text: &[u8], escapes: bool) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        at += 1;
        if escapes && *byte == b'\\' {
            at += 1;
        } else if *byte == text[0] {
            if text.get(at) != Some(&text[0]) {
                return at;
            }
            at += 1;
        }
    }
    text.len()
}

/// The statement with a blank after colons that psql would read as a variable: outside quotes, psql replaces
/// `:"USER"` and `:'PORT'`, as in `days[1:"USER"]`. The server ignores the blank.
#[must_use]
pub fn without_variables(statement: &[u8]) -> Cow<'_, [u8]> {
    let is_cast = |at: usize| at > 0 && statement[at - 1] == b':';
    let may_be_one =
        |at: usize| !is_cast(at) && statement.get(at + 1).is_some_and(|next| begins_a_variable(*next));
    if !memchr::memchr_iter(b':', statement).any(may_be_one) {
        return Cow::Borrowed(statement);
    }
    let (mut new, mut colons) = (Vec::with_capacity(statement.len() + 8), 0_usize);
    for segment in segments(statement) {
        match segment {
            // pg_dump writes no comments inside statements. Quotes inside a comment are not quotes.
            Segment::Code(code) if find(code, b"--").or_else(|| find(code, b"/*")).is_some() => {
                return Cow::Borrowed(statement);
            }
            Segment::Code(code) => {
                for byte in code {
                    new.extend((colons == 1 && begins_a_variable(*byte)).then_some(b' '));
                    colons = if *byte == b':' { colons + 1 } else { 0 };
                    new.push(*byte);
                }
            }
            Segment::Quoted(_, text) => {
                new.extend((colons == 1).then_some(b' '));
                colons = 0;
                new.extend_from_slice(text);
            }
        }
    }
    Cow::Owned(new)
}

fn begins_a_variable(byte: u8) -> bool {
    byte == b'"' || byte == b'\'' || byte == b'{' || is_in_a_name(byte)
}

fn dollars_length(text: &[u8]) -> Option<usize> {
    let tag = &text[..memchr::memchr(b'$', &text[1..])? + 2];
    let name = &tag[1..tag.len() - 1];
    if !name.iter().all(|byte| is_in_a_name(*byte)) || name.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let end = memchr::memmem::find(&text[tag.len()..], tag);
    Some(end.map_or(text.len(), |end| end + 2 * tag.len()))
}

/// A statement whose quoted parts are replaced by numbers, so that its code can be searched and changed.
#[derive(Debug)]
pub(super) struct Masked<'a> {
    /// The code.
    pub(super) code: Vec<u8>,
    quoted: Vec<&'a [u8]>,
}

impl<'a> Masked<'a> {
    /// `None` if the code contains one of the three bytes, or a name is too long.
    pub(super) fn of(statement: &'a [u8]) -> Option<Self> {
        let (mut code, mut quoted) = (Vec::with_capacity(statement.len()), Vec::new());
        for segment in segments(statement) {
            match segment {
                Segment::Code(text) if text.iter().any(|byte| is_a_sign(*byte)) => return None,
                Segment::Quoted(NAME, text) if text.len() > LONGEST_NAME => return None,
                Segment::Code(text) => code.extend_from_slice(text),
                Segment::Quoted(sign, text) => {
                    code.push(sign);
                    code.extend_from_slice(quoted.len().to_string().as_bytes());
                    code.push(sign);
                    quoted.push(text);
                }
            }
        }
        Some(Self { code, quoted })
    }

    /// Masked code, all or part of it, with the quoted parts put back.
    pub(super) fn unmasked(&self, code: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(code.len());
        for (at, part) in code.split(|byte| is_a_sign(*byte)).enumerate() {
            // Every second part is a number.
            let number = std::str::from_utf8(part).ok().filter(|_| at % 2 == 1);
            let quoted = number.and_then(|number| self.quoted.get(number.parse::<usize>().ok()?));
            text.extend_from_slice(quoted.copied().unwrap_or(part));
        }
        text
    }
}

fn is_a_sign(byte: u8) -> bool {
    [STRING, NAME, DOLLARS].contains(&byte)
}

#[cfg(test)]
mod tests;
