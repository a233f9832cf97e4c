//! What an archive needs of any store.

use std::io::Read as _;

use sponsor_backup::archive::backup_manifest::Piece;
use sponsor_backup::archive::memory::BufferPlan;
use sponsor_backup::archive::pieces::SealedPiece;
use sponsor_backup::archive::{
    Codec, Identities, Progress, Recipients, SealOptions, SealedObject, Selection, open, open_pieces, seal,
};
use sponsor_backup::databases::postgres::sql::Blocks;
use sponsor_backup::store::Upload;
use tokio_util::sync::CancellationToken;

use super::Case;
use super::suite::{KEY, attributes, keys, read, run, sums};
use crate::archive::{GZIP, MIB, ZSTD, bytes};

pub(super) fn a_backup_is_three_objects_and_opens_again(case: &Case) {
    let plain = bytes(7 << 20, 3, false);
    let recipe = SealOptions { codec: GZIP, recipients: Recipients::default() };
    let buffers =
        BufferPlan { part_bytes: 5 * MIB, parts_in_flight: 2, members_in_flight: 3, source_bytes: 0 };
    run(async {
        let upload =
            Upload::new(&case.store, KEY.to_owned(), attributes(), buffers.parts(), CancellationToken::new());
        let mut stream = Blocks::new(plain.as_slice());
        let pending = seal(&mut stream, &recipe, buffers, upload, &Progress::default()).await.unwrap();
        pending.commit(b"{}".to_vec()).await.unwrap();
    });
    assert_eq!(keys(&case.store, ""), ["", ".manifest.json", ".sha256"].map(|end| format!("{KEY}{end}")));
    let stored = read(&case.store, KEY);
    let mut by_hand = Vec::new();
    flate2::read::MultiGzDecoder::new(stored.as_slice()).read_to_end(&mut by_hand).unwrap();
    assert!(by_hand == plain);
    let source = source(case, GZIP);
    let opened = run(async { open(source, CancellationToken::new()).unwrap().finish().await.unwrap() });
    assert_eq!((opened.plain, opened.stored), (sums(&plain).0, sums(&stored).0));
}

pub(super) fn pieces_are_read_without_the_bytes_around_them(case: &Case) {
    let rows = |table: &str, rows: usize| {
        let rows: String = (0..rows).map(|row| format!("{row} {table}\n")).collect();
        format!("COPY public.{table} (x) FROM stdin;\n{rows}\\.\n")
    };
    let texts = [
        "SET a = 'b';".to_owned(),
        "\n".to_owned() + &rows("one", 300_000),
        rows("two", 5),
        "\nSELECT 1;\n".to_owned(),
    ];
    let plain = texts.concat();
    let recipe = SealOptions { codec: ZSTD, recipients: Recipients::default() };
    let buffers =
        BufferPlan { part_bytes: 5 * MIB, parts_in_flight: 2, members_in_flight: 3, source_bytes: 0 };
    let index = run(async {
        let upload =
            Upload::new(&case.store, KEY.to_owned(), attributes(), buffers.parts(), CancellationToken::new());
        let mut stream = Blocks::new(plain.as_bytes());
        let pending = seal(&mut stream, &recipe, buffers, upload, &Progress::default()).await.unwrap();
        let index: Vec<Piece> = pending.sealed().pieces.iter().map(in_manifest).collect();
        pending.commit(b"{}".to_vec()).await.unwrap();
        index
    });
    let stored = read(&case.store, KEY);
    assert!(Selection::covers(&index, stored.len() as u64) && index.len() == texts.len(), "{index:?}");
    // Each is a file of its own to `zstd -d`.
    for (piece, text) in index.iter().zip(&texts) {
        let from = usize::try_from(piece.offset).unwrap();
        let bytes = &stored[from..from + usize::try_from(piece.bytes).unwrap()];
        assert!(zstd::decode_all(bytes).unwrap() == text.as_bytes());
    }
    let chosen = |wanted: &'static [usize]| {
        let offsets: Vec<u64> = wanted.iter().map(|at| index[*at].offset).collect();
        let source = source(case, ZSTD);
        let selection = Selection::of(&index, |piece| offsets.contains(&piece.offset));
        run(async move {
            let mut reader = open_pieces(source, selection, CancellationToken::new()).unwrap();
            let mut text = Vec::new();
            while let Some(chunk) = reader.next().await.unwrap() {
                text.extend_from_slice(&chunk);
            }
            (String::from_utf8(text).unwrap(), reader.finish().await.unwrap().stored.bytes)
        })
    };
    assert_eq!(chosen(&[0, 2]), (texts[0].clone() + &texts[2], index[0].bytes + index[2].bytes));
    assert_eq!(chosen(&[3]).0, texts[3]);
    assert!(chosen(&[1, 2, 3]).0 == texts[1..].concat());
}

fn in_manifest(piece: &SealedPiece) -> Piece {
    let SealedPiece { offset, bytes, sha256, text_bytes } = piece.clone();
    Piece { schema: None, name: None, rows: 0, offset, bytes, sha256, text_bytes }
}

fn source(case: &Case, codec: Codec) -> SealedObject {
    let info = run(case.store.examine(KEY)).unwrap();
    SealedObject {
        store: case.store.clone(),
        key: KEY.to_owned(),
        mark: info.mark,
        bytes: info.bytes,
        format: codec.format,
        encrypted: false,
        identities: Identities::parse("").unwrap(),
    }
}
