use super::*;

const DUMP: &str = "-- head\n\\restrict k\nSET a = 1;\nDROP TABLE IF EXISTS s.t;\n--\n-- Name: t; Type: TABLE\n--\n\nCREATE TABLE s.t;\nBEGIN;\nSELECT lo;\nCOMMIT;\nCOPY s.\"t\" (a) FROM stdin;\n1\n2\n\\.\n\nSELECT 2;\n-- end\n";

fn text(pieces: &[Piece]) -> String {
    let bytes = |piece: &Piece| match piece {
        Piece::Statement(text) | Piece::Transaction(text) | Piece::Rows(text) => text.clone(),
        Piece::Drop(text) | Piece::Rest(text) | Piece::Copy(text) | Piece::Tablespace(text) => text.clone(),
        Piece::Reaction(text) => text.clone(),
    };
    String::from_utf8(pieces.iter().flat_map(bytes).collect()).unwrap()
}

#[test]
fn pieces_in_a_row_are_the_text_however_it_is_cut() {
    for size in [1, 2, 7, 1000] {
        let mut script = Script::default();
        let mut pieces: Vec<Piece> =
            DUMP.as_bytes().chunks(size).flat_map(|chunk| script.feed(chunk)).collect();
        let (rest, scan) = script.finish();
        pieces.push(rest);
        assert_eq!(text(&pieces), DUMP);
        assert_eq!(scan.contents().unwrap().rows_total(), 2);
        let transactions = pieces.iter().filter(|piece| matches!(piece, Piece::Transaction(_)));
        assert_eq!(transactions.count(), 2);
        let dropping: Vec<&Piece> = pieces.iter().filter(|piece| matches!(piece, Piece::Drop(_))).collect();
        assert_eq!(dropping, [&Piece::Drop(b"\nDROP TABLE IF EXISTS s.t;".to_vec())]);
        let heads = pieces.iter().filter(|piece| matches!(piece, Piece::Copy(_)));
        assert_eq!(heads.count(), 1);
    }
}

#[test]
fn a_place_is_a_piece_with_its_comments_and_without_commands() {
    let dump = "SET a = 1;\n\n-- one\n\\restrict k\n-- two\n\nSET default_tablespace = fast;\n\nSET b = 2;\nSET default_tablespace = '';\n";
    let pieces = Script::default().feed(dump.as_bytes());
    let expected = [
        Piece::Statement(b"SET a = 1;".to_vec()),
        Piece::Tablespace(b"\n\n-- one\n-- two\n\nSET default_tablespace = fast;".to_vec()),
        Piece::Statement(b"\n\\restrict k\n\n\nSET b = 2;".to_vec()),
        Piece::Tablespace(b"\nSET default_tablespace = '';".to_vec()),
    ];
    assert_eq!(pieces, expected);
}

#[test]
fn statements_about_event_triggers_are_pieces_of_their_own() {
    let head = "DROP EVENT TRIGGER IF EXISTS t;\n--\n-- Name: t; Type: EVENT TRIGGER\n--\n\n";
    for (statement, is_one) in [
        ("CREATE EVENT TRIGGER t ON login\n   EXECUTE FUNCTION f();", true),
        ("ALTER EVENT TRIGGER t ENABLE ALWAYS;", true),
        ("COMMENT ON EVENT TRIGGER t IS 'x';", true),
        ("SECURITY LABEL FOR dummy ON EVENT TRIGGER t IS 'secret';", true),
        ("SECURITY LABEL FOR dummy ON TABLE t IS 'ON EVENT TRIGGER x';", false),
        ("COMMENT ON TABLE t IS 'CREATE EVENT TRIGGER t ON login';", false),
    ] {
        let pieces = Script::default().feed(format!("{head}{statement}\n").as_bytes());
        assert!(matches!(pieces[0], Piece::Drop(_)), "{statement}");
        assert_eq!(matches!(pieces[1], Piece::Reaction(_)), is_one, "{statement}");
    }
}

#[test]
fn a_name_that_looks_like_an_objects_head_is_none() {
    let dump = "SET a = 1;\nDROP TABLE IF EXISTS s.\"\n-- Name: \";\nDROP SCHEMA IF EXISTS s;\n--\n-- Name: t;\n--\n\nCREATE TABLE t ();\n";
    let pieces = Script::default().feed(dump.as_bytes());
    assert_eq!(pieces.iter().filter(|piece| matches!(piece, Piece::Drop(_))).count(), 2);
    assert!(matches!(pieces.last(), Some(Piece::Statement(_))));
}

#[test]
fn assertions_are_one_statement_each() {
    let found = statements("-- one\nSELECT 1 = 1;\nSELECT ';' = ';' ;").unwrap();
    assert_eq!(found, ["-- one\nSELECT 1 = 1;", "SELECT ';' = ';' ;"]);
    for wrong in ["SELECT true", "\\! ls\nSELECT true;", "COPY t FROM stdin;\n1\n\\.\n", "BEGIN;"] {
        assert!(statements(wrong).is_err(), "{wrong}");
    }
}
