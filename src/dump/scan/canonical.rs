//! One spelling for what servers spell in two ways.
//!
//! A server writes statements from their parsed form, and a few change when they are read again. Without this, no
//! restored database that holds one of them would ever equal its backup. Everything else counts as it stands, and so does
//! all that is quoted: strings, names, functions' bodies.

mod arrays;
mod lists;

use std::borrow::Cow;

use memchr::memmem::find;

use super::quotes::{Masked, STRING};

/// The statement as a restored server writes it, with lists that have no order in the order of the alphabet.
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

/// A list of values in a view gets a blank before it when it is read again.
fn without_blanks_before_values(text: &[u8]) -> Vec<u8> {
    let (mut new, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(at) = find(rest, b"( VALUES ") {
        new.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    new.extend_from_slice(rest);
    new
}

/// A constant in a query within an expression is called after its type when it is read again: `'x'::text AS text`. Only
/// a constant: everything else was called by another name from the start.
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
mod tests {
    use super::canonical;

    fn told(statement: &str) -> String {
        String::from_utf8(canonical(statement.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn the_two_spellings_become_one() {
        for (first, after) in [
            (
                "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b, ]'::character varying])::text[])))",
                "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b, ]'::character varying)::text])))",
            ),
            (
                "ON (s::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])) FROM t;",
                "ON (s::text = ANY (ARRAY['a'::character varying::text, 'b'::character varying::text])) FROM t;",
            ),
            (
                "SELECT 1 FROM (VALUES (1)) a, ( VALUES (2)) b;",
                "SELECT 1 FROM (VALUES (1)) a, (VALUES (2)) b;",
            ),
            (
                "SELECT ( SELECT 'x'::text AS text), 1::int AS int4;",
                "SELECT ( SELECT 'x'::text), 1::int AS int4;",
            ),
            (
                "SELECT ( SELECT NULL::text AS text), ( SELECT E'\\\\'::text AS text);",
                "SELECT ( SELECT NULL::text), ( SELECT E'\\\\'::text);",
            ),
            (
                "CREATE POLICY \"a TO b\" ON s.t FOR SELECT TO zoe, \"Adam, 2\" USING (x = 'TO z, a');",
                "CREATE POLICY \"a TO b\" ON s.t FOR SELECT TO \"Adam, 2\", zoe USING (x = 'TO z, a');",
            ),
            (
                "CREATE POLICY p ON s.t TO b, \"x USING (\" USING (true);",
                "CREATE POLICY p ON s.t TO \"x USING (\", b USING (true);",
            ),
            ("COPY s.\"t (\" (b, \"a, )\") FROM stdin;", "COPY s.\"t (\" (\"a, )\", b) FROM stdin;"),
            (
                "CREATE TABLE s.t (\n    b numeric(1, 2),\n    a text\n)\nINHERITS (s.p);",
                "CREATE TABLE s.t (\n    a text,\n    b numeric(1, 2)\n)\nINHERITS (s.p);",
            ),
        ] {
            assert_eq!(told(first), told(after), "{first}");
            assert_eq!(told(&told(first)), told(first), "{first}");
        }
    }

    #[test]
    fn anything_else_stays() {
        for text in [
            "SELECT (ARRAY[1, 2])[1];",
            "x (ARRAY['a)::text[]",
            "(a[1])::text[]",
            "(ARRAY[1])::text",
            "((ARRAY[1]))::int[]",
            "ARRAY[]::t",
            "( SELECT 'x'::text AS textual)",
            "CREATE TABLE s.t (\n    b integer,\n    a text\n);",
            "CREATE TABLE s.t (\n    b text DEFAULT 'z,\n    a\n)\nINHERITS (',\n    c text\n)\nINHERITS (s.p);",
            "CREATE POLICY p ON s.t USING (a = 'x TO b, a USING (');",
            "COPY s.t  FROM stdin;",
        ] {
            assert_eq!(told(text), text);
        }
    }

    #[test]
    fn nothing_that_is_quoted_is_changed() {
        let spellings =
            "( SELECT x::text AS text) ( VALUES (1)) (ARRAY[a, b])::text[] ( SELECT NULL::text AS text)";
        for text in [
            format!(
                "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$ {spellings} 'y'::text AS text $_$;"
            ),
            format!("COMMENT ON TABLE t IS '( SELECT ''x''::text AS text) {spellings}';"),
            format!("COMMENT ON TABLE t IS E'\\'( SELECT 1) \\'x\\'::text AS text {spellings}';"),
            format!("CREATE TABLE \"( SELECT 'x'::text AS text {spellings}\" ();"),
            "COMMENT ON TABLE t IS 'CREATE TABLE x (\n b,\n a\n)\nINHERITS (y)';".to_owned(),
        ] {
            assert_eq!(told(&text), text);
        }
    }

    /// Such a name is a key in what `to_json` makes of the row.
    #[test]
    fn the_name_of_anything_but_a_constant_counts() {
        for named in ["a::text AS text", "\"a\"::text AS text", "f('x')::text AS text", "IS_NULL::t AS t"] {
            let text = format!("SELECT to_json(r.*) FROM ( SELECT {named} FROM t) r;");
            assert_eq!(told(&text), text);
        }
    }
}
