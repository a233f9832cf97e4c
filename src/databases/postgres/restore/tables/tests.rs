use super::*;
use crate::databases::postgres::sql::selection::Existing;

/// A dump of PostgreSQL 15 with everything that a table can have.
const DUMP: &str = include_str!("dump.sql");

fn selection(tables: &str, into: Option<&str>) -> Selection {
    Selection { tables: TableName::parse_list(tables).unwrap(), into: into.map(str::to_owned) }
}

/// The whole extraction, fed in pieces of this size.
fn cut(
    tables: &str,
    into: Option<&str>,
    ground: Ground,
    size: usize,
) -> Result<(String, Extracted), SelectionError> {
    let mut extraction = Extraction::new(selection(tables, into), ground, None);
    let mut sql = Vec::new();
    for piece in DUMP.as_bytes().chunks(size) {
        sql.extend(extraction.feed(piece)?);
    }
    let extracted = extraction.finish()?;
    sql.extend_from_slice(&extracted.sql);
    Ok((String::from_utf8(sql).unwrap(), extracted))
}

/// The SQL, then what was noted.
fn shown(tables: &str, into: Option<&str>, ground: Ground) -> String {
    let (sql, extracted) = cut(tables, into, ground, 4096).unwrap();
    let tail = String::from_utf8(tail(&extracted, "KEY")).unwrap();
    format!("{sql}{tail}")
}

/// The target of the newcomer's night: the table was dropped, and everything else is there.
fn without_visits() -> Ground {
    let names = |list: &[(&str, &str)]| {
        list.iter().map(|(schema, name)| ((*schema).to_owned(), (*name).to_owned())).collect()
    };
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Ground::Known(Existing {
        schemas: texts(&["diary", "audit", "public"]),
        relations: names(&[
            ("diary", "patients"),
            ("diary", "notes"),
            ("diary", "ticket"),
            ("audit", "events"),
        ]),
        types: names(&[("diary", "mood"), ("diary", "place"), ("diary", "code"), ("public", "citext")]),
        others: names(&[("diary", "note"), ("diary", "is_code")]),
        roles: texts(&["postgres"]),
    })
}

#[test]
fn a_dropped_table_goes_back_into_its_place() {
    crate::reviewed::text("tables-back", &shown("diary.visits", None, without_visits()));
}

#[test]
fn a_table_goes_into_another_schema() {
    crate::reviewed::text(
        "tables-into",
        &shown("diary.visits, patients", Some("recovered"), without_visits()),
    );
}

#[test]
fn nothing_is_taken_for_granted_without_a_target() {
    crate::reviewed::text("tables-to-sql", &shown("diary.visits", None, Ground::Unknown));
}

#[test]
fn partitions_heirs_and_odd_names_come_along() {
    let tables = "audit.events audit.base,\"Odd, schema\".\"Visits; \"\"q\"\"\"";
    crate::reviewed::text("tables-partitions", &shown(tables, Some("recovered"), Ground::Unknown));
    // A partition alone is attached to the table that is there, after its own indexes.
    let (sql, _) = cut("audit.events_25", None, without_visits(), 512).unwrap();
    let (attach, key) =
        (sql.find("ATTACH PARTITION").unwrap(), sql.find("ADD CONSTRAINT events_25_pkey").unwrap());
    assert!(key < attach, "{sql}");
    let (sql, extracted) = cut("audit.events_25", None, Ground::Unknown, 512).unwrap();
    assert!(!sql.contains("ATTACH PARTITION"), "{sql}");
    assert!(
        extracted.notes.iter().any(|note| note.reason.starts_with("needs audit.events")),
        "{extracted:?}"
    );
    let (sql, _) = cut("audit.child", None, Ground::Unknown, 512).unwrap();
    assert!(sql.contains("CREATE TABLE audit.base") && !sql.contains("COPY audit.base"), "{sql}");
}

#[test]
fn the_size_of_the_pieces_does_not_matter() {
    let (whole, _) = cut("diary.visits", Some("recovered"), Ground::Unknown, usize::MAX).unwrap();
    for size in [1, 7, 1000] {
        assert_eq!(cut("diary.visits", Some("recovered"), Ground::Unknown, size).unwrap().0, whole);
    }
}

