use proptest::prelude::{ProptestConfig, prop, prop_assert, proptest};

use super::*;

/// The largest object of S3: 10,000 parts of 5 GiB, 48.8 TiB.
const LARGEST_OBJECT: u64 = LARGEST * MOST_PARTS as u64;

#[test]
fn the_largest_object_fits() {
    assert_eq!(capacity(first_size_for(LARGEST_OBJECT)), LARGEST_OBJECT);
    assert_eq!(LARGEST_OBJECT / (1 << 40), 48);
}

#[test]
fn growth_carries_a_stream_ten_times_as_long_as_expected() {
    let expected = 70 << 30;
    assert!(capacity(first_size_for(expected)) > 10 * expected);
}

#[test]
fn equal_parts_come_first() {
    let first = 8 * MIB;
    assert!((1..=EQUAL_PARTS).all(|number| size(number, first) == first));
    assert_eq!(size(EQUAL_PARTS + 1, first), 2 * first);
    assert_eq!(size(MOST_PARTS, first), LARGEST);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_size_fits_and_every_part_is_allowed(bytes in 0..=LARGEST_OBJECT, number in 1..=MOST_PARTS) {
        let first = first_size_for(bytes);
        prop_assert!(capacity(first) >= bytes);
        prop_assert!((SMALLEST..=LARGEST).contains(&size(number, first)));
        prop_assert!(number == MOST_PARTS || size(number, first) <= size(number + 1, first));
    }

    #[test]
    fn nothing_is_lost_in_cutting(lengths in prop::collection::vec(0_usize..6_000_000, 0..4)) {
        let whole: Vec<u8> = (0..=255).cycle().take(lengths.iter().sum()).collect();
        let (mut splitter, mut parts, mut at) = (PartSplitter::new(SMALLEST), Vec::new(), 0);
        for length in lengths {
            parts.extend(splitter.push(&whole[at..at + length]));
            at += length;
        }
        prop_assert!(parts.iter().all(|part: &Vec<u8>| part.len() as u64 == SMALLEST));
        parts.push(splitter.rest());
        prop_assert!(parts.concat() == whole);
    }
}
