//! A credential is replaced while backups go on.

use serde_json::{Value, json};

use super::{BACK_UP, BACK_UP_TITAN, PAGE, PROTECTED};
use crate::support::{Moto, OnCall, Play, StrictS3, project_of, squeezed};

pub(super) const DOPPLER: Play =
    Play { page: PAGE, blocks: &["Doppler tokens 1", "Doppler tokens 2"], inline: &[] };
pub(super) const AWS: Play =
    Play { page: PAGE, blocks: &["AWS keys 1", "AWS keys 2", "AWS keys 3"], inline: &[] };
pub(super) const DATABASE: Play = Play { page: PAGE, blocks: &["Database password 1"], inline: &[] };
pub(super) const AGE: Play =
    Play { page: PAGE, blocks: &["age keys 1", "age keys 2", "age keys 3"], inline: &[] };

/// The public keys on the page: the old one and the new one.
const OLD: &str = "age1yyrcnlaszkus6cw2dfkfuywxt8zuzhcln3cldcwl08y0slt0lgmqrnt9z7";
const NEW: &str = "age1vgdaadve3g4qs20e4lx2zldw43dy5ahu4ts66cg03sf42jqthdrsw9za3q";

/// A backup with what is in the environment and in Doppler must fail so, and store nothing.
#[track_caller]
fn assert_refused(on_call: &mut OnCall, backup: &str, code: i32, words: &str) {
    let refused = on_call.type_in(backup);
    assert_eq!(refused.failed.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [code], "{refused:#?}");
    assert!(refused.printed.contains(words), "{refused:#?}");
}

fn dumps(keys: &[String]) -> usize {
    keys.iter().filter(|key| key.ends_with(".sql.gz") || key.ends_with(".sql.gz.age")).count()
}

// serves: 11.10(d)/rotation
#[test]
fn an_old_doppler_token_is_refused_and_the_new_one_works() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &DOPPLER);
    on_call.with_titan(&store);
    on_call.also(BACK_UP);
    let listed = on_call.run("Doppler tokens 1");
    let new = on_call.also("printf %s \"$new\"");
    let row = listed.lines().find(|line| line.starts_with("| ") && !line.contains("github-2027"));
    let slug = row.unwrap_or_else(|| panic!("{listed}")).split(" | ").nth(1).unwrap().to_owned();
    // Until it is revoked, both work.
    on_call.also(BACK_UP);
    on_call.run_changed("Doppler tokens 2", &[], |block| block.replace("SLUG", &slug));

    let read = on_call.doppler.requests().len();
    assert_refused(&mut on_call, BACK_UP, 12, "status 401");
    let answered = on_call.doppler.requests().split_off(read);
    assert!(answered.iter().all(|asked| asked.token != new), "{answered:#?}");
    assert_eq!(dumps(&store.keys_in(OnCall::BACKUPS)), 2);
    on_call.also(BACK_UP_TITAN);
    on_call.also(&format!("DOPPLER_TOKEN_CALLISTO=$new {BACK_UP}"));
    assert_eq!(dumps(&store.keys_in(OnCall::BACKUPS)), 3);
    let log = std::fs::read_to_string(on_call.newcomer.github()).unwrap();
    let stored: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = ["production-backup", "production-restore"].map(
        |environment| json!({"secret": "DOPPLER_TOKEN_CALLISTO", "environment": environment, "value": new}),
    );
    assert_eq!(stored, expected);
    on_call.end("Doppler tokens");
}

/// The user as the set-up makes it, with the keys in Doppler.
const USER: &str = "\
aws iam create-user --user-name sponsor-backup-callisto
aws iam put-user-policy --user-name sponsor-backup-callisto --policy-name backups --policy-document file://policy.json
read -r first_id first_secret < <(aws iam create-access-key --user-name sponsor-backup-callisto \\
  --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)
use_first() {
  doppler secrets set SPONSOR_AWS_ACCESS_KEY_ID=\"$first_id\" SPONSOR_AWS_SECRET_ACCESS_KEY=\"$first_secret\" \\
    --project hht-diary-callisto --config production --silent
}
use_first";

