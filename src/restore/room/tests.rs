use super::*;

#[test]
fn only_what_cannot_fit_is_refused() {
    let room = Room { folder: "/tmp".into(), free: 100 << 20 };
    let size = |stored, rows| Size { dump_bytes: 900 << 20, stored_bytes: stored, rows };
    assert!(room.check(size(136 << 20, 2_000_000)).is_ok());
    let refused = room.check(size(137 << 20, 0)).unwrap_err().to_string();
    assert_eq!(
        refused,
        "/tmp has 100.0 MiB free, but the restored database needs at least 100.5 MiB (dump: 900.0 MiB)"
    );
    assert!(room.check(size(0, 3_000_000)).is_err());
    assert!(room.check(size(u64::MAX, u64::MAX)).is_err());
    assert_eq!(room.words(size(1, 1)), "100.0 MiB free in /tmp (dump: 900.0 MiB)");
    assert!(Room::of(Path::new("/nonexistent/x")).is_none());
}
