use super::*;

#[test]
fn what_was_not_read_is_never_left_out() {
    let mut tally = VerifiedBackups { verified: 3, ..VerifiedBackups::default() };
    assert_eq!((tally.words().as_str(), tally.not_read()), ("3 backups verified", None));
    tally.frozen.insert("DEEP_ARCHIVE".to_owned(), 1);
    assert_eq!(tally.words(), "3 backups verified, 1 in Deep Archive not read");
    tally.frozen.insert("GLACIER".to_owned(), 2);
    tally.verified = 1;
    assert_eq!(tally.words(), "1 backup verified, 1 in Deep Archive and 2 in Glacier not read");
}

#[test]
fn findings_are_counted_among_all_and_very_many_are_cut() {
    let mut tally = VerifiedBackups {
        verified: 2,
        failed: 1,
        findings: vec!["a".to_owned()],
        ..VerifiedBackups::default()
    };
    assert_eq!((tally.place().as_str(), tally.named().len()), ("1 of 4 backups is not whole", 1));
    tally.findings = vec!["a".to_owned(); 150];
    let named = tally.named();
    assert_eq!((named.len(), named[100].as_str()), (101, "and 50 more, which the log names"));
}
