//! What every store must do, whatever its kind: one suite, run on each of them. A new kind is a new line at the end.
//!
//! - `folder`: a directory of the file system
//! - `moto`: tags, versions and locks, but no checksums
//! - `strict_s3`: signatures and checksums, but no tags, versions or locks

mod archives;
mod case;
mod preflight;
mod suite;
mod versions;

use case::Case;

/// Each test of the suite, as a test of its own for each store.
macro_rules! conformance {
    ($($store:ident: [$($suite:ident::$test:ident),* $(,)?];)*) => {
        $(mod $store {
            use super::{Case, archives, suite, versions};
            $(#[test] fn $test() { $suite::$test(&Case::$store()); })*
        })*
    };
}

macro_rules! on_each {
    ($($store:ident),*; $tests:tt) => { conformance! { $($store: $tests;)* } };
}

on_each! { folder, moto, strict_s3; [
    suite::what_is_put_is_shown_listed_and_read,
    suite::every_length_around_a_part_comes_back,
    suite::ten_thousand_small_pieces_become_one_object,
    suite::a_key_is_never_written_twice,
    suite::of_two_uploads_begun_at_once_one_wins,
    suite::nothing_is_visible_before_it_is_published,
    suite::what_is_abandoned_leaves_nothing,
    suite::what_is_not_what_was_sent_is_not_taken_for_it,
    suite::an_unfinished_upload_is_listed_with_its_key,
    suite::a_listing_takes_any_beginning_of_a_key,
    suite::a_listing_is_whole_and_in_order,
    suite::what_does_not_exist_is_missing,
    suite::a_long_file_is_not_read_as_a_small_one,
    suite::an_object_that_changed_is_not_read_on,
    suite::a_location_names_one_object,
    suite::a_stop_ends_an_upload,
    archives::a_backup_is_three_objects_and_opens_again,
    archives::pieces_are_read_without_the_bytes_around_them,
    suite::what_a_store_cannot_do_is_an_error,
    versions::what_is_removed_is_in_no_listing,
] }
