//! One spelling for what servers spell in two ways.
//!
//! A server writes an expression from its parsed form, and one form changes when it is read again: the check
//! `status IN ('a', 'b')` of a `varchar` column is first written `(ARRAY['a'::character varying, …])::text[]`, and after
//! a restore `ARRAY[('a'::character varying)::text, …]`. Without this, no restored database with such a check would ever
//! equal its backup. Everything else counts as it stands.

use std::borrow::Cow;

/// The statement with every cast of an array written as casts of its elements, as a restored server writes it.
pub(super) fn canonical(statement: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(statement, b"])::").is_none() {
        return Cow::Borrowed(statement);
    }
    let mut text = statement.to_vec();
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&text[from..], b"(ARRAY[").map(|at| at + from) {
        match rewritten(&text[found..]) {
            Some((new, length)) => {
                text.splice(found..found + length, new);
            }
            None => from = found,
        }
        from += b"(ARRAY[".len();
    }
    Cow::Owned(text)
}

/// `(ARRAY[a, b])::type[]` at the start of the text as `ARRAY[(a)::type, (b)::type]`, and its length.
fn rewritten(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let inside = &text[b"(ARRAY[".len()..];
    let (elements, end) = elements(inside)?;
    let cast = inside[end..].strip_prefix(b"])::")?;
    let length = cast.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"_ \".".contains(byte)))?;
    let (name, rest) = cast.split_at(length);
    rest.strip_prefix(b"[]")?;
    let casts: Vec<Vec<u8>> = elements.iter().map(|one| [b"(", *one, b")::", name].concat()).collect();
    let new = [b"ARRAY[", casts.join(&b", "[..]).as_slice(), b"]"].concat();
    Some((new, b"(ARRAY[".len() + end + b"])::".len() + length + b"[]".len()))
}

/// The elements up to the bracket that ends the array, and where that stands.
fn elements(text: &[u8]) -> Option<(Vec<&[u8]>, usize)> {
    let (mut found, mut begin, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (at, byte) in text.iter().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'[') => depth += 1,
            (None, b']') if depth == 0 => {
                found.push(text[begin..at].trim_ascii());
                return Some((found, at));
            }
            (None, b')' | b']') => depth = depth.checked_sub(1)?,
            (None, b',') if depth == 0 => {
                found.push(text[begin..at].trim_ascii());
                begin = at + 1;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::canonical;

    fn told(statement: &str) -> String {
        String::from_utf8(canonical(statement.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn the_two_spellings_become_one() {
        let first =
            "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, ]'::character varying])::text[])))";
        let after = "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b, ]'::character varying)::text])))";
        assert_eq!(told(first), after);
        assert_eq!(told(after), after);
    }

    #[test]
    fn several_arrays_and_nested_ones_are_met() {
        assert_eq!(
            told("a (ARRAY[f(1, 2), x[1]])::text[] b (ARRAY[1])::my.\"T 1\"[] c"),
            "a ARRAY[(f(1, 2))::text, (x[1])::text] b ARRAY[(1)::my.\"T 1\"] c"
        );
    }

    #[test]
    fn anything_else_stays() {
        for text in [
            "SELECT (ARRAY[1, 2])[1];",
            "x (ARRAY['a)::text[]",
            "(a[1])::text[]",
            "(ARRAY[1])::text",
            "((ARRAY[1]))::int[]",
        ] {
            assert_eq!(told(text), text);
        }
    }
}
