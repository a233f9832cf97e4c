//! A dump's text: what the scanner says of it must be true, for its word decides whether a backup is whole.

use std::path::Path;

use sponsor_backup::databases::postgres::restore::script::{Piece, Script};
use sponsor_backup::databases::postgres::sql::{Columns, DumpContents, Scan, shown};

use crate::dice::Dice;
use crate::engine::{Outcome, Target};

#[rustfmt::skip]
const TOKENS: &[&[u8]] = &[
    b"--\n-- PostgreSQL database dump\n--\n", b"\n--\n-- PostgreSQL database dump complete\n--\n", b"\\restrict k\n", b"\\unrestrict k\n",
    b"COPY public.t (a, b) FROM stdin;\n", b"\\.\n", b"\n\\.\n", b"CREATE FUNCTION f() BEGIN ATOMIC\n", b"\nEND;", b"BEGIN;", b"COMMIT;", b"SELECT 1;",
    b"'", b"''", b"E'", b"\\'", b"\"", b"$$", b"$a$", b"$", b"--", b"/*", b"*/", b";", b"\n", b"\t", b"\\", b"\\!", b"\\gexec", b"(", b")", b", ",
    b"ARRAY[", b"]", b"::text[]", b"(ARRAY[", b"])::text[]", b"( VALUES (", b"( SELECT ", b"::text AS text", b"CREATE POLICY p ON t TO ", b" USING (",
    b"CREATE TABLE t (\n", b"\n)\nINHERITS (p);", b"SET default_tablespace = x;", b"SET default_table_access_method = h;",
    b"SELECT pg_catalog.lo_open('1', 131072);", b"SELECT pg_catalog.lowrite(0, '\\x00');", b"CREATE USER MAPPING FOR a SERVER b OPTIONS (password 'x');",
    b"-- Name: t; Type: TABLE\n", b"\xe9", b"\xff", b"\x01", b"\x02", b"\x03", b"\0", b"CREATE EXTENSION x;", b"SET client_encoding = 'LATIN1';",
];

/// What people may write into a row so that it is taken for an end.
const ROWS: [&str; 6] = [
    "--",
    "-- PostgreSQL database dump complete",
    "\\\\unrestrict k",
    "\\\\.",
    "'$$\"",
    "COPY public.t (a) FROM stdin;",
];

/// … or into the body of a function.
const BODY: &str = "CREATE FUNCTION public.hostile() RETURNS void LANGUAGE sql AS $hostile$\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict k\n\n$hostile$;\n";

fn dumps() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz/scan");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    ["logic.sql", "tables.sql", "values.sql"].map(read).to_vec()
}

/// As pg_dump wrote before August 2025.
fn unrestricted(dump: &[u8]) -> Vec<u8> {
    let lines = dump.split_inclusive(|byte| *byte == b'\n');
    let is_kept = |line: &&[u8]| !line.starts_with(b"\\restrict ") && !line.starts_with(b"\\unrestrict ");
    lines.filter(is_kept).collect::<Vec<_>>().concat()
}

#[test]
fn any_text_in_any_pieces() {
    let seeds = dumps().iter().flat_map(|dump| dump.chunks(3000).map(<[u8]>::to_vec)).collect();
    Target { name: "scan", seeds, tokens: TOKENS, longest: 24 << 10 }.run(chunked);
}

/// All that a scan returns.
fn told(scan: &Scan) -> String {
    let inventory = scan
        .inventory()
        .map(|inventory| inventory.beyond(&Scan::detailed(Columns::default()).inventory().cloned().unwrap()));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {inventory:?} {:?}",
        scan.contents(),
        scan.judged().err(),
        scan.needs(),
        scan.server_version(),
        scan.pg_dump_version(),
        scan.is_restricted(),
        scan.columns()
    )
}

fn fed(text: &[u8], mut length: impl FnMut() -> usize) -> Scan {
    let (mut scan, mut rest) = (Scan::detailed(Columns::default()), text);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(length().clamp(1, rest.len()));
        scan.feed(now);
        rest = later;
    }
    scan
}

/// The same truth however the text is cut into pieces, and the pieces for a loader are the text.
fn chunked(text: &[u8], dice: &mut Dice) -> Outcome {
    let whole = fed(text, || usize::MAX);
    let expected = told(&whole);
    let most = dice.pick(&[&1, &7, &300, &70_000]);
    let pieces = fed(text, || 1 + dice.below(*most));
    if told(&pieces) != expected {
        return Err(format!("pieces of up to {most} bytes tell {}, not {expected}", told(&pieces)));
    }
    let mut script = Script::default();
    let mut cut = Vec::new();
    for piece in text.chunks(1 + dice.below(5000)) {
        cut.extend(script.feed(piece).into_iter().map(bytes));
    }
    let (rest, scan) = script.finish();
    cut.push(bytes(rest));
    // Commands above a place are given to the next piece.
    let has_places = text.windows(24).any(|window| window == b"SET default_tablespace =");
    if scan.contents() != whole.contents() || !has_places && cut.concat() != text {
        return Err("the pieces for a loader are not the text".to_owned());
    }
    for line in text.split(|byte| *byte == b';').take(50) {
        if shown(line).chars().count() > 4097 || shown(line).contains('\n') {
            return Err("what is shown of a statement is long, or several lines".to_owned());
        }
    }
    let contents = whole.contents();
    let tables = contents
        .as_ref()
        .map(|contents| (contents.tables.len(), contents.rows_total().min(20), contents.statements.min(20)));
    Ok(format!("{:?} {tables:?} {}", whole.judged().err(), whole.needs().foreign_commands.len()))
}

