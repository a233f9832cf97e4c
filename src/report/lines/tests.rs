use super::*;

#[test]
fn a_reading_shows_amounts_and_rate() {
    let reading = DumpProgress {
        sponsor: "callisto",
        bytes_read: 1 << 30,
        bytes_stored: 300 << 20,
        elapsed: Duration::from_secs(8),
    };
    assert_eq!(reading.line(), "callisto: 1.0 GiB read, 300.0 MiB stored, 128.0 MiB/s, 8s");
}

#[test]
fn numbers_and_plurals_read_well() {
    let numbers = [0, 999, 1_000, 52_500, 120_000, 1_234_567].map(number);
    assert_eq!(numbers, ["0", "999", "1,000", "52,500", "120,000", "1,234,567"]);
    assert_eq!([count(1_u64, "row"), count(0_usize, "table")], ["1 row", "0 tables"]);
}

#[test]
fn a_duration_that_is_none_reads_as_zero() {
    assert_eq!([duration(f64::NAN), duration(-1.0), duration(75.9)], ["0s", "0s", "1m 15s"]);
}

#[test]
fn a_plan_is_a_title_and_labels_with_their_values() {
    let lines = plan("io: restore".to_owned(), &[("dump", "a".to_owned()), ("bucket", "b".to_owned())]);
    assert_eq!(lines, ["io: restore", "dump: a", "bucket: b"]);
}
