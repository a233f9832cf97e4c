use super::*;

fn piece(offset: u64, bytes: &[u8]) -> Piece {
    let mut hasher = Hasher::default();
    hasher.feed(bytes);
    Piece {
        schema: Some("diary".to_owned()),
        name: Some("visits".to_owned()),
        rows: 1,
        offset,
        bytes: bytes.len() as u64,
        sha256: hasher.read().sha256,
        text_bytes: 1,
    }
}

fn index() -> Vec<Piece> {
    vec![piece(0, b"one"), piece(3, b"three"), piece(8, b"four")]
}

fn ranges(selection: &Selection) -> String {
    selection.ranges().iter().map(|range| format!("{range:?}")).collect::<Vec<_>>().join(" ")
}

fn read(stream: &[u8], selection: Selection) -> Result<String, String> {
    let mut text = String::new();
    let mut proven = ProvenPieces::new(stream, selection, "file:///b".to_owned());
    proven.read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string())
}

#[test]
fn only_wanted_pieces_pass() {
    assert_eq!(read(b"onethreefour", Selection::of(&index(), |_| true)).unwrap(), "onethreefour");
    assert_eq!(read(b"onethreefour", Selection::of(&index(), |piece| piece.offset != 3)).unwrap(), "onefour");
    let only = Selection::of(&index(), |piece| piece.offset == 3);
    assert_eq!((ranges(&only), only.bytes()), ("3..8".to_owned(), 5));
    assert_eq!(read(b"three", only.without_gaps()).unwrap(), "three");
}

#[test]
fn neighbors_are_one_range() {
    assert_eq!(ranges(&Selection::of(&index(), |_| true)), "0..12");
    assert_eq!(ranges(&Selection::of(&index(), |piece| piece.offset != 3)), "0..3 8..12");
}

#[test]
fn nothing_of_an_altered_piece_passes() {
    let mut proven =
        ProvenPieces::new(&b"onethrEefour"[..], Selection::of(&index(), |_| true), "file:///b".to_owned());
    let mut text = Vec::new();
    let error = proven.read_to_end(&mut text).unwrap_err();
    assert_eq!(text, b"one");
    assert!(error.to_string().contains("bytes 3 to 8 (rows of diary.visits)"), "{error}");
}

#[test]
fn a_stream_that_is_shorter_or_longer_is_an_error() {
    assert!(read(b"onethreefou", Selection::of(&index(), |_| true)).is_err());
    assert!(read(b"onethreefourX", Selection::of(&index(), |_| true)).is_err());
}

#[test]
fn an_index_covers_its_stream_without_gaps() {
    assert!(Selection::covers(&index(), 12));
    assert!(!Selection::covers(&index(), 13));
    assert!(!Selection::covers(&index()[1..], 12));
    assert!(!Selection::covers(&[], 12));
}
