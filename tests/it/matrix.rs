//! `matrix`: from Doppler or a file to outputs that `fromJSON` takes.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Outcome, Run, Sponsor, Trial};

fn of_file(text: &str) -> Run {
    let run = Run::workflow().file("sponsors.yml", text).input("manifest", "sponsors.yml");
    run.input("command", "matrix").input("environment", "production")
}

fn matrix(outcome: &Outcome) -> Vec<Value> {
    let matrix: Value = serde_json::from_str(&outcome.output("matrix")).unwrap();
    assert_eq!(matrix.as_object().unwrap().len(), 1, "{matrix}");
    matrix["include"].as_array().unwrap().clone()
}

fn names(outcome: &Outcome) -> Vec<String> {
    serde_json::from_str(&outcome.output("sponsors")).unwrap()
}

/// This many enabled sponsors.
fn many(count: usize) -> String {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap());
    (0..count).fold("sponsors:\n".to_owned(), |mut text, n| {
        let code: String = [n / 676, n / 26, n].map(letter).iter().collect();
        writeln!(text, "- {{name: sponsor-{n}, code: {code}, enabled: true, region: eu-west-1}}").unwrap();
        text
    })
}

#[test]
fn the_manifest_in_doppler_gives_a_matrix_of_enabled_sponsors() {
    let trial = Trial::of([
        Sponsor::named("callisto").empty(),
        Sponsor::named("titan").disabled().empty(),
        Sponsor::named("rhea").flag(None).empty(),
    ]);
    let outcome = Run::workflow()
        .input("command", "matrix")
        .input("environment", "production")
        .input("doppler-api-url", trial.doppler.url())
        .env("DOPPLER_TOKEN_CORE", &trial.core_token)
        .run();
    outcome.assert_code(0);
    let job =
        |name: &str, code: &str| json!({"name": name, "sponsors": name, "code": code, "region": "eu-west-1"});
    assert_eq!(matrix(&outcome), [job("callisto", "CAL"), job("rhea", "RHE")]);
    assert_eq!(names(&outcome), ["callisto", "rhea"]);
    assert_eq!(outcome.output("count"), "2");
    assert_eq!(outcome.output("outcome"), "success");
    assert_eq!(outcome.results(), Vec::<Value>::new());
    let asked = trial.doppler.requests();
    assert_eq!(asked.len(), 1, "no sponsor's secrets are read for a matrix");
    assert_eq!((asked[0].project.as_str(), asked[0].config.as_str()), ("hht-diary-core", "production"));
    assert_eq!(asked[0].secrets[0], "SPONSOR_MANIFEST");
    assert!(!outcome.everything().contains(&trial.core_token));
    for name in ["matrix", "sponsors", "count"] {
        assert!(outcome.job_outputs().contains_key(name), "{name} reaches the next job");
    }
}

#[test]
fn each_environment_has_a_doppler_config_and_both_can_be_set() {
    for (environment, config) in
        [("production", "production"), ("staging", "staging"), ("development", "dev")]
    {
        let trial = Trial::plan([Sponsor::named("callisto").empty()]).environment(environment).start();
        let outcome = trial.run().input("command", "matrix").run();
        outcome.assert_code(0);
        assert_eq!(trial.doppler.requests()[0].config, config);
    }
    let trial = Trial::of([]);
    let manifest = "sponsors: [{name: io, code: IOX, enabled: true}]";
    let token = trial.doppler.config("our-core", "eu", [("SPONSOR_MANIFEST", manifest)]);
    let run = trial.run().input("command", "matrix").input("core-project", "our-core").input("config", "eu");
    let outcome = run.env("DOPPLER_TOKEN_CORE", token).run();
    outcome.assert_code(0);
    assert_eq!(matrix(&outcome), [json!({"name": "io", "sponsors": "io", "code": "IOX"})]);
}

#[test]
fn a_file_needs_no_doppler_and_unknown_fields_are_no_error() {
    let text = "sponsors:\n- {name: callisto, code: CAL, enabled: true, repo: local, colour: {main: teal}}\n";
    let outcome = of_file(text).run();
    outcome.assert_code(0);
    assert_eq!(names(&outcome), ["callisto"]);
}

#[test]
fn ten_thousand_sponsors_are_grouped_evenly_and_none_is_lost() {
    let outcome = of_file(&many(10_000)).run();
    outcome.assert_code(0);
    let groups = matrix(&outcome);
    assert_eq!((groups.len(), outcome.output("count").as_str()), (256, "256"));
    let sizes: Vec<usize> =
        groups.iter().map(|group| group["sponsors"].as_str().unwrap().split(',').count()).collect();
    assert!(sizes.iter().all(|size| [39, 40].contains(size)), "{sizes:?}");
    let grouped: Vec<&str> =
        groups.iter().flat_map(|group| group["sponsors"].as_str().unwrap().split(',')).collect();
    assert_eq!(grouped, names(&outcome));
    assert_eq!(grouped.len(), 10_000);
    assert_eq!((&groups[0]["name"], &groups[255]["name"]), (&json!("group-1"), &json!("group-256")));
    assert_eq!(groups[0].as_object().unwrap().len(), 2, "a group has no code and no region");
    outcome.summary();
}