/// Moto knows no inactive keys: it refuses a key only after it was deleted. That the key is inactive is read back.
// serves: 11.10(d)/rotation
#[test]
fn an_old_aws_key_is_refused_and_the_new_one_works() {
    let all =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let moto = Moto::with_policy(&all);
    let mut on_call = OnCall::at(&moto, &AWS);
    on_call.with_titan(&moto);
    std::fs::write(
        on_call.newcomer.work().join("policy.json"),
        include_str!("../../../docs/aws-policy.json"),
    )
    .unwrap();
    on_call.also(PROTECTED);
    on_call.also(USER);
    on_call.also(BACK_UP);

    let switched = on_call.run("AWS keys 1");
    let new = on_call.also("printf %s \"$key_id\"");
    assert!(switched.contains(&format!("signed by: access key {new}")), "{switched}");
    on_call.also(BACK_UP);
    on_call.run("AWS keys 2");
    assert_eq!(on_call.also("printf %s \"$old\""), on_call.also("printf %s \"$first_id\""));
    let status = "aws iam list-access-keys --user-name sponsor-backup-callisto \
                  --query 'AccessKeyMetadata[].[AccessKeyId,Status]' --output text";
    let listed = squeezed(&on_call.also(status));
    assert!(listed.ends_with(&format!("Inactive {new} Active")), "{listed}");
    on_call.also(BACK_UP);
    on_call.run("AWS keys 3");
    on_call.also(BACK_UP);
    assert_eq!(dumps(&moto.keys_in(OnCall::BACKUPS)), 4);

    on_call.also("use_first");
    assert_refused(&mut on_call, BACK_UP, 14, "InvalidAccessKeyId");
    assert_eq!(dumps(&moto.keys_in(OnCall::BACKUPS)), 4);
    on_call.also(BACK_UP_TITAN);
    on_call.end("AWS keys");
}

// serves: 11.10(d)/rotation
#[test]
fn an_old_database_password_is_refused_and_the_new_one_works() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &DATABASE);
    on_call.with_titan(&store);
    on_call.also(BACK_UP);
    let project = project_of("callisto");
    let old = on_call.doppler.secrets(&project, "production")["DATABASE_URL"].clone();
    let checked = on_call.run("Database password 1");
    assert!(squeezed(&checked).contains("ok database-connection"), "{checked}");
    let new = on_call.doppler.secrets(&project, "production")["DATABASE_URL"].clone();
    assert!(!checked.contains(new.split([':', '@']).nth(2).unwrap()), "the password is not printed");
    on_call.also(BACK_UP);

    on_call.doppler.set(&project, "production", "DATABASE_URL", Some(&old));
    assert_refused(&mut on_call, BACK_UP, 13, "password authentication failed");
    on_call.doppler.set(&project, "production", "DATABASE_URL", Some(&new));
    on_call.also(BACK_UP);
    assert_eq!(dumps(&store.keys_in(OnCall::BACKUPS)), 3);
    on_call.also(BACK_UP_TITAN);
    on_call.write_visits(1);
    on_call.end("Database password");
}

/// Verifies a backup with one private key.
fn verify(key: &str, backup: &str) -> String {
    format!(
        "AGE_IDENTITY=$(cat {key}.txt) sponsor-backup verify --environment production --sponsors callisto --backup {backup}"
    )
}

// serves: 11.10(d)/rotation
#[test]
fn age_keys_change_over_and_old_backups_are_encrypted_anew() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &AGE);
    let old = on_call.also("age-keygen -o old.txt 2>/dev/null\nage-keygen -y old.txt").trim().to_owned();
    on_call.back_up_then(&format!("--age-recipients {old}"));
    let printed = on_call.run("age keys 1");
    let new = printed.lines().last().unwrap().to_owned();
    assert!(new.starts_with("age1") && new != old, "{printed}");

    let own = |block: String| block.replace(OLD, &old).replace(NEW, &new);
    let both = on_call.run_changed("age keys 2", &[], own);
    for recipient in [&old, &new] {
        assert!(both.split("encrypted: for").nth(1).unwrap().contains(recipient), "{recipient}: {both}");
    }
    // While changing over, each key opens the backup of both, and only the old one what was before.
    on_call.also(&verify("old", "latest"));
    on_call.also(&verify("old", "20261120-120000"));
    assert_refused(
        &mut on_call,
        &verify("new", "20261120-120000"),
        14,
        "none of the given age identities opens",
    );
    // After it, only the new one.
    on_call.also(&format!("{BACK_UP} --age-recipients {new}"));
    on_call.also(&verify("new", "latest"));
    assert_refused(&mut on_call, &verify("old", "latest"), 14, "none of the given age identities opens");

    let originals = store.keys_in(OnCall::BACKUPS);
    let folder = on_call.newcomer.work().join("second/callisto");
    std::fs::create_dir_all(&folder).unwrap();
    let folder = folder.display().to_string();
    on_call.run_changed("age keys 3", &[], |block| {
        block.replace(NEW, &new).replace("/srv/second/callisto", &folder)
    });
    assert_eq!(store.keys_in(OnCall::BACKUPS), originals);
    on_call.also(&verify("old", "20261120-120000"));
    // The copy is the sponsor's store now.
    on_call.doppler.set(
        &project_of("callisto"),
        "production",
        "SPONSOR_BACKUPS_BUCKET",
        Some(&format!("file://{folder}")),
    );
    on_call.also(&verify("new", "20261120-120000"));
    assert_refused(
        &mut on_call,
        &verify("old", "20261120-120000"),
        14,
        "none of the given age identities opens",
    );
    on_call.end("age keys");
}
