use super::*;

#[test]
fn a_backup_is_named_in_three_ways() {
    assert_eq!(which("latest"), Ok(WhichBackup::Latest));
    assert_eq!(which("20261120-013059"), Ok(WhichBackup::At("2026-11-20T01:30:59Z".parse().unwrap())));
    let location = WhichBackup::Location { bucket: "b".to_owned(), key: "backups/x.sql.gz".to_owned() };
    assert_eq!(which("s3://b/backups/x.sql.gz"), Ok(location));
    for wrong in ["newest", "20261320-013059", "2026112-013059", "20261120-0130590", "s3://bucket"] {
        assert!(which(wrong).unwrap_err().message.starts_with("`backup` is"), "{wrong}");
    }
}
