use super::*;

/// Backups from the newest to the oldest: the version of a deployment, or nothing.
fn search(version: &str, backups: &[Option<&str>]) -> (Result<(usize, usize), Vec<String>>, usize) {
    let mut search = VersionSearch::new(version);
    let mut read = 0;
    for (at, deployed) in backups.iter().enumerate() {
        read += 1;
        if search.take(at, *deployed).is_break() {
            break;
        }
    }
    (search.end(), read)
}

#[test]
fn the_first_attempt_of_a_version_is_the_state_before_it() {
    let history = [
        None,
        Some("v2.4.1"),
        None,
        Some("v2.4.0"),
        None,
        Some("v2.4.0"),
        None,
        Some("v2.3.9"),
        Some("v2.4.0"),
    ];
    for (version, expected, read) in [
        ("v2.4.1", (1, 1), 4),
        ("v2.4.0", (5, 2), 8),
        ("2.4.0", (5, 2), 8),
        ("V2.4.0", (5, 2), 8),
        ("v2.3.9", (7, 1), 9),
    ] {
        assert_eq!(search(version, &history), (Ok(expected), read), "{version}");
    }
}

#[test]
fn a_version_that_was_never_deployed_names_the_others() {
    let history = [None, Some("v2.4.1"), Some("v2.4.0"), None, Some("v2.4.0")];
    let others = vec!["v2.4.1".to_owned(), "v2.4.0".to_owned()];
    for version in ["v2.4", "v2.4.00", "vv2.4.0", "4.1", "V"] {
        assert_eq!(search(version, &history), (Err(others.clone()), 5), "{version}");
    }
    assert_eq!(search("v1", &[]), (Err(Vec::new()), 0));
    assert_eq!(search("vienna", &[Some("ienna")]).0, Err(vec!["ienna".to_owned()]));
}

proptest::proptest! {
    /// Whatever is older than the end of the search does not change the answer.
    #[test]
    fn nothing_older_than_the_end_matters(history in proptest::collection::vec(proptest::option::of("[ab]"), 0..12)) {
        let history: Vec<Option<&str>> = history.iter().map(Option::as_deref).collect();
        let (found, read) = search("a", &history);
        if let Ok((at, attempts)) = found {
            proptest::prop_assert!(history[at] == Some("a") && attempts >= 1);
            let older = history[at + 1..read].iter();
            proptest::prop_assert!(older.clone().all(|version| *version != Some("a")));
            proptest::prop_assert_eq!(search("a", &history[..read]).0, Ok((at, attempts)));
        } else {
            proptest::prop_assert!(history.iter().all(|version| *version != Some("a")));
        }
    }
}
