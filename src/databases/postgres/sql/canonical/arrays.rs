//! The check `status IN ('a', 'b')` on a `varchar` column first reads `(ARRAY['a'::character varying, …])::text[]`,
//! and after a restore `ARRAY[('a'::character varying)::text, …]`. Works on masked code.

use memchr::memmem::find;

use crate::databases::postgres::sql::quotes::{LONGEST_NAME, NAME};

/// Arrays nested deeper than this stay as they are, so that the work stays linear in any text.
const DEEPEST: u32 = 64;

/// Replaces each cast of an array by casts of its elements.
pub(super) fn with_cast_elements(mut text: Vec<u8>) -> Vec<u8> {
    let mut from = 0;
    while let Some(found) = find(&text[from..], b"ARRAY[").map(|at| at + from) {
        let in_parentheses = found.checked_sub(1).filter(|before| text[*before] == b'(');
        let rewritten = |begin: usize| Some((begin, rewritten(&text[begin..])?));
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
fn rewritten(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let is_in_parentheses = text.starts_with(b"(");
    let (open, middle, close): (&[u8], &[u8], &[u8]) =
        if is_in_parentheses { (b"(ARRAY[", b"(", b")::") } else { (b"ARRAY[", b"", b"::") };
    let inside = text.strip_prefix(open)?;
    let (elements, end) = elements(inside)?;
    let cast = inside[end + 1..].strip_prefix(close)?;
    let length = cast
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"_ .".contains(byte) || *byte == NAME))?;
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

#[cfg(test)]
mod tests;
