use super::*;

const DUMP: &str = "SELECT pg_catalog.lo_create('1001');\nSELECT pg_catalog.setval('s.q', 42, true);\n\
                        SELECT pg_catalog.lo_open('1001', 131072);\nSELECT pg_catalog.lowrite(0, '\\x0102');\n";

fn contents(text: &str) -> DumpContents {
    let mut scan = Scan::default();
    scan.feed(text.as_bytes());
    scan.contents().unwrap()
}

#[test]
fn a_forged_sequence_or_large_object_is_named() {
    let told = manifest_contents(&contents(DUMP), None, &Digests::new());
    assert_eq!(differing(&told, &contents(DUMP)), Vec::<String>::new());
    let statements = "its statements differ from its manifest";
    assert_eq!(
        differing(&told, &contents(&DUMP.replace("42", "7"))),
        ["sequence s.q is at 7, expected 42", statements]
    );
    assert_eq!(
        differing(&told, &contents(&DUMP.replace("\\x0102", "\\x0103"))),
        ["large object 1001: different contents, owner or grants", statements]
    );
    let of_release_0_1 = Contents { sequences: None, large_objects: None, ..told.clone() };
    assert_eq!(differing(&of_release_0_1, &contents(&DUMP.replace("42", "7"))), [statements]);
    let mut forged = told;
    forged.large_objects.as_mut().unwrap().count = 2;
    assert_eq!(differing(&forged, &contents(DUMP)), ["the large objects in its manifest are inconsistent"]);
}
