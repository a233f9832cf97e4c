use super::{Position, set, *};

#[test]
fn names_and_values_are_read() {
    for (statement, expected) in [
        ("SELECT pg_catalog.setval('public.t_id_seq', 42, true);", Some(("public", "t_id_seq", 42, true))),
        (
            "SELECT pg_catalog.setval('\"S. \"\"x\"\"\".\"Q''x'', 7\"', -5, false);",
            Some(("S. \"x\"", "Q'x', 7", -5, false)),
        ),
        ("SELECT pg_catalog.setval('s.q', 4 + 2, true);", None),
        ("SELECT pg_catalog.set_config('search_path', '', false);", None),
    ] {
        let expected = expected.map(|(schema, name, value, is_called)| {
            ((schema.to_owned(), name.to_owned()), Position { value, is_called })
        });
        assert_eq!(set(statement.as_bytes()), expected, "{statement}");
    }
}

fn watched(statements: &[String]) -> LargeObjects {
    let mut watch = LargeObjectTracker::default();
    for statement in statements {
        watch.learn(statement.as_bytes(), twox_hash::XxHash3_128::oneshot(statement.as_bytes()));
    }
    watch.found
}

fn object(oid: u32) -> [String; 4] {
    [
        format!("SELECT pg_catalog.lo_create('{oid}');"),
        format!("ALTER LARGE OBJECT {oid} OWNER TO app;"),
        format!("SELECT pg_catalog.lo_open('{oid}', 131072);"),
        format!("SELECT pg_catalog.lowrite(0, '\\x{oid:08}');"),
    ]
}

#[test]
fn each_object_has_its_own_sum() {
    let found = watched(&[object(1001), object(1002)].concat());
    assert_eq!((found.shift, found.groups.len()), (0, 2));
    assert_eq!((found.groups[&1001].count, found.groups[&1001].bytes), (1, 4));
    assert_ne!(found.groups[&1001].digest, found.groups[&1002].digest);
    let granted = [object(1001).to_vec(), vec!["GRANT SELECT ON LARGE OBJECT 1001 TO app;".to_owned()]];
    assert_ne!(watched(&granted.concat()).groups[&1001].digest, found.groups[&1001].digest);
    assert_eq!(watched(&["GRANT SELECT ON TABLE t TO app;".to_owned()]), LargeObjects::default());
}

#[test]
fn very_many_come_in_groups_whatever_their_order() {
    let oids: Vec<u32> = (0..25_000).map(|n| 16_384 + n * 3).collect();
    let all: Vec<String> = oids.iter().flat_map(|oid| object(*oid)).collect();
    let backwards: Vec<String> = oids.iter().rev().flat_map(|oid| object(*oid)).collect();
    let (found, again) = (watched(&all), watched(&backwards));
    assert_eq!(found, again);
    assert!(found.groups.len() <= GROUPS && found.shift > 0, "{}", found.groups.len());
    assert_eq!((found.total().count, found.total().bytes), (25_000, 100_000));
    let fewer = watched(&all[..4 * 9_000]);
    assert_eq!(fewer.shift, 0);
    assert_eq!(fewer.coarser(found.shift).total(), fewer.total());
}