#[test]
fn groups_begin_only_where_there_are_more_sponsors_than_jobs() {
    let text = many(5);
    let five = of_file(&text).input("max-jobs", "5").run();
    assert_eq!(matrix(&five)[4]["name"], "sponsor-4");
    let two = of_file(&text).input("max-jobs", "2").run();
    assert_eq!(
        matrix(&two),
        [
            json!({"name": "group-1", "sponsors": "sponsor-0,sponsor-1"}),
            json!({"name": "group-2", "sponsors": "sponsor-2,sponsor-3,sponsor-4"})
        ]
    );
}

#[test]
fn an_empty_matrix_has_a_count_of_zero_and_does_not_fail() {
    let outcome = of_file("sponsors: [{name: titan, code: TIT, enabled: false}]").run();
    outcome.assert_code(0);
    assert_eq!((outcome.output("count").as_str(), names(&outcome).len()), ("0", 0));
    let warned = outcome.annotations("warning");
    assert!(warned.len() == 1 && warned[0].contains("No sponsor is enabled"), "{warned:?}");
    assert_eq!(outcome.output("matrix"), r#"{"include":[]}"#);
}

#[test]
fn a_sponsor_without_enabled_is_left_out_with_a_warning() {
    let outcome =
        of_file("sponsors: [{name: titan, code: TIT}, {name: rhea, code: RHE, enabled: true}]").run();
    outcome.assert_code(0);
    assert_eq!(names(&outcome), ["rhea"]);
    let warnings = outcome.annotations("warning");
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("no `enabled` for titan"), "{warnings:?}");
}

#[test]
fn a_selection_with_any_separator_keeps_the_manifests_order() {
    let outcome = of_file(&many(6)).input("sponsors", " sponsor-4,sponsor-1\n\tsponsor-3 ").run();
    outcome.assert_code(0);
    assert_eq!(names(&outcome), ["sponsor-1", "sponsor-3", "sponsor-4"]);
}

/// The templates as they are know callisto and titan.
#[test]
fn workflows_without_a_sponsors_token_are_named_with_the_job() {
    let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/workflows");
    let sponsors = |names: &[(&str, &str)]| {
        let entry =
            |(name, code): &(&str, &str)| format!("- {{name: {name}, code: {code}, enabled: true}}\n");
        format!("sponsors:\n{}", names.iter().map(entry).collect::<String>())
    };
    let known = sponsors(&[("callisto", "CAL"), ("titan", "TIT")]);
    of_file(&known).input("workflows", templates).run().assert_code(0);
    let more = sponsors(&[("callisto", "CAL"), ("titan", "TIT"), ("io-2", "IOX")]);
    let outcome = of_file(&more).input("workflows", templates).run();
    outcome.assert_code(17);
    let places = ["deploy.yml: jobs.backup.steps.0.env", "restore.yml: jobs.restore.steps.0.env"];
    for place in places.into_iter().chain(["backup-nightly.yml: jobs.nightly.secrets"]) {
        assert!(outcome.visible().contains(&format!("{place} does not pass DOPPLER_TOKEN_IO_2")), "{place}");
    }
    of_file(&known).input("workflows", "no/such/folder").run().assert_code(2);
}

/// What a terminal shows, from the manifest that most have to the one that enables no sponsor.
#[test]
fn what_matrix_prints_is_reviewed() {
    let matrix = |text: &str, name: &str| {
        let run = Run::terminal().file("m.yml", text);
        run.args(["matrix", "--environment=production", "--manifest=m.yml"]).run().assert_reviewed(name);
    };
    matrix(
        "sponsors: [{name: callisto, code: CAL, enabled: true}, {name: europa, code: EUR}]",
        "matrix-one-sponsor",
    );
    matrix("sponsors: [{name: titan, code: TIT, enabled: false}]", "matrix-no-sponsor");
    let groups = of_file(&many(3)).input("max-jobs", "2").run();
    groups.assert_reviewed("matrix-groups-in-a-workflow");
    let lacking = "jobs: {backup: {steps: [{env: {DOPPLER_TOKEN_SPONSOR_0: x}}]}}";
    let run = of_file(&many(2)).file("flows/backup.yml", lacking).input("workflows", "flows").run();
    run.assert_reviewed("matrix-workflow-lacks-a-token");
}
