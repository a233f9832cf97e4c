use proptest::prelude::{prop_assert_eq, proptest};

use super::*;

const HASH: &str = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";

fn refused(text: &[u8]) -> String {
    parse("s3://b/k.sha256", "a/dump.sql.gz", text).unwrap_err().to_string()
}

#[test]
fn anything_but_the_one_line_is_refused() {
    let no_line = "s3://b/k.sha256 is not a SHA-256, two spaces and a file name";
    for text in [
        String::new(),
        HASH.to_owned(),
        format!("{HASH} dump.sql.gz"),
        format!("{HASH}0  dump.sql.gz"),
        format!("{}g  dump.sql.gz", &HASH[1..]),
        format!(" {HASH}  dump.sql.gz"),
        format!("\u{feff}{HASH}  dump.sql.gz"),
    ] {
        assert_eq!(refused(text.as_bytes()), no_line, "{text}");
    }
    assert_eq!(refused(&[0xff; 90]), no_line);
    for name in ["other.sql.gz", "dump.sql.gz\n", "dump.sql.gz\r", " dump.sql.gz", ""] {
        let text = format!("{HASH}  {name}\n");
        assert_eq!(refused(text.as_bytes()), "s3://b/k.sha256 is not the checksum of dump.sql.gz");
    }
}

proptest! {
    #[test]
    fn the_line_that_is_written_is_read(hash in "[0-9a-f]{64}", key in "[a-z]{1,5}/[a-z.]{1,20}") {
        let line = line(&hash, &key);
        prop_assert_eq!(parse("", &key, line.as_bytes()).unwrap(), hash.clone());
        prop_assert_eq!(parse("", &key, line.trim_end().as_bytes()).unwrap(), hash);
    }
}
