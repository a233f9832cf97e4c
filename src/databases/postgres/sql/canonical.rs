//! One spelling for what servers spell in two ways.
//!
//! Servers write statements from their parsed form, and a few statements change when they are read again. Without
//! this module, a restored database with such a statement would never equal its backup. All other code counts as it
//! is, and so does everything in quotes: strings, names, function bodies.
//!
//! There are two spellings. Manifests contain digests of the first one, so it never changes after release 0.1. The
//! second one only compares two dumps. No document contains it, so it can improve.

mod arrays;
mod constants;
mod lists;
mod logic;

use std::borrow::Cow;

use memchr::memmem::find;

use super::quotes::{Masked, STRING};

/// The statement in the manifests' spelling: as a restored server writes it, with unordered lists sorted.
pub(super) fn canonical(statement: &[u8]) -> Cow<'_, [u8]> {
    let respelled = [&b"ARRAY["[..], b"( VALUES ", b"( SELECT "];
    if !respelled.iter().any(|sign| find(statement, sign).is_some()) && !lists::may_be_in(statement) {
        return Cow::Borrowed(statement);
    }
    let Some(mut masked) = Masked::of(statement) else { return Cow::Borrowed(statement) };
    let mut code = arrays::with_cast_elements(std::mem::take(&mut masked.code));
    code = without_blanks_before_values(&code);
    if find(&code, b"( SELECT ").is_some() {
        code = without_names_of_types(&code);
    }
    masked.code = code;
    Cow::Owned(lists::ordered(&masked).unwrap_or_else(|| masked.unmasked(&masked.code)))
}

/// The spelling that compares two dumps, made from the manifests' spelling.
pub(super) fn comparable(canonical: &[u8]) -> Cow<'_, [u8]> {
    let respelled = [&b" DEFAULT NULL::"[..], b") AND ", b") OR ", b" AS "];
    if !respelled.iter().any(|sign| find(canonical, sign).is_some()) {
        return Cow::Borrowed(canonical);
    }
    let Some(masked) = Masked::of(canonical) else { return Cow::Borrowed(canonical) };
    let code = constants::without_types_of_null_defaults(&masked.code);
    let code = constants::without_names_of_types(&masked, &logic::flat(&code));
    Cow::Owned(masked.unmasked(&code))
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

fn is_a_constant(before: &[u8]) -> bool {
    before.last() == Some(&STRING) || before.ends_with(b" NULL")
}

fn is_in_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests;