#[test]
fn wrong_names_are_explained() {
    let known = without_visits();
    let refused = |tables: &str, into: Option<&str>, ground: &Ground| {
        let error = cut(tables, into, ground.clone(), 4096).map(|_| ()).unwrap_err();
        (error.to_string(), Some(error.hint()))
    };
    let errors = [
        refused("diary.visit", None, &known),
        refused("diary.Visist", None, &known),
        refused("zebra", None, &known),
        refused("visits", None, &known),
        refused("diary.recent", None, &known),
        refused("diary.ticket", None, &known),
        refused("diary.patients", None, &known),
        refused("diary.visits, audit.visits", Some("recovered"), &known),
        refused("audit.events", Some("diary"), &{
            let Ground::Known(mut existing) = known.clone() else { unreachable!() };
            existing.relations.insert(("diary".to_owned(), "events_25".to_owned()));
            Ground::Known(existing)
        }),
    ];
    crate::reviewed::errors("errors-selection", errors);
}

#[test]
fn a_table_whose_rows_were_left_out_is_refused() {
    let holding = Some(BTreeSet::from([("diary".to_owned(), "patients".to_owned())]));
    let mut extraction = Extraction::new(selection("diary.visits", None), Ground::Unknown, holding);
    let error = extraction.feed(DUMP.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the backup holds no rows of diary.visits, only the definition");
}

#[test]
fn rows_are_compared_with_the_manifest() {
    let (_, extracted) = cut("diary.visits diary.spans", None, Ground::Unknown, 4096).unwrap();
    let tables = extracted.tables();
    let rows: Vec<(&str, u64)> = tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    assert_eq!(rows, [("spans", 0), ("visits", 2)]);
    let told = |table: &TableDigest| {
        ((table.schema.clone(), table.name.clone()), (table.rows, table.digest.clone()))
    };
    let mut told: BTreeMap<_, _> = tables.iter().map(told).collect();
    assert!(extracted.contradictions(&told).is_empty());
    told.get_mut(&("diary".to_owned(), "visits".to_owned())).unwrap().1 = "0".repeat(32);
    assert_eq!(extracted.contradictions(&told), ["table diary.visits has rows that differ"]);
}

#[test]
fn no_comment_of_a_file_ends_early() {
    let mut text = Vec::new();
    commented(&mut text, b"a\rDROP TABLE x;\nb");
    assert_eq!(text, b"--   a\n--   DROP TABLE x;\n--   b\n");
    assert_eq!(head(&["a\nDROP TABLE x;".to_owned()], "k")[..19], *b"-- a DROP TABLE x;\n");
}

#[test]
fn rows_that_a_policy_hid_stay_hidden_without_it() {
    let text = "--\n-- Name: pv; Type: SCHEMA; Schema: -; Owner: -\n--\n\nCREATE SCHEMA pv;\n\nCREATE TABLE pv.t (\n    id integer\n);\n\nCOPY pv.t (id) FROM stdin;\n1\n\\.\n\n\
                CREATE POLICY deny ON pv.t AS RESTRICTIVE USING ((id IN ( SELECT allowed.id FROM pv.allowed)));\n\n\
                CREATE POLICY open ON pv.t USING (true);\n\nALTER TABLE pv.t ENABLE ROW LEVEL SECURITY;\n";
    let sql = |into: Option<&str>| {
        let ground = Ground::Known(Existing::default());
        let mut extraction = Extraction::new(selection("pv.t", into), ground, None);
        let mut sql = extraction.feed(text.as_bytes()).unwrap();
        sql.extend(extraction.finish().unwrap().sql);
        String::from_utf8(sql).unwrap()
    };
    let back = sql(None);
    assert!(back.contains("CREATE POLICY deny ON pv.t AS RESTRICTIVE USING (false);"), "{back}");
    assert!(back.contains("CREATE POLICY open") && back.contains("ENABLE ROW LEVEL SECURITY"), "{back}");
    let aside = sql(Some("recovered"));
    assert!(aside.contains("ALTER TABLE recovered.t ENABLE ROW LEVEL SECURITY"), "{aside}");
    assert!(!aside.contains("CREATE POLICY"), "{aside}");
}
