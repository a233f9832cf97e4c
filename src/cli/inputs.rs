//! Every input, once: flags, `INPUT_*` variables, `action.yml` and the table in docs/reference.md all come from this list.

pub use super::command::Command;

use Command::{Backup, Drill, List, Matrix, Record, Restore, Verify};

/// One input.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// `some-name`: the flag `--some-name` and the variable `INPUT_SOME-NAME`.
    pub name: &'static str,
    /// The group in which people look for it, a heading of the help.
    pub heading: &'static str,
    /// The placeholder of its value in the help, such as `FILE`.
    pub value_name: &'static str,
    /// Its value if nothing is set. Empty: none.
    pub default: &'static str,
    /// What it is for, at most 80 characters of Markdown without the marks.
    pub help: &'static str,
    /// What else there is to say, in whole sentences of Markdown. Empty: nothing.
    pub more: &'static str,
    /// Whether it is `true` or `false`.
    pub boolean: bool,
    /// Whether the commands that read it fail without it.
    pub required: bool,
    /// The commands that read it.
    pub commands: &'static [Command],
}

impl Input {
    const fn or(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    const fn more(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Help and everything else there is to say, as Markdown.
    #[must_use]
    pub fn description(&self) -> String {
        let required = if self.required { "Required. " } else { "" };
        let end = if self.more.is_empty() { "" } else { ". " };
        format!("{required}{}{end}{}", self.help, self.more)
    }

    /// Whether every command reads it.
    #[must_use]
    pub fn is_common(&self) -> bool {
        self.commands.len() == Command::ALL.len()
    }
}

const fn text(
    heading: &'static str,
    name: &'static str,
    value_name: &'static str,
    commands: &'static [Command],
    help: &'static str,
) -> Input {
    Input {
        name,
        heading,
        value_name,
        default: "",
        help,
        more: "",
        boolean: false,
        required: false,
        commands,
    }
}

const fn boolean(
    heading: &'static str,
    name: &'static str,
    commands: &'static [Command],
    help: &'static str,
) -> Input {
    let of_text = text(heading, name, "true|false", commands, help);
    Input { boolean: true, default: "false", ..of_text }
}

const EACH: &[Command] = &Command::ALL;
/// The commands that need a sponsor's secrets.
const STORE: &[Command] = &[Backup, Record, List, Verify, Restore, Drill];
/// The commands that write into a bucket.
const WRITING: &[Command] = &[Backup, Record, Drill];
const BACKUP: &[Command] = &[Backup];
/// The commands that read a backup.
const OPENING: &[Command] = &[Verify, Restore, Drill];
const RESTORING: &[Command] = &[Restore, Drill];
/// The commands that can open an issue.
const WATCHED: &[Command] = &[Matrix, Backup, List, Verify, Drill];

const SELECTION: &str = "Selection";
const SECRETS: &str = "Manifest and secrets";
const DEPLOYMENT: &str = "Deployment";
const GITHUB: &str = "GitHub";
const DUMP: &str = "Dump";
const ENCODING: &str = "Compression and encryption";
const STORAGE: &str = "Storage";
const READING: &str = "Backup to read";
const TARGET: &str = "Target database";
const LIMITS: &str = "Checks and limits";
const RUN: &str = "Run";

/// The input that names the command, in a workflow only.
pub const COMMAND: Input = text(
    RUN,
    "command",
    "COMMAND",
    EACH,
    "Command to run: `matrix`, `backup`, `record`, `list`, `verify`, `restore` or `drill`",
)
.or("backup");

/// All inputs but [`COMMAND`], in the order of the documentation.
#[rustfmt::skip]
pub const INPUTS: &[Input] = &[
    text(SELECTION, "environment", "ENVIRONMENT", EACH, "Target environment: `production`, `staging` or `development`").required(),
    text(SELECTION, "sponsors", "NAMES", EACH, "Sponsors to process, separated by commas or whitespace (default: all enabled)")
        .more("The JSON array from the output `sponsors` of `matrix` works too."),
    text(SECRETS, "manifest", "FILE", EACH, "Path to the sponsor manifest (default: the Doppler secret `SPONSOR_MANIFEST`)"),
    text(SECRETS, "secrets-file", "FILE", STORE, "YAML file with each sponsor's secrets, for use without Doppler"),
    text(SECRETS, "core-project", "NAME", EACH, "Doppler project that holds the manifest").or("hht-diary-core"),
    text(SECRETS, "project-prefix", "PREFIX", STORE, "Prefix of each sponsor's Doppler project, followed by the sponsor's name")
        .or("hht-diary-"),
    text(SECRETS, "config", "NAME", EACH, "Doppler config (default: `production`, `staging` or `dev`, by environment)"),
    text(SECRETS, "doppler-api-url", "URL", EACH, "Doppler API URL").or("https://api.doppler.com"),
    text(SECRETS, "doppler-identity-id", "ID", EACH, "Doppler service account identity to use through OIDC instead of tokens")
        .more("See docs/keyless.md."),
    text(DEPLOYMENT, "version", "VERSION", &[Backup, Record], "Version being deployed, stored in the record and object metadata"),
    text(DEPLOYMENT, "commit-sha", "SHA", &[Backup, Record], "Commit being deployed, 40 hexadecimal digits (default: the run's commit)")
        .more("Stored in the record and object metadata."),
    text(DEPLOYMENT, "reason", "TEXT", &[Backup, Record], "Reason for the deployment, stored in the record and object metadata"),
    text(GITHUB, "github-token", "TOKEN", &[Matrix, Backup, Record, List, Verify, Drill], "GitHub token used to record approvals and pull requests, and to open issues")
        .more("Usually `github.token`."),
    boolean(GITHUB, "issue-on-failure", WATCHED, "Open a GitHub issue on failure and close it on recovery")
        .more("One issue per command and environment. Needs `github-token`."),
    boolean(DEPLOYMENT, "pre-migration", BACKUP, "Mark the backup as taken before a deployment").or("true")
        .more("Set to `false` for scheduled backups."),
    text(ENCODING, "compression", "NAME", BACKUP, "Compression: `gzip` (keys end in `.sql.gz`) or `zstd` (`.sql.zst`)").or("gzip"),
    text(ENCODING, "compression-level", "NUMBER", BACKUP, "Compression level: 1 to 12 for gzip (default 4), 1 to 19 for zstd (default 3)"),
    text(ENCODING, "age-recipients", "KEYS", BACKUP, "Encrypt the backup for these age public keys, one per line")
        .more("The object's key then ends in `.age`."),
    boolean(ENCODING, "require-encryption", BACKUP, "Fail before the dump if `age-recipients` is empty"),
    text(STORAGE, "retention-years", "NUMBER", WRITING, "Years to keep the object (default: 7 in production)")
        .more("Sets a tag, and the Object Lock date if the bucket has Object Lock."),
    text(STORAGE, "object-lock", "MODE", WRITING, "Object Lock mode: `auto` (follow the bucket), `governance`, `compliance` or `off`").or("auto"),
    boolean(DUMP, "include-privileges", BACKUP, "Include owners and grants in the dump"),
    text(DUMP, "schemas", "PATTERNS", BACKUP, "Dump only the schemas that match these pg_dump patterns")
        .more("Separate patterns by commas or whitespace. The backup is marked partial."),
    text(DUMP, "exclude-schemas", "PATTERNS", BACKUP, "Skip the schemas that match these pg_dump patterns").more("The backup is marked partial."),
    text(DUMP, "exclude-table-data", "PATTERNS", BACKUP, "Skip the rows of the tables that match these pg_dump patterns").more("The backup is marked partial."),
    text(DUMP, "accept-new-source", "NAMES", BACKUP, "Sponsors whose database was replaced on purpose since their last backup")
        .more("Needed once, after a move or an upgrade by dump and restore."),
    text(STORAGE, "storage-class", "CLASS", BACKUP, "S3 storage class of the backup").or("STANDARD"),
    text(RUN, "memory-limit", "SIZE", BACKUP, "Memory for upload buffers, shared by all sponsors in the run").or("96MiB"),
    text(RUN, "max-parallel", "NUMBER", &[Backup, Record], "Number of sponsors to process in parallel").or("4"),
    boolean(LIMITS, "require-backup", BACKUP, "Fail if backups are disabled for a sponsor"),
    boolean(RUN, "dry-run", &[Backup, Record, Verify, Restore, Drill], "Print the plan and change nothing"),
    text(DUMP, "lock-wait-timeout", "DURATION", BACKUP, "Time limit for `pg_dump` to get its table locks").or("30s"),
    text(LIMITS, "max-replica-lag", "DURATION", BACKUP, "Maximum lag of a standby behind its primary").or("5m")
        .more("A standby that lags more is not backed up."),
    text(RUN, "timeout", "DURATION", &[Backup, Verify, Restore, Drill], "Time limit per sponsor, e.g. `30m`").or("6h"),
    text(STORAGE, "s3-endpoint-url", "URL", STORE, "URL of an S3-compatible store").more("Also read from `AWS_ENDPOINT_URL_S3`."),
    boolean(STORAGE, "s3-force-path-style", STORE, "Use path-style URLs (`endpoint/bucket/key`), as many S3-compatible stores need"),
    text(STORAGE, "expected-bucket-owner", "ID", STORE, "ID of the AWS account that owns the buckets"),
    text(STORAGE, "aws-role-arn", "ARN", STORE, "IAM role to assume through OIDC if exactly one sponsor is selected")
        .more("If several are selected, each needs the secret `SPONSOR_AWS_ROLE_ARN`. See docs/keyless.md."),
    text(RUN, "max-jobs", "NUMBER", &[Matrix], "Maximum number of matrix jobs").or("256").more("Additional sponsors share jobs."),
    text(LIMITS, "workflows", "FOLDER", &[Matrix], "Folder of workflows to check for missing Doppler tokens")
        .more("The exit code is 17 if a workflow does not pass on a sponsor's token."),
    text(DEPLOYMENT, "outcome", "OUTCOME", &[Record], "Outcome of the deployment: `success`, `failure`, `cancelled` or `skipped`").required()
        .more("Usually `needs.deploy.result`."),
    text(DEPLOYMENT, "backup-location", "LOCATION", &[Record], "Output `backup_location` of the backup step, if one sponsor is deployed"),
    text(DEPLOYMENT, "backup-size", "BYTES", &[Record], "Output `backup_size` of the backup step, if one sponsor is deployed"),
    text(READING, "backup", "BACKUP", OPENING, "Backup to use: `latest`, a UTC time `YYYYMMDD-HHMMSS` or an `s3://` location").or("latest"),
    boolean(READING, "allow-older", OPENING, "Let `latest` fall back to an older backup if the newest is damaged or unfinished"),
    boolean(READING, "all", &[Verify], "Verify every backup of the sponsor and environment instead of one"),
    boolean(READING, "skip-frozen", &[Verify], "With `all`: skip backups in an archive tier and report how many"),
    boolean(RUN, "json", &[List], "Print the list as JSON, alone on standard output"),
    text(LIMITS, "max-backup-age", "DURATION", &[List], "Maximum age of each sponsor's newest backup, e.g. `8h`")
        .more("The exit code is 17 if it is older or missing. Lists only the newest backups."),
    text(READING, "age-identity-file", "FILE", OPENING, "File with age private keys for encrypted backups, one per line")
        .more("The variable `AGE_IDENTITY` can hold the keys instead."),
    boolean(READING, "thaw", OPENING, "Request access to a backup that is in Glacier or Deep Archive"),
    text(TARGET, "target-database-url", "URL", RESTORING, "Database to restore into (for `drill`: server to use instead of a temporary one)")
        .more("Prefer the variable `TARGET_DATABASE_URL`: other processes can see command-line flags."),
    boolean(TARGET, "replace", &[Restore], "Restore into a database that is not empty, after dropping the objects you own"),
    boolean(TARGET, "allow-partial", &[Restore], "Let `replace` use a backup that left schemas or rows out")
        .more("The rows that it left out of a table are lost."),
    text(TARGET, "confirm", "SPONSOR/DATABASE", &[Restore], "Confirm a restore into a database that may be live: `sponsor/database`"),
    boolean(TARGET, "skip-missing-extensions", RESTORING, "Skip objects that need extensions missing from the target")
        .more("The result is then reported as `incomplete`."),
    text(LIMITS, "drill-checks", "FILE", &[Drill], "File of SQL statements that must each return true"),
    text(LIMITS, "max-rpo", "DURATION", &[Drill], "Maximum age of the backup, e.g. `6h`").more("An older backup fails the drill."),
    text(LIMITS, "max-rto", "DURATION", &[Drill], "Maximum duration of the drill, e.g. `30m`").more("A slower drill fails."),
    text(RUN, "log-file", "FILE", EACH, "File to append the log to, each line with its UTC time")
        .more("The lines are those of the log, without secrets. A file that cannot be written is a usage error."),
    boolean(RUN, "outputs", EACH, "Print the outputs as `name=value` lines on standard output")
        .more("Ignored in a workflow. Outputs always go to `GITHUB_OUTPUT` there."),
];

/// The inputs of one command.
pub fn of(command: Command) -> impl Iterator<Item = &'static Input> {
    INPUTS.iter().filter(move |input| input.commands.contains(&command))
}

/// The name of an input's variable: upper-cased, hyphens kept.
#[must_use]
pub fn variable(input: &str) -> String {
    format!("INPUT_{}", input.to_uppercase().replace(' ', "_"))
}

#[cfg(test)]
mod tests;
