//! Lists whose order changes in a restore without meaning anything: a policy's roles are in the order in which the
//! server's roles were created, and an inheriting table's columns are in its parent's order.

use std::ops::Range;

use memchr::memmem::find;

use crate::databases::postgres::sql::quotes::Masked;

const COPY: &[u8] = b"COPY ";
const POLICY: &[u8] = b"CREATE POLICY ";
const TABLE: &[u8] = b"CREATE TABLE ";
const INHERITS: &[u8] = b"\n)\nINHERITS (";

/// A cheap check whether the statement can contain such a list.
pub(super) fn may_be_in(statement: &[u8]) -> bool {
    statement.starts_with(COPY)
        || statement.starts_with(POLICY)
        || statement.starts_with(TABLE) && find(statement, INHERITS).is_some()
}

/// The statement with its list sorted. `None` if it has no such list.
pub(super) fn ordered(statement: &Masked<'_>) -> Option<Vec<u8>> {
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
