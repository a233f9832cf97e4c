//! Manifests and selections that cannot be used.

use crate::support::{Outcome, Run, Sponsor, Trial};

fn matrix(text: &str) -> Outcome {
    let run = Run::workflow().file("m.yml", text).input("manifest", "m.yml").input("command", "matrix");
    run.input("environment", "production").run()
}

#[track_caller]
fn assert_refused(outcome: &Outcome, code: i32, stage: &str, told: &[&str]) {
    outcome.assert_code(code);
    let visible = outcome.visible();
    for words in told {
        assert!(visible.contains(words), "{words} in {visible}");
    }
    assert!(visible.lines().any(|line| line.starts_with("error: ")), "{visible}");
    let annotations = outcome.annotations("error");
    assert!(
        annotations.len() == 1 && annotations[0].starts_with(&format!("{stage} failed: ")),
        "{annotations:?}"
    );
    assert_eq!((outcome.output("outcome").as_str(), outcome.output("results").as_str()), ("failure", "[]"));
    assert!(outcome.summary().starts_with("## ❌ "), "{}", outcome.summary());
    assert!(!outcome.outputs().contains_key("matrix"), "a job must not begin with half a matrix");
}

#[test]
fn every_bad_manifest_is_described_by_what_is_wrong_with_it() {
    let callisto = "sponsors:\n- {name: callisto, code: CAL, enabled: true}\n";
    for (text, told) in [
        ("sponsors: [".to_owned(), "manifest is not YAML"),
        ("{\"sponsors\"".to_owned(), "manifest is not YAML"),
        (String::new(), "manifest has no list under `sponsors`"),
        ("sponsors: []".to_owned(), "manifest has no sponsors"),
        ("sponsors: {local: [callisto]}".to_owned(), "it is a mapping of `local`"),
        (
            format!("{callisto}- {{name: callisto, code: TIT}}"),
            "sponsors 1 and 2 both have the name `callisto`",
        ),
        (format!("{callisto}- {{name: titan, code: CAL}}"), "sponsors 1 and 2 both have the code `CAL`"),
        (format!("{callisto}- {{name: Titan, code: TIT}}"), "sponsor 2: `name` is `Titan`"),
        (format!("{callisto}- {{name: titan, code: TI}}"), "sponsor 2 (titan): `code` is `TI`"),
        (
            format!("{callisto}- {{name: titan, code: TIT, enabled: \"true\"}}"),
            "`enabled` is the text `true`, not true or false",
        ),
    ] {
        assert_refused(&matrix(&text), 10, "manifest", &[told]);
    }
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    let run = Run::workflow().input("manifest", "no/such.yml").input("command", "matrix");
    let outcome = run.input("environment", "production").run();
    assert_refused(
        &outcome,
        10,
        "manifest",
        &["cannot read manifest no/such.yml: No such file or directory", "Check the `manifest` input"],
    );
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.manifest(None);
    let outcome = trial.run().run();
    assert_refused(
        &outcome,
        12,
        "secrets",
        &["missing secrets in hht-diary-core/production: SPONSOR_MANIFEST"],
    );
    trial.manifest(Some("not a manifest"));
    assert_refused(&trial.run().run(), 10, "manifest", &["manifest has no list under `sponsors`"]);
    assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
}

#[test]
fn an_unknown_or_disabled_sponsor_stops_every_backup() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("titan").disabled().empty()]);
    let outcome = trial.run().input("sponsors", "callisto, calisto").run();
    assert_refused(
        &outcome,
        11,
        "sponsors",
        &["sponsor calisto is not in the manifest", "Did you mean `callisto`?"],
    );
    let outcome = trial.run().input("sponsors", "callisto titan").run();
    assert_refused(
        &outcome,
        11,
        "sponsors",
        &["sponsor titan is not enabled in the manifest", "enabled: true"],
    );
    trial.manifest(Some("sponsors: [{name: callisto, code: CAL, enabled: false}]"));
    assert_refused(
        &trial.run().run(),
        11,
        "sponsors",
        &["no sponsor is enabled in the manifest", "count != '0'"],
    );
    assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
    assert_eq!(trial.doppler.requests().len(), 3, "the manifest alone was read");
}
