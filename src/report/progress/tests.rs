use super::*;

#[test]
fn a_reading_shows_amounts_and_rate() {
    let reading = Reading {
        sponsor: "callisto",
        bytes_read: 1 << 30,
        bytes_stored: 300 << 20,
        elapsed: Duration::from_secs(8),
    };
    assert_eq!(reading.line(), "callisto: 1.0 GiB read, 300.0 MiB stored, 128.0 MiB/s, 8s");
}
