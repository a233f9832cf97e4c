use super::*;

fn name(table: &str) -> TableName {
    ("diary".to_owned(), table.to_owned())
}

fn locks(exclusive: &[&str], shared: &[&str]) -> Locks {
    let set = |names: &[&str]| names.iter().map(|table| name(table)).collect();
    Locks { exclusive: set(exclusive), shared: set(shared) }
}

#[test]
fn indexes_and_constraints_name_their_tables() {
    let cases = [
        ("CREATE INDEX i ON diary.visits USING btree (at);", Step::Index, locks(&[], &["visits"])),
        (
            "CREATE UNIQUE INDEX \"ON\" ON ONLY diary.\"a.b\" USING btree (at);",
            Step::Index,
            locks(&[], &["a.b"]),
        ),
        (
            "ALTER TABLE ONLY diary.visits\n    ADD CONSTRAINT visits_pkey PRIMARY KEY (id);",
            Step::Index,
            locks(&["visits"], &[]),
        ),
        ("ALTER TABLE diary.visits ADD CONSTRAINT \"u\" UNIQUE (id);", Step::Index, locks(&["visits"], &[])),
        (
            "ALTER TABLE ONLY diary.visits ADD CONSTRAINT x EXCLUDE USING gist (r WITH &&);",
            Step::Index,
            locks(&["visits"], &[]),
        ),
        (
            "ALTER TABLE ONLY diary.visits\n    ADD CONSTRAINT f FOREIGN KEY (\"REFERENCES\") REFERENCES diary.sites(id) ON DELETE CASCADE;",
            Step::ForeignKey,
            locks(&["visits", "sites"], &[]),
        ),
    ];
    for (statement, step, expected) in cases {
        assert_eq!(locks_of(statement.as_bytes()), Some((step, expected)), "{statement}");
    }
}

#[test]
fn every_other_statement_runs_alone() {
    for statement in [
        "ALTER TABLE diary.visits OWNER TO diary;",
        "ALTER TABLE diary.visits CLUSTER ON visits_pkey;",
        "ALTER TABLE diary.visits ADD CONSTRAINT c CHECK ((a > 0)) NOT VALID;",
        "ALTER INDEX diary.i ATTACH PARTITION diary.j;",
        "CREATE TRIGGER t BEFORE INSERT ON diary.visits EXECUTE FUNCTION f();",
        "CREATE INDEX;",
        "ALTER TABLE;",
    ] {
        assert_eq!(locks_of(statement.as_bytes()), None, "{statement}");
    }
}

#[test]
fn only_two_indexes_of_a_table_are_built_at_once() {
    let (index, key, other) = (locks(&[], &["visits"]), locks(&["visits"], &[]), locks(&["sites"], &[]));
    assert!(index.is_compatible(&index) && key.is_compatible(&other));
    assert!(!key.is_compatible(&key) && !key.is_compatible(&index) && !index.is_compatible(&key));
    let mut both = index;
    both.add(other.clone());
    assert!(!both.is_compatible(&other));
    assert_eq!(both.tables().count(), 2);
}
