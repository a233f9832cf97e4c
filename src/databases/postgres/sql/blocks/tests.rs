use proptest::prelude::{prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

/// The blocks and pieces of a text that arrives in chunks of this size.
fn cut(text: &[u8], chunk: usize, piece_bytes: u64) -> (Vec<Block>, Vec<Piece>, Scan) {
    let mut cutter = Cutter::new(Scan::default(), piece_bytes);
    for chunk in text.chunks(chunk) {
        cutter.room().extend_from_slice(chunk);
        cutter.advance();
    }
    cutter.end();
    let blocks = std::iter::from_fn(|| cutter.pop()).collect();
    let (scan, pieces) = cutter.into_parts();
    (blocks, pieces, scan)
}

/// The text of each piece, by the blocks that begin one.
fn piece_texts(blocks: &[Block]) -> Vec<(PieceStart, Vec<u8>)> {
    let mut texts: Vec<(PieceStart, Vec<u8>)> = Vec::new();
    for block in blocks {
        match &block.begins {
            Some(start) => texts.push((start.clone(), block.text.clone())),
            None => texts.last_mut().unwrap().1.extend_from_slice(&block.text),
        }
    }
    texts
}

fn table(name: &str, rows: &[String]) -> String {
    let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
    format!(
        "--\n-- Data for Name: {name}; Type: TABLE DATA\n--\n\nCOPY diary.{name} (a) FROM stdin;\n{rows}\\.\n\n\n"
    )
}

fn dump(tables: &[(usize, usize)]) -> String {
    let tables = tables.iter().enumerate().map(|(at, (rows, length))| {
        let rows: Vec<String> = (0..*rows).map(|row| format!("{row}{}", "x".repeat(*length))).collect();
        table(&format!("t{at}"), &rows)
    });
    let tables: String = tables.collect();
    format!(
        "--\n-- PostgreSQL database dump\n--\n\nSET a = 'b';\n\nCREATE TABLE diary.t0 (a text);\n\n\n{tables}CREATE INDEX i ON diary.t0 (a);\n\n--\n-- PostgreSQL database dump complete\n--\n\n"
    )
}

proptest! {
    #[test]
    fn pieces_are_the_text_and_begin_with_their_tables(
        tables in proptest::collection::vec((0_usize..40, 1_usize..60_000), 0..6),
        chunk in prop_oneof![50_usize..200, 60_000_usize..70_000],
        piece_bytes in prop_oneof![1_u64..5_000, 1_000_000_u64..3_000_000],
    ) {
        let text = dump(&tables);
        let (blocks, pieces, scan) = cut(text.as_bytes(), chunk, piece_bytes);
        let texts = piece_texts(&blocks);
        prop_assert!(blocks.iter().all(|block| !block.text.is_empty() && block.text.len() <= BLOCK_BYTES));
        prop_assert_eq!(joined(&texts), text.as_bytes());
        prop_assert_eq!(texts.len(), pieces.len());
        for ((start, text), piece) in texts.iter().zip(&pieces) {
            prop_assert_eq!(&start.table, &piece.table);
            prop_assert_eq!(text.len() as u64, piece.bytes);
            let head = memchr::memmem::find(text, b"\nCOPY diary.").is_some();
            prop_assert_eq!(head, piece.table.is_some() && !start.continues);
        }
        // A table's pieces are its rows, all of them, each in one piece.
        for told in scan.contents().unwrap().tables {
            let name = Some((told.schema, told.name));
            let rows: u64 = pieces.iter().filter(|piece| piece.table == name).map(|piece| piece.rows).sum();
            prop_assert_eq!(rows, told.rows);
        }
        // It does not matter how the text arrives.
        let (_, one, _) = cut(text.as_bytes(), text.len().max(1), piece_bytes);
        prop_assert_eq!(one.iter().map(|piece| piece.rows).sum::<u64>(), pieces.iter().map(|piece| piece.rows).sum::<u64>());
    }

    #[test]
    fn any_bytes_come_through(text: Vec<u8>, chunk in 1_usize..100, piece_bytes in 1_u64..64) {
        let (blocks, pieces, _) = cut(&text, chunk, piece_bytes);
        prop_assert_eq!(blocks.iter().flat_map(|block| block.text.clone()).collect::<Vec<_>>(), text.clone());
        prop_assert_eq!(pieces.iter().map(|piece| piece.bytes).sum::<u64>(), text.len() as u64);
    }
}

fn joined(texts: &[(PieceStart, Vec<u8>)]) -> Vec<u8> {
    texts.iter().flat_map(|(_, text)| text.clone()).collect()
}

#[test]
fn a_large_table_is_cut_at_row_ends() {
    let text = dump(&[(60, 50_000), (3, 10)]);
    let (blocks, pieces, _) = cut(text.as_bytes(), 65_536, 1_000_000);
    let texts = piece_texts(&blocks);
    let of_first: Vec<_> =
        texts.iter().filter(|(start, _)| start.table == Some(("diary".into(), "t0".into()))).collect();
    assert_eq!(of_first.len(), 3);
    assert_eq!(of_first.iter().map(|(start, _)| start.continues).collect::<Vec<_>>(), [false, true, true]);
    assert!(of_first.iter().all(|(_, text)| text.ends_with(b"\n")));
    assert!(pieces.iter().filter(|piece| piece.table.is_some()).all(|piece| piece.rows > 0));
    // Statements before, the two tables, statements after.
    assert_eq!(pieces.len(), 1 + 3 + 1 + 1);
}

#[test]
fn a_row_longer_than_a_block_stays_in_one_piece() {
    let text = dump(&[(3, 3_000_000)]);
    let (blocks, pieces, _) = cut(text.as_bytes(), 65_536, 1_000_000);
    let rows: Vec<u64> =
        pieces.iter().filter(|piece| piece.table.is_some()).map(|piece| piece.rows).collect();
    assert_eq!(rows.iter().sum::<u64>(), 3);
    assert_eq!(joined(&piece_texts(&blocks)), text.as_bytes());
}

#[test]
fn statements_are_cut_too() {
    let statement =
        |at: usize| format!("SELECT pg_catalog.lowrite(0, '\\x{}');\n", "00".repeat(at % 7 + 9_000));
    let text: String = (0..200).map(statement).collect();
    let (blocks, pieces, _) = cut(text.as_bytes(), 65_536, 1_000_000);
    assert!(pieces.len() > 2 && pieces.iter().all(|piece| piece.table.is_none()));
    assert!(piece_texts(&blocks).iter().all(|(_, text)| text.trim_ascii_start().starts_with(b"SELECT")));
}
