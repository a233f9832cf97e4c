//! What others do instead, as shell commands: each dumps the same database with the same options.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Cluster, REGION, Trial, tools};

/// The recipes for one sponsor.
pub(crate) struct Recipes<'a> {
    cluster: &'a Cluster,
    trial: &'a Trial,
    sponsor: &'a str,
    folder: tempfile::TempDir,
}

const DUMP: &str = "\"$PG_DUMP\" --no-owner --no-acl --clean --if-exists \"$DATABASE\"";

impl<'a> Recipes<'a> {
    pub(crate) fn new(cluster: &'a Cluster, trial: &'a Trial) -> Self {
        Self::of(cluster, trial, "callisto")
    }

    pub(crate) fn of(cluster: &'a Cluster, trial: &'a Trial, sponsor: &'a str) -> Self {
        Self { cluster, trial, sponsor, folder: tools::open_folder("recipes") }
    }

    pub(crate) fn floor(&self) -> Duration {
        self.floor_of(&self.trial.database(self.sponsor).url())
    }

    pub(crate) fn floor_of(&self, url: &str) -> Duration {
        self.shell(&format!("DATABASE='{url}'; {DUMP} >/dev/null"))
    }

    pub(crate) fn to_file(&self, file: &Path) -> Duration {
        self.shell(&format!("{DUMP} | gzip -6 >'{}'", file.display()))
    }

    /// Compressed, hashed and uploaded in one pass.
    pub(crate) fn stream(&self, compressor: &str) -> Duration {
        self.shell(&format!(
            "{DUMP} | {compressor} | tee >(sha256sum >sum) | \"$AWS\" s3 cp --quiet - \"s3://$BUCKET/stream\""
        ))
    }

    /// Step by step, with files, and compared with what the store holds.
    pub(crate) fn classic(&self) -> Duration {
        self.shell(&format!(
            "{DUMP} -f dump.sql; gzip -9 -f dump.sql; sha256sum dump.sql.gz >dump.sql.gz.sha256
            \"$AWS\" s3 cp --quiet dump.sql.gz \"s3://$BUCKET/classic\"
            \"$AWS\" s3 cp --quiet \"s3://$BUCKET/classic\" back
            cmp dump.sql.gz back; rm dump.sql.gz back"
        ))
    }

    /// Encrypted and deduplicated, into a new repository.
    pub(crate) fn restic(&self) -> Duration {
        self.shell(&format!(
            "export RESTIC_PASSWORD=x RESTIC_REPOSITORY=\"s3:$AWS_ENDPOINT_URL/$BUCKET/restic-$RANDOM$RANDOM\"
            restic init --quiet
            {DUMP} | restic backup --quiet --no-cache --stdin --stdin-filename \"dump.sql\""
        ))
    }

    pub(crate) fn rclone(&self) -> Duration {
        self.shell(&format!(
            "export RCLONE_CONFIG=/dev/null RCLONE_S3_PROVIDER=Other RCLONE_S3_ENDPOINT=\"$AWS_ENDPOINT_URL\" RCLONE_S3_ENV_AUTH=true
            {DUMP} | gzip -6 | rclone rcat --quiet \":s3:$BUCKET/rclone\""
        ))
    }

    /// What a compressor makes of the dump.
    pub(crate) fn bytes_of(&self, compressor: &str) -> u64 {
        let printed = tools::succeed(&mut self.command(&format!("{DUMP} | {compressor} | wc -c")));
        printed.trim().parse().unwrap()
    }

    fn shell(&self, script: &str) -> Duration {
        let started = Instant::now();
        tools::succeed(&mut self.command(script));
        started.elapsed()
    }

    fn command(&self, script: &str) -> Command {
        let (store, mut shell) = (&self.trial.store, Command::new("bash"));
        shell.args(["-euo", "pipefail", "-c", script]).current_dir(self.folder.path());
        shell.env("PG_DUMP", self.cluster.bin_dir().join("pg_dump"));
        shell.env("AWS", tools::python_tool("aws"));
        shell.env("DATABASE", self.trial.database(self.sponsor).url());
        shell.env("BUCKET", self.trial.bucket(self.sponsor));
        // rclone cannot use it, and the store speaks plain HTTP.
        shell
            .env_remove("AWS_CA_BUNDLE")
            .env("AWS_ENDPOINT_URL", store.endpoint())
            .env("AWS_DEFAULT_REGION", REGION);
        shell.env("AWS_ACCESS_KEY_ID", store.access_key()).env("AWS_SECRET_ACCESS_KEY", store.secret_key());
        shell
    }
}
