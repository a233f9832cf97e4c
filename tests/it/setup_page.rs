//! `docs/setup.md`, as a newcomer follows it: every command in the page's order, copied into one bash. At its end are a preflight
//! without `fail` and a backup that has been read back and restored.

mod disabled_box;
mod terraform;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::page::{self, Block};
use crate::support::{Cluster, Database, Doppler, Moto, Newcomer, copy_all, project_of, tools};
use crate::terraform::bucket::{Bucket, rules_on};
use crate::terraform::module::Module;

const PAGE: &str = include_str!("../../docs/setup.md");
const BACKUPS: &str = "hht-diary-backups-callisto-eu-west-1";
const LOGS: &str = "hht-diary-audit-logs-callisto-eu-west-1";

/// What a reader with the AWS CLI leaves out.
const ONLY_TERRAFORM: [&str; 2] = ["Terraform 1", "AWS permissions 2"];
/// What a reader with Terraform leaves out.
const ONLY_AWS_CLI: [&str; 4] = ["AWS CLI 1", "AWS CLI 2", "Lifecycle 1", "AWS permissions 3"];
/// Blocks that nothing here runs, each with its reason.
const NOT_RUN: [(&str, &str); 1] = [("Server certificate 1", "a value, not a command")];
/// Commands within sentences, each with the reason why nothing here runs it.
const NOT_RUN_INLINE: [(&str, &str); 8] = [
    ("ALTER ROLE sponsor_backup BYPASSRLS;", "for databases with row-level security, which preflight finds"),
    ("GRANT diary_owner TO sponsor_backup;", "the same, and large objects"),
    ("docker build --tag sponsor-backup .", "script/image builds and runs the image"),
    ("doppler login", "opens a browser"),
    ("gh auth login", "opens a browser"),
    ("man backup", "needs a pager"),
    ("eval \"$(aws configure export-credentials --format env)\"", "only version 2 of the AWS CLI has it"),
    ("sponsor-backup man", "prints a page of the manual"),
];
/// Warnings of a sound set-up that has neither backed up nor drilled, and whose flag is not set. A second region costs as much again,
/// and without a GitHub token, GitHub is not asked.
const EXPECTED_WARNINGS: [&str; 6] =
    ["bucket-replication", "flag", "github-reviewers", "github-secrets", "last-backup", "last-drill"];

/// An administrator of S3 and IAM. Everyone else has only what policies grant.
fn moto() -> Moto {
    Moto::with_policy(
        &json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    )
}

/// A server with the two databases of the page, whose owner cannot create roles.
fn databases() -> (Cluster, [Database; 2]) {
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let some = cluster.database("diary");
    cluster.psql("postgres", "CREATE ROLE diary_owner LOGIN");
    let named = |name: &str| {
        cluster.psql("postgres", &format!("CREATE DATABASE {name} OWNER diary_owner"));
        let database = Database { name: name.to_owned(), user: "diary_owner".to_owned(), ..some.clone() };
        database.load_diary(3, 10);
        database
    };
    let all = ["diary", "diary_development"].map(named);
    (cluster, all)
}

