//! The spelling that compares two dumps, made from the manifests' spelling. No document contains it, so it can improve.

use std::borrow::Cow;

use memchr::memmem::find;

use super::canonical::{Masked, NAME, is_a_constant};
use super::quoting::is_in_a_name;

/// The spelling that compares two dumps, made from the manifests' spelling.
pub(super) fn comparable(canonical: &[u8]) -> Cow<'_, [u8]> {
    let respelled = [&b" DEFAULT NULL::"[..], b") AND ", b") OR ", b" AS "];
    if !respelled.iter().any(|sign| find(canonical, sign).is_some()) {
        return Cow::Borrowed(canonical);
    }
    let Some(masked) = Masked::of(canonical) else { return Cow::Borrowed(canonical) };
    let code = without_types_of_null_defaults(&masked.code);
    let code = without_names_of_types(&masked, &without_nested_conditions(&code));
    Cow::Owned(masked.unmasked(&code))
}

/// Types that servers write with another name than the one in the catalog. Columns are named after the latter.
const WRITTEN: [(&str, &str); 14] = [
    ("integer", "int4"),
    ("bigint", "int8"),
    ("smallint", "int2"),
    ("double precision", "float8"),
    ("real", "float4"),
    ("boolean", "bool"),
    ("character varying", "varchar"),
    ("character", "bpchar"),
    ("bit varying", "varbit"),
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("time with time zone", "timetz"),
    ("time without time zone", "time"),
    ("\"char\"", "char"),
];

/// A type as servers write it.
#[derive(Debug)]
struct Type<'a> {
    /// Its name, one or more words.
    words: Vec<&'a [u8]>,
    /// Including its modifier and brackets.
    length: usize,
}

/// A column without a default whose parent has one gets the default `NULL`. The constant gets its type when it is
/// read again.
fn without_types_of_null_defaults(code: &[u8]) -> Vec<u8> {
    const DEFAULT: &[u8] = b" DEFAULT NULL";
    let (mut new, mut rest) = (Vec::with_capacity(code.len()), code);
    while let Some(at) = find(rest, DEFAULT) {
        let (before, after) = rest.split_at(at + DEFAULT.len());
        new.extend_from_slice(before);
        let typed = after.strip_prefix(b"::").and_then(read);
        rest = typed.map_or(after, |of| &after[b"::".len() + of.length..]);
    }
    new.extend_from_slice(rest);
    new
}

/// A constant in a query is named after its type when it is read again: `'-1'::integer AS int4`.
fn without_names_of_types(masked: &Masked<'_>, code: &[u8]) -> Vec<u8> {
    let (mut new, mut rest) = (Vec::with_capacity(code.len()), code);
    while let Some(at) = find(rest, b"::") {
        let (before, cast) = rest.split_at(at + b"::".len());
        new.extend_from_slice(before);
        let of = read(cast).filter(|_| is_a_constant(&before[..at]));
        let (shown, after) = cast.split_at(of.as_ref().map_or(0, |of| of.length));
        new.extend_from_slice(shown);
        let alias = of.and_then(|of| {
            let alias = after.strip_prefix(b" AS ")?;
            let length = name_length(alias);
            (unquoted(masked, &alias[..length]) == name(masked, &of)).then(|| &alias[length..])
        });
        rest = alias.unwrap_or(after);
    }
    new.extend_from_slice(rest);
    new
}

/// The type at the beginning of the code.
fn read(code: &[u8]) -> Option<Type<'_>> {
    let mut length = name_length(code);
    let mut words = vec![&code[..length]];
    let mut take = |length: &mut usize, more: &'static [u8]| {
        let found = code[*length..].starts_with(more);
        if found {
            words.push(more);
            *length += more.len();
        }
        found
    };
    let first = &code[..length];
    match first {
        b"" => return None,
        b"double" => drop(take(&mut length, b" precision")),
        b"character" | b"bit" => drop(take(&mut length, b" varying")),
        _ => {}
    }
    length += modifier_length(&code[length..]);
    if first == b"timestamp" || first == b"time" {
        let _is_either = take(&mut length, b" with time zone") || take(&mut length, b" without time zone");
    }
    while code[length..].starts_with(b"[]") {
        length += b"[]".len();
    }
    Some(Type { words, length })
}

