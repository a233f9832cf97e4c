//! The manifests' spelling of a statement: one spelling for what servers spell in two ways.
//!
//! Servers write statements from their parsed form, and a few statements change when they are read again. Without
//! this module, a restored database with such a statement would never equal its backup. All other code counts as it
//! is, and so does everything in quotes: strings, names, function bodies.
//!
//! Manifests contain digests of this spelling, so it never changes after release 0.1. What is learned later goes into
//! [`super::comparable`].

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem::find;

use super::quoting::{SpanKind, is_in_a_name, spans};

/// In masked code, a string becomes its number between two of these bytes, …
const STRING: u8 = 1;
/// … a quoted name its number between two of these, …
pub(super) const NAME: u8 = 2;
/// … and a dollar-quoted text its number between two of these. None of the three bytes can be in code.
const DOLLARS: u8 = 3;

/// Maximum length of a name with its quotes and schema (PostgreSQL's names have at most 63 bytes). A longer one would
/// be repeated for each element of an array, and could turn half a MiB of text into many GiB.
const LONGEST_NAME: usize = 300;

/// The statement in the manifests' spelling: as a restored server writes it, with unordered lists sorted.
pub(super) fn canonical(statement: &[u8]) -> Cow<'_, [u8]> {
    let respelled = [&b"ARRAY["[..], b"( VALUES ", b"( SELECT "];
    if !respelled.iter().any(|sign| find(statement, sign).is_some()) && !may_have_a_list(statement) {
        return Cow::Borrowed(statement);
    }
    let Some(mut masked) = Masked::of(statement) else { return Cow::Borrowed(statement) };
    let mut code = with_cast_elements(std::mem::take(&mut masked.code));
    code = without_blanks_before_values(&code);
    if find(&code, b"( SELECT ").is_some() {
        code = without_names_of_types(&code);
    }
    masked.code = code;
    Cow::Owned(with_sorted_list(&masked).unwrap_or_else(|| masked.unmasked(&masked.code)))
}

