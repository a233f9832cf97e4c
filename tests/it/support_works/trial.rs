//! The whole stage: what a run is wired to is really there. Asks Doppler as the product would.

use bytes::Bytes;
use serde_json::Value;

use crate::support::{Moto, Sponsor, Trial, send_and_wait};

fn secrets(trial: &Trial, token: &str, names: &str) -> Value {
    let url = format!("{}/v3/configs/config/secrets/download?secrets={names}", trial.doppler.url());
    let request = hyper::Request::get(url)
        .header("authorization", format!("Bearer {token}"))
        .body(Bytes::new())
        .unwrap();
    serde_json::from_slice(send_and_wait(request).body()).unwrap()
}

#[test]
fn a_trial_has_databases_buckets_tokens_and_a_manifest() {
    let trial = Trial::plan([
        Sponsor::named("callisto").diary(5, 40),
        Sponsor::named("titan").flag(Some("false")).empty(),
        Sponsor::named("europa").disabled().flag(None).empty(),
    ])
    .environment("development")
    .start();
    let names = "DATABASE_URL,SPONSOR_BACKUPS_BUCKET,ENABLE_S3_BACKUP_ARCHIVAL,DOPPLER_CONFIG";
    let callisto = secrets(&trial, trial.token("callisto"), names);
    assert_eq!(callisto["DATABASE_URL"], trial.database("callisto").url());
    assert_eq!(callisto["SPONSOR_BACKUPS_BUCKET"], trial.bucket("callisto"));
    assert_eq!(callisto["ENABLE_S3_BACKUP_ARCHIVAL"], "true");
    assert_eq!(callisto["DOPPLER_CONFIG"], "dev");
    assert_eq!(secrets(&trial, trial.token("titan"), names)["ENABLE_S3_BACKUP_ARCHIVAL"], "false");
    assert!(secrets(&trial, trial.token("europa"), names).get("ENABLE_S3_BACKUP_ARCHIVAL").is_none());
    assert_eq!(trial.database("callisto").row_counts()["public.diary_events"], 40);
    assert!(Moto::shared().objects(trial.log_bucket("callisto")).is_empty());
    let manifest = secrets(&trial, &trial.core_token, "SPONSOR_MANIFEST");
    let manifest = manifest["SPONSOR_MANIFEST"].as_str().unwrap();
    assert!(manifest.contains("- name: europa\n    code: EUR\n    enabled: false\n"), "{manifest}");
    trial.secret("titan", "DATABASE_URL", Some("changed"));
    assert_eq!(secrets(&trial, trial.token("titan"), names)["DATABASE_URL"], "changed");
}

#[test]
fn a_run_is_wired_to_its_trial() {
    let trial = Trial::of([Sponsor::named("callisto-two").empty()]);
    let outcome = trial.run().program("/usr/bin/env").run();
    let has = |line: String| {
        assert!(outcome.stdout.lines().any(|other| other == line), "{line} in {}", outcome.stdout)
    };
    has("INPUT_ENVIRONMENT=production".into());
    has(format!("INPUT_DOPPLER-API-URL={}", trial.doppler.url()));
    has(format!("INPUT_S3-ENDPOINT-URL={}", Moto::shared().endpoint()));
    has(format!("DOPPLER_TOKEN_CORE={}", trial.core_token));
    has(format!("DOPPLER_TOKEN_CALLISTO_TWO={}", trial.token("callisto-two")));
}
