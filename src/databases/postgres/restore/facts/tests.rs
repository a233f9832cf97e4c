use super::*;

fn table(to_clear: u64, is_in_huge_pages: bool) -> LockTable {
    LockTable { per_transaction: 64, slots: 121, is_in_huge_pages, to_clear }
}

#[test]
fn only_what_cannot_fit_is_refused() {
    let refused = |table: LockTable, locks, clears| {
        table.obstacle("db:5432/app", locks, clears).map(|error| error.to_string())
    };
    assert_eq!(refused(table(0, false), 15_744, false), None);
    assert_eq!(
        refused(table(0, false), 20_000, false).unwrap(),
        "db:5432/app: max_locks_per_transaction is 64, but this restore needs 163 or more"
    );
    assert_eq!(refused(table(0, true), 20_000, false), None);
    assert_eq!(refused(table(15_000, false), 15_000, false), None);
    assert!(refused(table(15_000, false), 15_000, true).unwrap().contains("needs 244 or more"));
    assert_eq!(refused(table(15_000, false).of_an_empty_database(), 15_000, true), None);
    assert!(refused(table(u64::MAX, false), u64::MAX, true).is_some());
}

#[test]
fn a_server_of_ours_has_room() {
    assert_eq!(setting_for(20_000, 22), 2728);
    assert_eq!(setting_for(0, 22), 0);
}