/// A list of values in a view gets a blank before it when the view is read again.
fn without_blanks_before_values(text: &[u8]) -> Vec<u8> {
    let (mut new, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = find(rest, b"( VALUES ") {
        new.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    new.extend_from_slice(rest);
    new
}

/// A constant in a subquery is named after its type when it is read again: `'x'::text AS text`. This is about
/// constants only. Everything else had its name from the start.
fn without_names_of_types(text: &[u8]) -> Vec<u8> {
    let (mut new, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = find(rest, b"::") {
        let (before, cast) = rest.split_at(at + 2);
        let length = cast.iter().position(|byte| !is_in_a_name(*byte)).unwrap_or(cast.len());
        let (name, after) = cast.split_at(length);
        new.extend_from_slice(before);
        new.extend_from_slice(name);
        let alias = after.strip_prefix(b" AS ").and_then(|after| after.strip_prefix(name));
        let ends = |after: &&[u8]| !name.is_empty() && after.first().is_none_or(|byte| !is_in_a_name(*byte));
        rest = alias.filter(ends).filter(|_| is_a_constant(&before[..at])).unwrap_or(after);
    }
    new.extend_from_slice(rest);
    new
}

/// Whether the code ends with a string or `NULL`.
pub(super) fn is_a_constant(before: &[u8]) -> bool {
    before.last() == Some(&STRING) || before.ends_with(b" NULL")
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
        for (kind, range) in spans(statement) {
            let text = &statement[range];
            let sign = match kind {
                SpanKind::Code | SpanKind::Comment if text.iter().any(|byte| is_a_sign(*byte)) => {
                    return None;
                }
                SpanKind::Name if text.len() > LONGEST_NAME => return None,
                SpanKind::Code | SpanKind::Comment => {
                    code.extend_from_slice(text);
                    continue;
                }
                SpanKind::String => STRING,
                SpanKind::Name => NAME,
                SpanKind::Dollars => DOLLARS,
            };
            code.push(sign);
            code.extend_from_slice(quoted.len().to_string().as_bytes());
            code.push(sign);
            quoted.push(text);
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

/// Arrays nested deeper than this stay as they are, so that the work stays linear in any text.
const DEEPEST: u32 = 64;

/// Replaces each cast of an array by casts of its elements: the check `status IN ('a', 'b')` on a `varchar` column
/// first reads `(ARRAY['a'::character varying, …])::text[]`, and after a restore
/// `ARRAY[('a'::character varying)::text, …]`.
fn with_cast_elements(mut text: Vec<u8>) -> Vec<u8> {
    let mut from = 0;
    while let Some(found) = find(&text[from..], b"ARRAY[").map(|at| at + from) {
        let in_parentheses = found.checked_sub(1).filter(|before| text[*before] == b'(');
        let rewritten = |begin: usize| Some((begin, with_cast(&text[begin..])?));
        from = found + b"ARRAY[".len();
        if let Some((begin, (new, length))) = in_parentheses.and_then(rewritten).or_else(|| rewritten(found))
        {
            text.splice(begin..begin + length, new);
            from = begin + b"ARRAY[".len();
        }
    }
    text
}

/// `(ARRAY[a, b])::type[]` at the beginning of the text as `ARRAY[(a)::type, (b)::type]`, or `ARRAY[a, b]::type[]` as
/// `ARRAY[a::type, b::type]`, with the length of the original.
fn with_cast(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let is_in_parentheses = text.starts_with(b"(");
    let (open, middle, close): (&[u8], &[u8], &[u8]) =
        if is_in_parentheses { (b"(ARRAY[", b"(", b")::") } else { (b"ARRAY[", b"", b"::") };
    let inside = text.strip_prefix(open)?;
    let (elements, end) = elements(inside)?;
    let cast = inside[end + 1..].strip_prefix(close)?;
    let length =
        cast.iter().position(|byte| !(is_in_a_name(*byte) || b" .".contains(byte) || *byte == NAME))?;
    let (name, rest) = cast.split_at(length);
    rest.strip_prefix(b"[]").filter(|_| length <= LONGEST_NAME)?;
    let casts: Vec<Vec<u8>> = elements.iter().map(|one| [middle, *one, close, name].concat()).collect();
    let new = [b"ARRAY[", casts.join(&b", "[..]).as_slice(), b"]"].concat();
    Some((new, open.len() + end + 1 + close.len() + length + b"[]".len()))
}

/// The elements up to the array's closing bracket, and its position.
fn elements(text: &[u8]) -> Option<(Vec<&[u8]>, usize)> {
    let (mut found, mut begin, mut depth) = (Vec::new(), 0, 0_u32);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' | b'[' if depth == DEEPEST => return None,
            b'(' | b'[' => depth += 1,
            b']' if depth == 0 => {
                found.push(text[begin..at].trim_ascii());
                return Some((found, at));
            }
            b')' | b']' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                found.push(text[begin..at].trim_ascii());
                begin = at + 1;
            }
            _ => {}
        }
    }
    None
}

const COPY: &[u8] = b"COPY ";
const POLICY: &[u8] = b"CREATE POLICY ";
const TABLE: &[u8] = b"CREATE TABLE ";
const INHERITS: &[u8] = b"\n)\nINHERITS (";

/// A cheap check whether the statement can contain a list for [`with_sorted_list`].
fn may_have_a_list(statement: &[u8]) -> bool {
    statement.starts_with(COPY)
        || statement.starts_with(POLICY)
        || statement.starts_with(TABLE) && find(statement, INHERITS).is_some()
}

/// The statement with its list sorted. `None` if it has no such list. A policy's roles are in the order in which the
/// server's roles were created, and an inheriting table's columns are in its parent's order: neither means anything.
fn with_sorted_list(statement: &Masked<'_>) -> Option<Vec<u8>> {
    let code = statement.code.as_slice();
    let (list, comma) = if code.starts_with(COPY) {
        (between(code, b"(", b")")?, &b", "[..])
    } else if code.starts_with(POLICY) {
        let ends = [&b" USING ("[..], b" WITH CHECK (", b";"];
        let end = ends.into_iter().filter_map(|sign| find(code, sign)).min()?;
        (after(&code[..end], b" TO ")?..end, &b", "[..])
    } else if code.starts_with(TABLE) {
        (between(code, b"(\n", INHERITS)?, &b",\n"[..])
    } else {
        return None;
    };
    let (before, behind) = (&code[..list.start], &code[list.end..]);
    // Quoted names count for the order, too.
    let mut items: Vec<Vec<u8>> =
        split(&code[list], comma).into_iter().map(|item| statement.unmasked(item)).collect();
    items.sort();
    Some([statement.unmasked(before), items.join(comma), statement.unmasked(behind)].concat())
}

fn after(code: &[u8], sign: &[u8]) -> Option<usize> {
    Some(find(code, sign)? + sign.len())
}

fn between(code: &[u8], open: &[u8], close: &[u8]) -> Option<Range<usize>> {
    let begin = after(code, open)?;
    Some(begin..begin + find(&code[begin..], close)?)
}

fn split<'a>(mut list: &'a [u8], comma: &[u8]) -> Vec<&'a [u8]> {
    let mut items = Vec::new();
    while let Some(at) = find(list, comma) {
        items.push(&list[..at]);
        list = &list[at + comma.len()..];
    }
    items.push(list);
    items
}

#[cfg(test)]
mod tests;