/// `(12,3)` and nothing else.
fn modifier_length(code: &[u8]) -> usize {
    let Some(inside) = code.strip_prefix(b"(") else { return 0 };
    let end = inside.iter().position(|byte| !(byte.is_ascii_digit() || *byte == b',')).unwrap_or(0);
    if end > 0 && inside[end] == b')' { end + 2 } else { 0 }
}

fn name_length(code: &[u8]) -> usize {
    let is_in_one = |byte: &u8| is_in_a_name(*byte) || b".$".contains(byte) || *byte == NAME;
    code.iter().position(|byte| !is_in_one(byte)).unwrap_or(code.len())
}

/// The type's name in the catalog, without its schema.
fn name(masked: &Masked<'_>, of: &Type<'_>) -> Vec<u8> {
    let written = masked.unmasked(&of.words.concat());
    let known = WRITTEN.iter().find(|(written_so, _)| written_so.as_bytes() == written);
    known.map_or_else(|| unquoted(masked, of.words[0]), |(_, name)| name.as_bytes().to_vec())
}

/// The last of several names between dots, without its quotes.
fn unquoted(masked: &Masked<'_>, code: &[u8]) -> Vec<u8> {
    let last = code.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let name = masked.unmasked(last);
    match name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")) {
        Some(quoted) => String::from_utf8_lossy(quoted).replace("\"\"", "\"").into_bytes(),
        None => name,
    }
}

/// No server accepts conditions that are nested deeper. The limit bounds the cost of texts that only look like
/// conditions.
const DEEPEST: usize = 10_000;

/// What joins a group's conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    And,
    Or,
}

/// An open parenthesis.
#[derive(Debug)]
struct Group {
    open: usize,
    joint: Option<Joint>,
    /// The group at its beginning: where it opens and closes, and what joins it.
    first: Option<(usize, usize, Joint)>,
}

/// Removes the parentheses around leading conditions of the same kind: `a BETWEEN 1 AND 5 AND b` first reads
/// `(((a >= 1) AND (a <= 5)) AND (b))`, and after a restore `((a >= 1) AND (a <= 5) AND (b))`. The same happens to
/// compared rows, and to lists that are not all constants.
fn without_nested_conditions(code: &[u8]) -> Vec<u8> {
    let mut dropped = superfluous(code);
    dropped.sort_unstable();
    let (mut new, mut from) = (Vec::with_capacity(code.len()), 0);
    for at in dropped {
        new.extend_from_slice(&code[from..at]);
        from = at + 1;
    }
    new.extend_from_slice(&code[from..]);
    new
}

fn superfluous(code: &[u8]) -> Vec<usize> {
    let (mut dropped, mut groups) = (Vec::new(), Vec::<Group>::new());
    for (at, byte) in code.iter().enumerate() {
        match byte {
            b'(' if groups.len() == DEEPEST => return Vec::new(),
            b'(' => groups.push(Group { open: at, joint: None, first: None }),
            b')' => {
                let Some(closed) = groups.pop() else { return Vec::new() };
                if let Some(outer) = groups.last_mut().filter(|outer| outer.open + 1 == closed.open) {
                    outer.first = closed.joint.map(|joint| (closed.open, at, joint));
                }
            }
            b' ' => {
                let (Some(joint), Some(group)) = (joint(&code[at..]), groups.last_mut()) else { continue };
                if group.joint.is_none() {
                    group.joint = Some(joint);
                    let first = group.first.filter(|(_, close, inner)| *inner == joint && close + 1 == at);
                    dropped.extend(first.into_iter().flat_map(|(open, close, _)| [open, close]));
                }
            }
            _ => {}
        }
    }
    dropped
}

fn joint(code: &[u8]) -> Option<Joint> {
    let is = |sign: &[u8]| code.starts_with(sign);
    is(b" AND ").then_some(Joint::And).or_else(|| is(b" OR ").then_some(Joint::Or))
}

#[cfg(test)]
mod tests;
