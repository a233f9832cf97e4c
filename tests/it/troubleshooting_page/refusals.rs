//! Tokens, keys and passwords that are refused.

use super::{BACK_UP, PAGE};
use crate::support::{OnCall, Play, StrictS3, project_of, squeezed};

pub(super) const KEYS: Play = Play {
    page: PAGE,
    blocks: &[],
    inline: &[
        "The last run failed, and its log is gone",
        "The database rejects the password",
        "Each backup fails since a restore or a move",
        "S3 rejects the keys",
        "The token expired",
    ],
};
pub(super) const AGE: Play =
    Play { page: PAGE, blocks: &[], inline: &["An encrypted backup does not open", "age-keygen -y key.txt"] };

#[test]
fn what_refuses_a_backup_is_named() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &KEYS);
    on_call.also(BACK_UP);
    let project = project_of("callisto");
    let url = on_call.doppler.secrets(&project, "production")["DATABASE_URL"].clone();
    let set = |on_call: &OnCall, name: &str, value: &str| {
        on_call.doppler.set(&project, "production", name, Some(value))
    };

    set(&on_call, "DATABASE_URL", &url.replace("a-long-random-one", "a-wrong-one"));
    let failed = on_call.type_in(BACK_UP);
    assert_eq!(failed.failed[0].0, 13, "{failed:#?}");
    let history = on_call.run_row("The last run failed, and its log is gone", "diary", &[]);
    assert!(history.contains("password authentication failed"), "{history}");
    let checked =
        on_call.run_row("The database rejects the password", "diary", &[(17, "sponsor-backup preflight")]);
    assert!(squeezed(&checked).contains("fail database-connection"), "{checked}");

    on_call.server().psql("postgres", "CREATE DATABASE moved TEMPLATE diary");
    set(&on_call, "DATABASE_URL", &url.replace("/diary", "/moved"));
    let checked = on_call.run_row(
        "Each backup fails since a restore or a move",
        "diary",
        &[(17, "sponsor-backup preflight")],
    );
    assert!(squeezed(&checked).contains("fail same-database"), "{checked}");
    on_call.also(&format!("{BACK_UP} --accept-new-source callisto"));

    let signed = on_call.run_row("S3 rejects the keys", "diary", &[]);
    let id = store.access_key();
    assert!(signed.contains(&format!("signed by: access key {id}")), "{signed}");
    assert!(signed.contains("SPONSOR_AWS_ACCESS_KEY_ID"), "{signed}");

    let token = on_call.also("printf %s \"$DOPPLER_TOKEN_CALLISTO\"");
    on_call.doppler.revoke(&token);
    let expired = on_call.run_row("The token expired", "diary", &[(17, "sponsor-backup preflight")]);
    assert!(expired.contains("status 401"), "{expired}");
    on_call.end("What refuses a backup");
}

#[test]
fn the_key_of_an_encrypted_backup_is_found() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &AGE);
    on_call.also("age-keygen -o key.txt 2>/dev/null; age-keygen -o other.txt 2>/dev/null");
    on_call.also(&format!("{BACK_UP} --age-recipients \"$(age-keygen -y key.txt)\""));
    let refused = on_call.type_in(
        "AGE_IDENTITY=$(cat other.txt) sponsor-backup verify --environment production --sponsors callisto",
    );
    assert!(refused.printed.contains("none of the given age identities opens"), "{refused:#?}");
    let shown = squeezed(&on_call.run_row("An encrypted backup does not open", "diary", &[]));
    let public = on_call.run_inline("age-keygen -y key.txt", &[]);
    assert!(shown.contains(&format!("encrypted: for {}", public.trim())), "{public}: {shown}");
    on_call.end("An encrypted backup");
}
