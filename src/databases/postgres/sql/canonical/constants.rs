//! Types after constants. Some are written only after a restore, and then the constant is named after its type. Works
//! on masked code.

use memchr::memmem::find;

use super::is_a_constant;
use crate::databases::postgres::sql::quotes::{Masked, NAME};

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
pub(super) fn without_types_of_null_defaults(code: &[u8]) -> Vec<u8> {
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
pub(super) fn without_names_of_types(masked: &Masked<'_>, code: &[u8]) -> Vec<u8> {
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
    let is_in_one = |byte: &u8| {
        byte.is_ascii_alphanumeric() || b"_.$".contains(byte) || *byte == NAME || !byte.is_ascii()
    };
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