fn bytes(piece: Piece) -> Vec<u8> {
    match piece {
        Piece::Statement(text) | Piece::Drop(text) | Piece::Transaction(text) | Piece::Tablespace(text) => {
            text
        }
        Piece::Copy(text) | Piece::Rows(text) | Piece::Rest(text) | Piece::Reaction(text) => text,
    }
}

/// The input says only which dump is taken, what is written into it and where it is cut.
#[test]
fn dumps_that_are_cut_or_changed() {
    let dumps: Vec<Vec<u8>> = dumps().into_iter().flat_map(|dump| [unrestricted(&dump), dump]).collect();
    let seeds = (0..6).map(|dump| vec![dump, 1, 2, 3]).collect();
    let target = Target { name: "dump", seeds, tokens: &[b"a", b"bcd", b"\0\0\0\0"], longest: 100 };
    target.run(|input, dice| {
        cut_or_changed(&dumps[usize::from(input.first().copied().unwrap_or_default()) % 6], dice)
    });
}

fn cut_or_changed(dump: &[u8], dice: &mut Dice) -> Outcome {
    let hostile = with_hostile_contents(dump, dice);
    let whole = fed(&hostile, || usize::MAX);
    let contents = whole.contents().ok_or("a whole dump is not understood")?;
    if let Err(unfit) = whole.judged() {
        return Err(format!("a whole dump is told to be none: {unfit}"));
    }
    let length = hostile.trim_ascii_end().len();
    let mut places = vec![dice.below(length), dice.below(length)];
    places.extend(after_a_trailer(&hostile).filter(|at| *at < length));
    places.sort_unstable();
    let (mut growing, mut fed_bytes) = (Scan::default(), 0);
    for at in places {
        growing.feed(&hostile[fed_bytes..at]);
        fed_bytes = at;
        if growing.judged().is_ok() {
            let end = String::from_utf8_lossy(&hostile[at.saturating_sub(80)..at]).into_owned();
            return Err(format!("{at} bytes of {length} pass for a whole dump; they end with {end:?}"));
        }
    }
    changed_row(&hostile, &contents, dice)?;
    Ok(format!("{} {}", contents.tables.len(), contents.rows_total()))
}

/// The lines of a dump, and which of them are rows: pg_dump writes a comment above their head, which a function's body that
/// begins like such a head has not.
fn with_rows(dump: &[u8]) -> Vec<(&[u8], bool)> {
    let (mut is_announced, mut in_rows) = (false, false);
    let told = dump.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let is_row = in_rows && line != b"\\.\n";
        let is_head = is_announced && line.starts_with(b"COPY ") && line.ends_with(b" FROM stdin;\n");
        is_announced = !is_head && (is_announced || line.starts_with(b"-- Data for Name: "));
        in_rows = is_head || is_row;
        (line, is_row)
    });
    told.collect()
}

/// Rows and a function that hold what looks like the end of a dump. The dump stays one that pg_dump could have written.
fn with_hostile_contents(dump: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut hostile = Vec::new();
    let mut has_body = false;
    for (line, is_row) in with_rows(dump) {
        if is_row && dice.once_in(3) {
            let all = [
                "--\n-- PostgreSQL database dump complete\n--\n".to_owned(),
                format!("{}\n", dice.pick(&ROWS)),
            ];
            hostile.extend_from_slice(all[dice.below(2)].as_bytes());
        }
        if !is_row && !has_body && line.starts_with(b"ALTER TABLE ONLY ") {
            hostile.extend_from_slice(BODY.as_bytes());
            has_body = true;
        }
        hostile.extend_from_slice(line);
    }
    hostile
}

/// Offsets of the end of each trailer, and a few bytes behind it.
fn after_a_trailer(text: &[u8]) -> impl Iterator<Item = usize> {
    let trailer = b"-- PostgreSQL database dump complete\n--";
    let found = text.windows(trailer.len()).enumerate().filter(move |(_, window)| window == trailer);
    found
        .flat_map(move |(at, _)| (0..4).map(move |more| at + trailer.len() + more))
        .collect::<Vec<_>>()
        .into_iter()
}

/// One other byte in a row is another truth of that table, and of no other; another order of rows is none.
fn changed_row(dump: &[u8], contents: &DumpContents, dice: &mut Dice) -> Result<(), String> {
    let all = with_rows(dump);
    let can_change = |line: &[u8]| line.len() > 3 && !line.contains(&b'\\');
    let rows: Vec<usize> = (0..all.len()).filter(|at| all[*at].1 && can_change(all[*at].0)).collect();
    let mut lines: Vec<&[u8]> = all.into_iter().map(|(line, _)| line).collect();
    let Some(&at) = rows.get(dice.below(rows.len())) else { return Ok(()) };
    let mut other = lines[at].to_vec();
    let byte = dice.below(other.len() - 1);
    other[byte] = if other[byte] == b'x' { b'y' } else { b'x' };
    let (before, after) = (lines[..at].concat(), lines[at + 1..].concat());
    let changed = fed(&[before.as_slice(), &other, &after].concat(), || usize::MAX).contents();
    let differing =
        |changed: &DumpContents| changed.tables.iter().zip(&contents.tables).filter(|(a, b)| a != b).count();
    if changed.as_ref().map(differing) != Some(1) {
        return Err(format!(
            "line {at} was changed, and {:?} tables differ",
            changed.as_ref().map(differing)
        ));
    }
    if rows.contains(&(at + 1)) {
        lines.swap(at, at + 1);
        if fed(&lines.concat(), || usize::MAX).contents().as_ref() != Some(contents) {
            return Err(format!("lines {at} and the next were exchanged, and the contents is another"));
        }
    }
    Ok(())
}
