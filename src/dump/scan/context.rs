//! What a statement takes from earlier statements. The sum of all statements ignores their order, so what depends on
//! the order goes into a statement's own hash: the large object of a piece, and how a table is stored. Pure.

use memchr::memmem::find;

use super::excerpt::shown;

const OPENS: &[u8] = b"SELECT pg_catalog.lo_open('";
const WRITES: &[u8] = b"SELECT pg_catalog.lowrite(";
const ACCESS_METHOD: &[u8] = b"SET default_table_access_method = ";

/// What the statements so far set for the next one.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// The large object that was opened last.
    object: Vec<u8>,
    /// Number of pieces written since it was opened.
    pieces: u64,
    /// The access method of tables that are created now.
    access_method: Vec<u8>,
}

impl Context {
    /// Reads the next statement, or its beginning. Returns its hashes combined with what it takes from earlier
    /// statements.
    pub(super) fn mixed<const N: usize>(&mut self, statement: &[u8], hashes: [u128; N]) -> [u128; N] {
        let until =
            |text: &[u8], end: u8| text.split(|byte| *byte == end).next().unwrap_or_default().to_vec();
        if let Some(rest) = statement.strip_prefix(OPENS) {
            (self.object, self.pieces) = (until(rest, b'\''), 0);
        } else if let Some(rest) = statement.strip_prefix(ACCESS_METHOD) {
            self.access_method = until(rest, b';');
        } else if statement.starts_with(WRITES) {
            self.pieces += 1;
            return hashes.map(|hash| with(hash, &[&self.object, &self.pieces.to_le_bytes()]));
        } else if is_stored(statement) {
            return hashes.map(|hash| with(hash, &[&self.access_method]));
        }
        hashes
    }

    /// The same statement, as messages may show it.
    pub(super) fn shown(&self, statement: &[u8]) -> String {
        if statement.starts_with(WRITES) {
            return format!("contents of large object {}", String::from_utf8_lossy(&self.object));
        }
        shown(statement)
    }
}

/// Partitioned tables do not count: they have no rows of their own, so the access method does not affect them.
fn is_stored(statement: &[u8]) -> bool {
    let makes = [&b"CREATE TABLE "[..], b"CREATE UNLOGGED TABLE ", b"CREATE MATERIALIZED VIEW "];
    makes.iter().any(|make| statement.starts_with(make)) && find(statement, b"\n)\nPARTITION BY ").is_none()
}

fn with(hash: u128, more: &[&[u8]]) -> u128 {
    twox_hash::XxHash3_128::oneshot(&[&hash.to_le_bytes()[..], &more.concat()].concat())
}

#[cfg(test)]
mod tests {
    use super::Context;

    fn sum(statements: &[&str]) -> u128 {
        let mut context = Context::default();
        let hash = |text: &&str| {
            let [hash] = context.mixed(text.as_bytes(), [twox_hash::XxHash3_128::oneshot(text.as_bytes())]);
            hash >> 8
        };
        statements.iter().map(hash).sum()
    }

    #[test]
    fn contents_belong_to_their_large_object_and_have_an_order() {
        let (a, b) =
            ("SELECT pg_catalog.lo_open('1001', 131072);", "SELECT pg_catalog.lo_open('1002', 131072);");
        let (x, y) = ("SELECT pg_catalog.lowrite(0, '\\x01');", "SELECT pg_catalog.lowrite(0, '\\x02');");
        assert_eq!(sum(&[a, x, b, y]), sum(&[b, y, a, x]));
        assert_ne!(sum(&[a, x, b, y]), sum(&[a, y, b, x]));
        assert_ne!(sum(&[a, x, y, b]), sum(&[a, y, x, b]));
        assert_ne!(sum(&[a, x, y, b]), sum(&[a, x, b, y]));
    }

    #[test]
    fn how_a_table_is_stored_belongs_to_it() {
        let (heap, other) =
            ("SET default_table_access_method = heap;", "SET default_table_access_method = \"other\";");
        for make in ["TABLE", "UNLOGGED TABLE", "MATERIALIZED VIEW"] {
            let (a, b) = (format!("CREATE {make} s.a ();"), format!("CREATE {make} s.b ();"));
            assert_eq!(sum(&[heap, &a, other, &b]), sum(&[other, &b, heap, &a]));
            assert_ne!(sum(&[heap, &a, other, &b]), sum(&[heap, &b, other, &a]));
        }
        for other_make in
            ["CREATE VIEW s.b AS SELECT 1;", "CREATE TABLE s.b (\n    a int\n)\nPARTITION BY LIST (a);"]
        {
            assert_eq!(sum(&[heap, other_make, other]), sum(&[other, other_make, heap]));
        }
    }
}
