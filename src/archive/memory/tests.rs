use proptest::prelude::{prop_assert, proptest};

use super::*;

#[test]
fn the_default_limit_serves_one_roomy_stream_or_four_lean_ones() {
    let limit = 96 * MIB;
    let one = BufferPlan::for_database(2 << 30, limit, limit, 2).unwrap();
    assert_eq!((one.part_bytes, one.parts_in_flight), (16 * MIB, 2));
    let four = BufferPlan::for_database(2 << 30, limit / 4, limit, 2).unwrap();
    assert_eq!((four.part_bytes, four.parts_in_flight), (8 * MIB, 1));
    assert!(four.bytes() * 4 <= limit, "{} MiB", four.bytes() / MIB);
}

#[test]
fn a_database_too_large_for_the_limit_gets_the_limit_it_needs() {
    let error = BufferPlan::for_database(4 << 40, 96 * MIB, 96 * MIB, 2).unwrap_err();
    assert!(error.to_string().starts_with("a database of 4.0 TiB needs"), "{error}");
    let hint = error.hint().unwrap();
    let needed: u64 = hint.split("to ").nth(1).unwrap().split("MiB").next().unwrap().parse().unwrap();
    assert!(BufferPlan::for_database(4 << 40, 96 * MIB, needed * MIB, 2).is_ok());
}

#[test]
fn what_the_source_holds_counts() {
    let limit = 96 * MIB;
    let buffers = BufferPlan::with_source(26 * MIB, 2 << 30, (limit, limit), 2).unwrap();
    assert!(buffers.bytes() <= limit && buffers.source_bytes == 26 * MIB, "{buffers:?}");
    let error = BufferPlan::with_source(26 * MIB, 0, (24 * MIB, 24 * MIB), 2).unwrap_err();
    assert!(
        error.to_string().contains("needs 46.0 MiB of upload buffers, 26.0 MiB of them for `jobs`"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("46MiB"));
    assert!(BufferPlan::with_source(26 * MIB, 0, (24 * MIB, 46 * MIB), 2).is_ok());
}

#[test]
fn a_large_database_gets_the_largest_parts_within_the_limit() {
    let buffers = BufferPlan::for_database(1 << 40, 96 * MIB, 96 * MIB, 2).unwrap();
    assert_eq!((buffers.part_bytes, buffers.parts_in_flight), (46 * MIB, 1));
    assert!(parts::capacity(buffers.part_bytes) > 1 << 40);
}

#[test]
fn the_smallest_limit_works_on_any_machine() {
    let limit = smallest_limit();
    for (streams, cores) in [(1, 1), (1, 2), (1, 64), (4, 1), (4, 64)] {
        assert!(
            BufferPlan::for_database(0, limit / streams, limit, cores).is_ok(),
            "{streams} streams, {cores} cores"
        );
    }
}

proptest! {
    #[test]
    fn a_flow_keeps_to_the_limit(database in 0_u64..(1 << 40), share in 20_u64..2000, streams in 1_u64..8, cores in 1_usize..64) {
        let (share, limit) = (share * MIB, share * streams * MIB);
        if let Ok(buffers) = BufferPlan::for_database(database, share, limit, cores) {
            prop_assert!(buffers.bytes() <= limit);
            prop_assert!(parts::capacity(buffers.part_bytes) >= database);
        }
    }
}
