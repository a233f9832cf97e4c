use super::{Cover, cover};
use crate::record::prune::PrunedObject;
use crate::store::ObjectVersion;

fn version(version: &str, is_delete_marker: bool, is_latest: bool) -> ObjectVersion {
    ObjectVersion {
        key: "k".to_owned(),
        version: version.to_owned(),
        is_latest,
        is_delete_marker,
        modified: None,
        bytes: 0,
    }
}

#[test]
fn only_markers_over_the_recorded_version_are_taken_away() {
    let object = |version: Option<&str>| PrunedObject {
        key: "k".to_owned(),
        version: version.map(str::to_owned),
        delete_marker: None,
    };
    let marker = |name: &str, is_latest| version(name, true, is_latest);
    let own = version("v1", false, false);
    let markers = |names: &[&str]| Cover::Markers(names.iter().map(|name| (*name).to_owned()).collect());
    for (versions, expected) in [
        (vec![version("v1", false, true)], Cover::Visible),
        (vec![marker("m1", true), own.clone()], markers(&["m1"])),
        // An answer was lost, and the request repeated.
        (vec![marker("m2", true), marker("m1", false), own.clone()], markers(&["m2", "m1"])),
        (vec![version("v2", false, true), own.clone()], Cover::Replaced),
        (vec![marker("m2", true), version("v2", false, false), own], Cover::Replaced),
        (vec![marker("m1", true)], Cover::Gone),
        (vec![], Cover::Gone),
    ] {
        assert_eq!(cover(&object(Some("v1")), &versions), expected);
    }
    // A record of a store without versions names none.
    assert_eq!(cover(&object(None), &[version("v1", false, true)]), Cover::Gone);
}