/// The URL that the page describes, for a server here.
fn url(cluster: &Cluster, database: &str) -> String {
    format!("postgresql://sponsor_backup:a-long-random-one@127.0.0.1:{}/{database}", cluster.port())
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Saves the files that the page says to save.
fn save_files(newcomer: &Newcomer) {
    let work = newcomer.work();
    copy_all(&repository().join("docs/workflows"), &work.join(".github/workflows"));
}

/// A script of these blocks, in the page's order, with what `around` makes of each.
fn script(leave_out: &[&str], around: impl Fn(&Block) -> String) -> String {
    let blocks = page::blocks(PAGE).into_iter().filter(|block| !leave_out.contains(&block.name.as_str()));
    let not_run = |block: &Block| NOT_RUN.iter().any(|(name, _)| *name == block.name);
    let lines = blocks.filter(|block| !not_run(block));
    lines.map(|block| format!("echo '### {}'\n{}\n", block.name, around(&block))).collect()
}

/// A block as the reader uses it: commands as they are, SQL as a superuser, files saved.
fn as_read(block: &Block, cluster: &Cluster) -> String {
    let text = &block.text;
    match (block.name.as_str(), block.language.as_str()) {
        ("Database role 1", "sql") => format!(
            "psql --host '{}' --port {} --username postgres --dbname diary --set ON_ERROR_STOP=1 <<'SQL'\n{text}SQL",
            cluster.folder().join("data").display(),
            cluster.port()
        ),
        ("Manifest 1", "yaml") => format!("cat >manifest.yaml <<'YAML'\n{text}YAML"),
        ("Secrets file 1", "yaml") => secrets_file(text, cluster),
        ("Approvals 2", "yaml") => deployment_window(text),
        ("Watch from outside 1", "sh") => cron(text),
        (_, "sh") => text.clone(),
        other => panic!("how a reader uses this block is not known: {other:?}"),
    }
}

/// The file has the page's values, except for the database's address. The keys come from the environment.
fn secrets_file(text: &str, cluster: &Cluster) -> String {
    let own = text.replace("postgresql://diary:password@localhost:5432/diary", &url(cluster, "diary"));
    assert_ne!(own, text);
    format!(
        "cat >secrets.yaml <<'YAML'\n{own}YAML\nchmod 600 secrets.yaml\n\
         AWS_ACCESS_KEY_ID_CALLISTO=$key_id AWS_SECRET_ACCESS_KEY_CALLISTO=$key_secret sponsor-backup backup --dry-run \\\n  \
         --environment production --sponsors callisto --manifest manifest.yaml --secrets-file secrets.yaml"
    )
}

/// The step succeeds in the window and fails before and after it.
fn deployment_window(text: &str) -> String {
    let command = text.strip_prefix("- run: ").unwrap().trim_end();
    let at = |hour: u8| format!("(date() {{ echo {hour}; }}; {command})");
    format!("{}\nif {}; then false; fi\nif {}; then false; fi", at(18), at(17), at(22))
}

/// The lines of cron without their five fields.
fn cron(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let commands = lines.map(|line| {
        let command = line.strip_prefix("*/30 * * * * ").unwrap_or_else(|| panic!("{line}"));
        assert!(command.contains("/etc/sponsor-backup.env") && !command.contains('%'), "{command}");
        let own = command.replace("/etc/sponsor-backup.env", "./env").replace("/tmp/ages", "ages");
        format!("(unset DOPPLER_TOKEN_CORE DOPPLER_TOKEN_CALLISTO; {own})")
    });
    let commands: Vec<String> = commands.collect();
    assert_eq!(commands.len(), 2);
    format!(
        "printf 'export DOPPLER_TOKEN_CORE=%s DOPPLER_TOKEN_CALLISTO=%s\\n' \"$DOPPLER_TOKEN_CORE\" \
         \"$DOPPLER_TOKEN_CALLISTO\" >env\nexport PING_URL=https://ping.example/uuid\n{}",
        commands.join("\n")
    )
}

/// The page's command, as other programs read it. Moto's account has this number.
const PREFLIGHT: &str = "sponsor-backup preflight --environment production --sponsors callisto --json --expected-bucket-owner 123456789012";

/// Moto reads no conditions in bucket policies, so it denies everything that the TLS-only policy denies without TLS.
const WITHOUT_TLS_ONLY: &str =
    "for bucket in \"$backups\" \"$logs\"; do aws s3api delete-bucket-policy --bucket \"$bucket\"; done\n";

/// Fails if a finding is a `fail`, or a warning that neither a sound set-up has nor `more` names. Gives the checks that were made.
#[track_caller]
fn assert_sound(json: &str, more: &[&str]) -> BTreeSet<String> {
    let findings: Vec<Value> = serde_json::from_str(json).unwrap();
    let warnings: Vec<&str> = EXPECTED_WARNINGS.iter().chain(more).copied().collect();
    let expected = |finding: &Value| match finding["level"].as_str().unwrap() {
        "ok" => true,
        "warn" => warnings.contains(&finding["check"].as_str().unwrap()),
        _ => false,
    };
    let wrong: Vec<&Value> = findings.iter().filter(|finding| !expected(finding)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    findings.iter().map(|finding| finding["check"].as_str().unwrap().to_owned()).collect()
}

/// Notes what is requested, and gives our policy as GitHub would.
fn curl() -> String {
    let policy = repository().join("docs/aws-policy.json");
    let address = "https://raw.githubusercontent.com/cure-hht/sponsor-backup/v[0-9]*/docs/aws-policy.json";
    format!("printf '%s\\n' \"$*\" >>curl.log\ncase \"$*\" in '-fsSLO '{address}) cp {policy:?} . ;; esac")
}

#[test]
fn following_the_page_with_the_aws_cli_ends_with_a_backup() {
    let (moto, doppler, (cluster, [diary, _])) = (moto(), Doppler::start(), databases());
    let newcomer = Newcomer::at(&doppler, &moto);
    save_files(&newcomer);
    newcomer.program("curl", &curl());
    let trial_buckets = "trial_backups=trial-backups trial_logs=trial-logs\n\
        for bucket in $trial_backups $trial_logs; do\n\
          aws s3api create-bucket --bucket $bucket --create-bucket-configuration LocationConstraint=$region\n\
          aws s3api put-bucket-versioning --bucket $bucket --versioning-configuration Status=Enabled\n\
          for body in manifest.yaml policy.json; do aws s3api put-object --bucket $bucket --key a --body $body; done\n\
          aws s3api delete-object --bucket $bucket --key a\n\
        done";
    let around = |block: &Block| {
        let text = as_read(block, &cluster);
        match block.name.as_str() {
            // Moto reads no conditions in bucket policies: this one would deny all reads and writes of objects, over TLS too. So
            // it is applied last, to the same buckets, and read back.
            "AWS CLI 2" => format!("tls_only() {{\n{text}}}"),
            "Preflight 1" => format!("{text}{PREFLIGHT} --write-probe >before.json"),
            "Rollback 1" => format!(
                "{text}sponsor-backup backup --environment production --sponsors callisto >disabled.log 2>&1\n\
                 put ENABLE_S3_BACKUP_ARCHIVAL=true"
            ),
            "Rollback 2" => format!("{trial_buckets}\n{text}"),
            _ => text,
        }
    };
    let last = format!("{PREFLIGHT} --write-probe >after.json\ntls_only\n{PREFLIGHT} >tls.json || true");
    let script = script(&ONLY_TERRAFORM, around) + &last;
    let (production, development) = (url(&cluster, "diary"), url(&cluster, "diary_development"));
    let typed =
        [&*production, &development, "postgresql://restore:password@db.example.org:5432", "AGE-SECRET-KEY-1"];
    let printed = newcomer.follow(&script, &typed);
    let saved = |name: &str| std::fs::read_to_string(newcomer.work().join(name)).unwrap();

    let checks = assert_sound(&saved("before.json"), &["bucket-tls-only"]);
    assert!(checks.contains("bucket-lifecycle") && checks.contains("write-probe"), "{checks:?}");
    assert_sound(&saved("after.json"), &["bucket-tls-only"]);
    let tls: Vec<Value> = serde_json::from_str(&saved("tls.json")).unwrap();
    let tls: Vec<&Value> = tls.iter().filter(|finding| finding["check"] == "bucket-tls-only").collect();
    assert!(tls.len() == 2 && tls.iter().all(|finding| finding["level"] == "ok"), "{tls:#?}");

    let module = Module::of_callisto(json!({}));
    for (bucket, name) in [(BACKUPS, "backups"), (LOGS, "audit_logs")] {
        assert_eq!(rules_on(&moto, bucket), Bucket::of(&module, name).rules, "{bucket}");
    }
    assert_eq!(printed.matches("callisto: equal").count(), 2, "{printed}");
    assert!(saved("disabled.log").contains("S3 BACKUP ARCHIVAL NOT YET ENABLED"));
    assert_eq!(diary.psql("SELECT rolname FROM pg_roles WHERE rolname = 'sponsor_backup'"), "sponsor_backup");
    let dumps = |prefix: &str| {
        let keys = moto.keys_in(BACKUPS);
        keys.iter().filter(|key| key.starts_with(prefix) && key.ends_with(".sql.gz")).count()
    };
    assert_eq!((dumps("backups/"), dumps("development/backups/")), (1, 1));
    let production = doppler.secrets(&project_of("callisto"), "production");
    assert_eq!(production["SPONSOR_AUDIT_LOGS_BUCKET"], LOGS);
    assert_ne!(production["SPONSOR_AWS_ACCESS_KEY_ID"], moto.access_key());
    assert!(!tools::run("ls", [newcomer.work().join("ages")]).is_empty());
    assert!(saved("curl.log").ends_with("\n-fsS https://ping.example/uuid\n"));
    assert_github(&std::fs::read_to_string(newcomer.github()).unwrap());
}

/// Reviewers where the page wants them, and nowhere else. Each token opens one config.
#[track_caller]
fn assert_github(log: &str) {
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reviewed = lines.iter().filter(|line| line.get("reviewers").is_some());
    let reviewed: Vec<&str> = reviewed.map(|line| line["environment"].as_str().unwrap()).collect();
    assert_eq!(reviewed, ["production", "production-restore"]);
    let secrets = lines.iter().filter(|line| line.get("secret").is_some());
    let secrets: Vec<String> =
        secrets.map(|line| format!("{}/{}", line["environment"], line["secret"])).collect();
    assert_eq!(
        secrets,
        [
            "\"production-backup\"/\"DOPPLER_TOKEN_CORE\"",
            "\"production-backup\"/\"DOPPLER_TOKEN_CALLISTO\"",
            "\"production-restore\"/\"RESTORE_SERVER_URL\"",
            "\"production-restore\"/\"AGE_IDENTITY\"",
        ]
    );
    let tokens = lines
        .iter()
        .filter(|line| line["value"].as_str().is_some_and(|it| it.starts_with("dp.st.production.")));
    assert_eq!(tokens.count(), 2);
}

/// Each list names what the page has, and a new command must be entered in one of them or run.
#[test]
fn nothing_on_the_page_is_skipped_without_a_reason() {
    let names: Vec<String> = page::blocks(PAGE).into_iter().map(|block| block.name).collect();
    let listed = ONLY_TERRAFORM.into_iter().chain(ONLY_AWS_CLI).chain(NOT_RUN.map(|(name, _)| name));
    let unknown: Vec<&str> = listed.filter(|listed| !names.iter().any(|name| name == listed)).collect();
    assert!(unknown.is_empty(), "{unknown:?} of {names:#?}");
    let not_run: Vec<&str> = page::blocks(PAGE)
        .into_iter()
        .filter(|block| block.language == "text")
        .map(|block| NOT_RUN.iter().find(|(name, _)| *name == block.name).unwrap().0)
        .collect();
    assert_eq!(not_run, NOT_RUN.map(|(name, _)| name));
    let run = [
        "backup --dry-run",
        "chmod 600 secrets.yaml",
        "preflight --write-probe",
        "sponsor-backup backup --help",
        "sponsor-backup completions bash",
    ];
    let known: BTreeSet<&str> = run.into_iter().chain(NOT_RUN_INLINE.map(|(command, _)| command)).collect();
    assert_eq!(page::inline_commands(PAGE).into_iter().collect::<BTreeSet<_>>(), known);
}

/// A stand-in that accepted anything would let a wrong command of the page pass.
#[test]
fn the_stand_ins_refuse_what_the_real_programs_refuse() {
    let (moto, doppler) = (Moto::shared(), Doppler::start());
    let newcomer = Newcomer::at(&doppler, moto);
    newcomer.follow("doppler projects create p; doppler secrets set A=b --project p --config dev", &[]);
    assert_eq!(doppler.secrets("p", "dev")["A"], "b");
    for wrong in [
        "doppler secrets put A=b --project p --config dev",
        "doppler secrets set A=b --project p --config dev --tags x",
        "doppler secrets set A=b --project p --config production",
        "doppler secrets set A=b --project p",
        "doppler environments rename stg --slug staging --project p",
        "doppler configs tokens create t --project q --config dev --plain",
        "doppler configs tokens revoke 5a1e0a6c-0000-4000-8000-000000000000 --project p --config dev",
        "doppler configs tokens revoke 5a1e0a6c-0000-4000-8000-000000000000 --project p --config dev --yes",
        "gh secret set A --environment production-backup </dev/null",
        "gh secret list",
        "gh api --method POST repos/{owner}/{repo}/environments/production --input - <<<'{}'",
        "gh api --method PUT repos/{owner}/{repo}/environments/production --input - <<<'{\"reviewer\": []}'",
        "gh api --method PUT repos/{owner}/{repo}/environments/production --input - <<<'{'",
    ] {
        newcomer.follow(
            &format!("if {wrong}; then echo 'accepted: {}'; exit 1; fi", wrong.replace('\'', "")),
            &[],
        );
    }
}
