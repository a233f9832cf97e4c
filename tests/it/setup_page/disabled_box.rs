//! The box of a sponsor that is not enabled yet: what it prints is run as it is, and afterwards the backup succeeds.

use super::{BACKUPS, LOGS, moto, repository};
use crate::support::{
    CORE_PROJECT, Cluster, Doppler, Moto, Newcomer, Outcome, Run, copy_all, project_of, token_variable,
};

const MANIFEST: &str = "sponsors:\n  - {name: callisto, code: CAL, enabled: true, region: eu-west-1}\n";

/// A sponsor with a database and keys, but without buckets, without the secrets that name them, and without a flag.
pub(super) struct Setting {
    pub(super) moto: Moto,
    pub(super) doppler: Doppler,
    tokens: [String; 2],
}

impl Setting {
    pub(super) fn new() -> Self {
        let (moto, doppler) = (moto(), Doppler::start());
        let database = Cluster::shared().database("callisto");
        database.load_diary(3, 10);
        let secrets = [
            ("DATABASE_URL", database.url()),
            ("SPONSOR_AWS_ACCESS_KEY_ID", moto.access_key().to_owned()),
            ("SPONSOR_AWS_SECRET_ACCESS_KEY", moto.secret_key().to_owned()),
        ];
        let core = doppler.config(CORE_PROJECT, "production", [("SPONSOR_MANIFEST", MANIFEST)]);
        let token = doppler.config(&project_of("callisto"), "production", secrets);
        Self { tokens: [core, token], moto, doppler }
    }

    pub(super) fn newcomer(&self) -> Newcomer {
        Newcomer::at(&self.doppler, &self.moto)
    }

    fn backup(&self) -> Outcome {
        let [core, token] = &self.tokens;
        let run = Run::workflow().input("command", "backup").input("environment", "production");
        let run =
            run.input("doppler-api-url", self.doppler.url()).input("s3-endpoint-url", self.moto.endpoint());
        let run = run.input("s3-force-path-style", "true").env("DOPPLER_TOKEN_CORE", core);
        run.env(token_variable("callisto"), token).run()
    }
}

/// The box's lines of commands, as a run's log has them. Its text is indented less.
fn commands(outcome: &Outcome) -> String {
    let log = outcome.visible();
    let (_, rest) = log.split_once('╔').unwrap_or_else(|| panic!("no box: {log}"));
    let lines = rest.split('╚').next().unwrap().lines().filter_map(|line| line.split('║').nth(1));
    let lines: Vec<&str> = lines.map(str::trim_end).collect();
    assert_eq!(*lines.last().unwrap(), " More about each step: docs/setup.md of sponsor-backup");
    let steps = lines.iter().filter(|line| line.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
    assert_eq!(steps.count(), 4, "{lines:#?}");
    lines
        .into_iter()
        .filter(|line| line.starts_with("      "))
        .map(|line| format!("{}\n", &line[6..]))
        .collect()
}

/// Runs what the box prints, and `before_s3` before the command that is the first to use a bucket.
pub(super) fn followed(setting: &Setting, newcomer: &Newcomer, after_terraform: &str) {
    let first = setting.backup();
    first.assert_code(0);
    assert_eq!(first.output("outcome"), "disabled");
    let commands = commands(&first);
    let (terraform, others) = commands.split_once('\n').unwrap();
    assert_eq!(terraform, "cd infrastructure/terraform/sponsors/callisto && terraform apply");
    for command in
        ["doppler secrets set --project", "aws s3api head-bucket --bucket", "ENABLE_S3_BACKUP_ARCHIVAL=true"]
    {
        assert!(others.contains(command), "{command}: {others}");
    }
    newcomer.follow(&format!("backups={BACKUPS} logs={LOGS}\n{terraform}\n{after_terraform}{others}"), &[]);
}

#[track_caller]
pub(super) fn assert_backed_up(setting: &Setting) {
    let backup = setting.backup();
    backup.assert_code(0);
    assert_eq!(backup.output("outcome"), "success");
    assert_eq!(setting.moto.keys_in(BACKUPS).len(), 3);
    assert_eq!(setting.moto.keys_in(LOGS).len(), 1);
}

/// With a stand-in for Terraform, which creates the buckets if it is called as the shipped root wants it. With the real Terraform:
/// `terraform::the_box_is_followed_with_terraform`.
#[test]
fn the_box_is_followed_with_a_stand_in_for_terraform() {
    let setting = Setting::new();
    let newcomer = setting.newcomer();
    copy_all(&repository().join("infrastructure"), &newcomer.work().join("infrastructure"));
    let root = newcomer.work().join("infrastructure/terraform/sponsors/callisto");
    newcomer.program(
        "terraform",
        &format!(
            "set -e\n[ \"$PWD\" = {root:?} ] && [ \"$*\" = apply ] || {{ echo \"terraform $* in $PWD\" >&2; exit 1; }}\n\
             for name in $(sed -n 's/.*bucket_name *= \"\\(hht-diary-[ab][^r].*\\)\"/\\1/p' main.tf | \
             sed 's/${{local.sponsor_name}}/callisto/; s/${{var.aws_region}}/eu-west-1/' | sort -u); do\n  \
             aws s3api create-bucket --bucket \"$name\" --create-bucket-configuration LocationConstraint=eu-west-1\ndone"
        ),
    );
    followed(&setting, &newcomer, "");
    assert_backed_up(&setting);
    println!(
        "Terraform: a stand-in that checked its folder and arguments, and read the buckets' names from the root"
    );
}
