//! Sequences and large objects are compared whatever the versions, and each that differs is named.

use super::{drill, forge_with_contents, programs, shell};
use crate::support::{Cluster, Outcome, Run, Sponsor, Trial, clients, tools};

const OBJECTS: &str = "SELECT lo_from_bytea(1001, convert_to(repeat('0123456789abcdef', 5000), 'UTF8')), \
                       lo_from_bytea(1002, 'x'), lo_create(1003); \
                       COMMENT ON LARGE OBJECT 1001 IS 'a scan'; \
                       CREATE SEQUENCE below MINVALUE -9 START -5; CREATE SEQUENCE \"Q'; \"\"x\"\"\"; \
                       SELECT setval('\"Q''; \"\"x\"\"\"', 42)";

fn backed_up() -> Trial {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    trial.database("callisto").psql_as_owner(OBJECTS);
    trial.run().run().assert_code(0);
    trial
}

/// A drill on PostgreSQL 18 whose psql gets the dump through this filter.
fn filtered(trial: &Trial, filter: &str) -> Outcome {
    let psql = clients::real("psql");
    let script = format!(
        "case \"$*\" in *--file=-*) /usr/bin/sed -u {} | {psql} \"$@\"; exit $?;; esac",
        shell(filter)
    );
    let folder = programs("", &script);
    on_18(drill(trial).path(folder.path())).run()
}

fn on_18(run: Run) -> Run {
    let cluster = Cluster::of_major(18);
    let name = format!("visitor_{}", tools::unique());
    cluster.psql("postgres", &format!("CREATE ROLE {name} LOGIN CREATEDB PASSWORD 'visit'"));
    let url = format!("postgresql://{name}:visit@127.0.0.1:{}/postgres", cluster.port());
    run.path(&tools::wheel_bin_dir(18)).env("TARGET_DATABASE_URL", url)
}

#[test]
fn sequences_and_large_objects_are_compared_on_another_version() {
    let trial = backed_up();
    let outcome = filtered(&trial, "s/nothing/nothing/");
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["verdict"], "rows equal");
    for (filter, finding) in [
        ("/lowrite(/d", "large object 1001: found 0 bytes, expected 80000"),
        ("s/x78'/x79'/", "large object 1002: different contents"),
        ("s/IS 'a scan'/IS 'another'/", "large object 1001: different contents"),
        ("/lo_create('1003')/d; /lo_open('1003'/,/lo_close/d", "large object 1003 is missing"),
        ("s/, 42, true/, 7, true/", "sequence public.Q'; \"x\" is at 7, expected 42"),
        (
            "s/below', -5, false/below', -5, true/",
            "sequence public.below is at -5, expected -5 (not used yet)",
        ),
    ] {
        let outcome = filtered(&trial, filter);
        outcome.assert_code(17);
        let report = outcome.drill_report("callisto");
        assert_eq!(
            (&report["status"], &report["verdict"]),
            (&"failed".into(), &"not equal".into()),
            "{filter}"
        );
        let findings = report["findings"].as_array().unwrap();
        assert!(findings.iter().any(|told| told.as_str().unwrap().starts_with(finding)), "{findings:?}");
    }
}

/// An attacker with write access can change all three parts of a backup. What its manifest still records gives it away.
#[test]
fn a_forged_sequence_or_large_object_is_named() {
    let trial = backed_up();
    let bucket = trial.bucket("callisto");
    let key = trial.store.keys_in(bucket)[0].clone();
    let text = {
        use std::io::Read as _;
        let mut text = String::new();
        flate2::read::MultiGzDecoder::new(trial.store.get(bucket, &key).as_slice())
            .read_to_string(&mut text)
            .unwrap();
        text
    };
    for (from, to, finding) in [
        (", 42, true)", ", 7, true)", "sequence public.Q'; \"x\" is at 7, expected 42"),
        ("'\\x78')", "'\\x79')", "large object 1002: different contents"),
        ("'\\x78')", "'\\x7879')", "large object 1002: found 2 bytes, expected 1"),
    ] {
        assert!(text.contains(from));
        forge_with_contents(&trial, &key, text.replace(from, to).as_bytes());
        for command in ["verify", "drill"] {
            let outcome = trial.run().input("command", command).run();
            outcome.assert_code(17);
            let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
            assert!(message.contains(finding), "{command}: {message}");
        }
    }
}

/// What release 0.1 did not write down is not compared, and nothing is made up.
#[test]
fn a_manifest_without_them_is_read() {
    let trial = backed_up();
    let bucket = trial.bucket("callisto");
    let key = format!("{}.manifest.json", trial.store.keys_in(bucket)[0]);
    let mut manifest = trial.store.get_json(bucket, &key);
    assert_eq!(manifest["large_objects"]["count"], 3);
    for name in ["sequences", "large_objects", "warnings", "lc_monetary"] {
        assert!(manifest.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    trial.store.put(bucket, &key, serde_json::to_vec(&manifest).unwrap());
    trial.run().input("command", "verify").run().assert_code(0);
    let outcome = drill(&trial).run();
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");
}
