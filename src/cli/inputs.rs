//! Every input, once: flags, `INPUT_*` variables, `action.yml` and the table in docs/reference.md all come from this list.
//! Code reads an input by its handle (`values.required(inputs::TIMEOUT)`), which fixes the type of its value: a misspelled
//! name and a value read as something else do not compile.

pub use super::command::Command;
pub use super::input::Input;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use Command::{
    Backup, Copy, Diff, Drill, History, HoldAdd, HoldList, HoldRemove, Init, List, Matrix, Metrics,
    Preflight, Prune, Record, Report, Restore, Show, Verify,
};
use bytesize::ByteSize;
use secrecy::SecretString;

pub(super) use super::input::Handle;
use super::input::{boolean, input};
use super::kinds::{FromInput, RunId, SponsorCode, SponsorName, TableCount};
use super::moment::Moment;
use super::table_names::{NewSchema, SqlOutput, TableNames};
use super::which_backup::WhichBackup;
use crate::archive::codec::{Format, Level};
use crate::record::RecordedOutcome;
use crate::record::entries::RecordedEvent;
use crate::report::notification::NotifyWhen;
use crate::sponsors::{Environment, Selection};
use crate::store::LockChoice;
use crate::verification::share::Share;

/// What looks at every input.
pub(super) trait Visitor {
    fn input<T: FromInput>(&mut self, handle: Handle<T>);
}

/// A handle for each input, and [`INPUTS`] of all of them: none can be left out of the list.
macro_rules! inputs {
    ($($handle:ident: $value:ty = $definition:expr;)*) => {
        $(pub(super) const $handle: Handle<$value> = $definition;)*

        /// All inputs but [`COMMAND`], in the order of the documentation.
        pub const INPUTS: &[Input] = &[$($handle.input),*];

        /// Shows each handle to a visitor, in the same order.
        pub(super) fn visit(visitor: &mut impl Visitor) {
            $(visitor.input($handle);)*
        }
    };
}

// Which commands read an input.

const EACH: &[Command] = &Command::OF_THE_ACTION;
/// The commands that need a sponsor's secrets.
const STORE: &[Command] = &[
    Backup, Record, List, History, Show, Diff, Verify, Restore, Drill, Copy, HoldAdd, HoldList, HoldRemove,
    Prune, Report, Metrics, Preflight,
];
/// The commands that write into a bucket, or check whether one could.
const WRITING: &[Command] = &[Backup, Record, Drill, Copy, HoldAdd, HoldRemove, Preflight];
/// The commands that read a backup.
const READS: &[Command] = &[Verify, Restore, Drill, Copy];
/// The commands that find one.
const FINDS: &[Command] = &[Show, Diff, Verify, Restore, Drill, Copy, HoldAdd, HoldRemove];
/// Of these, the ones that open it before they rely on it.
const OPENING: &[Command] = &[Verify, Restore, Drill];
const RESTORING: &[Command] = &[Restore, Drill];
/// The commands that publish metrics.
const METERED: &[Command] = &[Matrix, Backup, Verify, Restore, Drill, Prune, Metrics];
/// The commands that notify people.
const NOTIFYING: &[Command] = &[Matrix, Backup, Record, List, Verify, Restore, Drill, Prune];
/// The commands that can open an issue.
const WATCHED: &[Command] = &[Matrix, Backup, List, Verify, Drill, Prune];

// The headings of the help, in no order: clap shows them as the inputs come.

const SELECTION: &str = "Selection";
const FIRST: &str = "First sponsor";
const SECRETS: &str = "Manifest and secrets";
const DEPLOYMENT: &str = "Deployment";
const GITHUB: &str = "GitHub";
const DUMP: &str = "Dump";
const ENCODING: &str = "Compression and encryption";
const STORAGE: &str = "Storage";
const READING: &str = "Backup to read";
const TARGET: &str = "Target database";
const LIMITS: &str = "Checks and limits";
const KEEPING: &str = "Retention policy";
const MONITORING: &str = "Monitoring";
const RUN: &str = "Run";

/// The input that names the command, in a workflow only.
pub const COMMAND: Input = input::<Command>(
    RUN,
    "command",
    "COMMAND",
    EACH,
    "Command to run",
)
.more("One of `matrix`, `backup`, `record`, `list`, `history`, `show`, `diff`, `verify`, `restore`, `drill`, `copy`, `hold add`, `hold list`, `hold remove`, `prune`, `report`, `metrics`, `notify-test` and `preflight`.")
.or("backup")
.input;

inputs! {
    ENVIRONMENT: Environment = input(SELECTION, "environment", "ENVIRONMENT", EACH, "Target environment: `production`, `staging` or `development`").required();
    SPONSORS: Selection = input(SELECTION, "sponsors", "NAMES", EACH, "Sponsors to process, separated by commas or whitespace (default: all enabled)")
        .more("The JSON array from the output `sponsors` of `matrix` works too.");
    MANIFEST: PathBuf = input(SECRETS, "manifest", "FILE", EACH, "Path to the sponsor manifest (default: the Doppler secret `SPONSOR_MANIFEST`)");
    SECRETS_FILE: PathBuf = input(SECRETS, "secrets-file", "FILE", STORE, "YAML file with each sponsor's secrets, for use without Doppler");
    CORE_PROJECT: String = input(SECRETS, "core-project", "NAME", EACH, "Doppler project that holds the manifest").or("hht-diary-core");
    PROJECT_PREFIX: String = input(SECRETS, "project-prefix", "PREFIX", STORE, "Prefix of each sponsor's Doppler project, followed by the sponsor's name")
        .or("hht-diary-");
    CONFIG: String = input(SECRETS, "config", "NAME", EACH, "Doppler config (default: `production`, `staging` or `dev`, by environment)");
    DOPPLER_API_URL: String = input(SECRETS, "doppler-api-url", "URL", EACH, "Doppler API URL").or("https://api.doppler.com");
    DOPPLER_IDENTITY_ID: String = input(SECRETS, "doppler-identity-id", "ID", EACH, "Doppler service account identity to use through OIDC instead of tokens")
        .more("See docs/keyless.md.");
    VERSION: String = input(DEPLOYMENT, "version", "VERSION", &[Backup, Record, History], "Version being deployed (`history`: only events of that version)")
        .more("Stored in the record and object metadata.");
    COMMIT_SHA: String = input(DEPLOYMENT, "commit-sha", "SHA", &[Backup, Record], "Commit being deployed, 40 hexadecimal digits (default: the run's commit)")
        .more("Stored in the record and object metadata.");
    REASON: String = input(DEPLOYMENT, "reason", "TEXT", &[Backup, Record, HoldAdd, HoldRemove], "Reason for the deployment or the hold, stored in the record and object metadata")
        .more("`hold add` and `hold remove` need it.");
    GITHUB_TOKEN: String = input(GITHUB, "github-token", "TOKEN", &[Matrix, Backup, Record, List, Verify, Drill, Prune, Preflight], "GitHub token used to record approvals and pull requests, and to open issues")
        .more("Usually `github.token`. `preflight` uses it to check secrets and reviewers.");
    ISSUE_ON_FAILURE: bool = boolean(GITHUB, "issue-on-failure", WATCHED, "Open a GitHub issue on failure and close it on recovery")
        .more("One issue per command and environment. Needs `github-token`.");
    PRE_MIGRATION: bool = boolean(DEPLOYMENT, "pre-migration", &[Backup], "Mark the backup as taken before a deployment").or("true")
        .more("Set to `false` for scheduled backups.");
    COMPRESSION: Format = input(ENCODING, "compression", "NAME", &[Backup], "Compression: `gzip` (keys end in `.sql.gz`) or `zstd` (`.sql.zst`)").or("gzip");
    COMPRESSION_LEVEL: Level = input(ENCODING, "compression-level", "LEVEL", &[Backup], "Compression level: 1 to 12 for gzip, 1 to 19 for zstd, or chosen by speed").or("auto").more("`auto` compresses as strongly as the speed of pg_dump leaves time for: levels 1 to 6 of gzip, 1 to 3 of zstd.");
    AGE_RECIPIENTS: String = input(ENCODING, "age-recipients", "KEYS", &[Backup, Copy], "Encrypt the backup for these age public keys, one per line")
        .more("The object's key then ends in `.age`. `copy` without it keeps the bytes as they are.");
    REQUIRE_ENCRYPTION: bool = boolean(ENCODING, "require-encryption", &[Backup], "Fail before the dump if `age-recipients` is empty");
    RETENTION_YEARS: u16 = input(STORAGE, "retention-years", "NUMBER", WRITING, "Years to keep the object (default: 7 in production)")
        .more("Sets a tag, and the Object Lock date if the bucket has Object Lock.");
    OBJECT_LOCK: LockChoice = input(STORAGE, "object-lock", "MODE", WRITING, "Object Lock mode: `auto` (follow the bucket), `governance`, `compliance` or `off`").or("auto");
    INCLUDE_PRIVILEGES: bool = boolean(DUMP, "include-privileges", &[Backup], "Include owners and grants in the dump");
    SCHEMAS: Vec<String> = input(DUMP, "schemas", "PATTERNS", &[Backup], "Dump only the schemas that match these pg_dump patterns")
        .more("Separate patterns by commas or whitespace. The backup is marked partial.");
    EXCLUDE_SCHEMAS: Vec<String> = input(DUMP, "exclude-schemas", "PATTERNS", &[Backup], "Skip the schemas that match these pg_dump patterns").more("The backup is marked partial.");
    EXCLUDE_TABLE_DATA: Vec<String> = input(DUMP, "exclude-table-data", "PATTERNS", &[Backup], "Skip the rows of the tables that match these pg_dump patterns").more("The backup is marked partial.");
    ACCEPT_NEW_SOURCE: Vec<String> = input(DUMP, "accept-new-source", "NAMES", &[Backup], "Sponsors whose database was replaced on purpose since their last backup")
        .more("Needed once, after a restore, a move or an upgrade.");
    STORAGE_CLASS: String = input(STORAGE, "storage-class", "CLASS", &[Backup, Copy, Preflight], "S3 storage class of the backup").or("STANDARD");
    MEMORY_LIMIT: ByteSize = input(RUN, "memory-limit", "SIZE", &[Backup, Copy], "Memory for upload buffers, shared by all sponsors in the run").or("96MiB");
    MAX_PARALLEL: NonZeroUsize = input(RUN, "max-parallel", "NUMBER", &[Backup, Record, Preflight], "Number of sponsors to process in parallel").or("4");
    REQUIRE_BACKUP: bool = boolean(LIMITS, "require-backup", &[Backup], "Fail if backups are disabled for a sponsor");
    DRY_RUN: bool = boolean(RUN, "dry-run", &[Backup, Record, Verify, Restore, Drill, Copy, HoldAdd, HoldRemove, Init], "Print the plan and change nothing");
    LOCK_WAIT_TIMEOUT: Duration = input(DUMP, "lock-wait-timeout", "DURATION", &[Backup], "Time limit for `pg_dump` to get its table locks").or("30s");
    MAX_REPLICA_LAG: Duration = input(LIMITS, "max-replica-lag", "DURATION", &[Backup, Preflight], "Maximum lag of a standby behind its primary").or("5m")
        .more("A standby that lags more is not backed up.");
    TIMEOUT: Duration = input(RUN, "timeout", "DURATION", &[Backup, Verify, Restore, Drill, Copy], "Time limit per sponsor, e.g. `30m`").or("6h");
    S3_ENDPOINT_URL: String = input(STORAGE, "s3-endpoint-url", "URL", STORE, "URL of an S3-compatible store").variable("AWS_ENDPOINT_URL_S3").more("Also read from `AWS_ENDPOINT_URL_S3`.");
    S3_FORCE_PATH_STYLE: bool = boolean(STORAGE, "s3-force-path-style", STORE, "Use path-style URLs (`endpoint/bucket/key`), as many S3-compatible stores need");
    EXPECTED_BUCKET_OWNER: String = input(STORAGE, "expected-bucket-owner", "ID", STORE, "ID of the AWS account that owns the buckets");
    AWS_ROLE_ARN: String = input(STORAGE, "aws-role-arn", "ARN", STORE, "IAM role to assume through OIDC if exactly one sponsor is selected")
        .more("If several are selected, each needs the secret `SPONSOR_AWS_ROLE_ARN`. See docs/keyless.md.");
    MAX_JOBS: NonZeroUsize = input(RUN, "max-jobs", "NUMBER", &[Matrix], "Maximum number of matrix jobs").or("256").more("Additional sponsors share jobs.");
    WORKFLOWS: PathBuf = input(LIMITS, "workflows", "FOLDER", &[Matrix, Preflight, Init], "Folder of workflows to check for missing tokens, or for `init` to fill")
        .bare(".github/workflows")
        .more("The flag alone means `.github/workflows`. The exit code is 17 if a workflow does not pass on a sponsor's token. `preflight` also checks that the secrets named in them exist on GitHub.");
    OUTCOME: RecordedOutcome = input(DEPLOYMENT, "outcome", "OUTCOME", &[Record, History], "Outcome of the deployment: `success`, `failure`, `cancelled` or `skipped`").required_by(&[Record])
        .more("Usually `needs.deploy.result`. With `history`: only events with that outcome.");
    BACKUP_LOCATION: String = input(DEPLOYMENT, "backup-location", "LOCATION", &[Record], "Output `backup_location` of the backup step, if one sponsor is deployed");
    BACKUP_SIZE: u64 = input(DEPLOYMENT, "backup-size", "BYTES", &[Record], "Output `backup_size` of the backup step, if one sponsor is deployed");
    BACKUP: WhichBackup = input(READING, "backup", "BACKUP", FINDS, "Backup to use: `latest`, `latest~1`, a time, a key, a location, `before:` or `run:`")
        .or("latest").more("A time is `20261120-013000` (UTC) or RFC 3339. `before:TIME` is the newest backup begun before it, `before:v2.4.0` the one before that deployment, `run:ID` that of a workflow run. `hold remove` does not take `latest`.").positional(&[Diff]);
    AGAINST: WhichBackup = input(READING, "against", "BACKUP", &[Diff], "Backup to compare with, named as in `backup` (default: the one before it)")
        .more("The older of the two comes first, whatever the order.").positional(&[Diff]);
    TO: String = input(STORAGE, "to", "LOCATION", &[Copy], "Bucket or folder to copy the backup to: `s3://BUCKET` or `file:///PATH`").required()
        .more("The copy keeps its key, so the location has none. A folder must exist.");
    KEEP_LAST: u32 = input(KEEPING, "keep-last", "NUMBER", &[Prune], "Keep this many newest backups")
        .more("The `keep-` rules add up: a backup that one of them keeps stays. Without any, nothing is pruned.");
    KEEP_HOURLY: u32 = input(KEEPING, "keep-hourly", "NUMBER", &[Prune], "Keep the newest backup of this many hours")
        .more("Hours, days, weeks, months and years without a backup do not count. All are in UTC.");
    KEEP_DAILY: u32 = input(KEEPING, "keep-daily", "NUMBER", &[Prune], "Keep the newest backup of this many days");
    KEEP_WEEKLY: u32 = input(KEEPING, "keep-weekly", "NUMBER", &[Prune], "Keep the newest backup of this many ISO weeks");
    KEEP_MONTHLY: u32 = input(KEEPING, "keep-monthly", "NUMBER", &[Prune], "Keep the newest backup of this many months");
    KEEP_YEARLY: u32 = input(KEEPING, "keep-yearly", "NUMBER", &[Prune], "Keep the newest backup of this many years");
    KEEP_WITHIN: Duration = input(KEEPING, "keep-within", "DURATION", &[Prune], "Keep all backups this much older than the newest, e.g. `30d`")
        .more("Counted from the newest complete backup, not from now.");
    MIN_KEEP: u32 = input(KEEPING, "min-keep", "NUMBER", &[Prune], "Keep at least this many newest backups, whatever the policy").or("3");
    MIN_AGE: Duration = input(KEEPING, "min-age", "DURATION", &[Prune], "Keep all younger backups, whatever the policy").or("7d");
    APPLY: bool = boolean(KEEPING, "apply", &[Prune], "Carry out the plan instead of printing it only")
        .more("Needs `AWS_ACCESS_KEY_ID_{SPONSOR}_PRUNE` and `AWS_SECRET_ACCESS_KEY_{SPONSOR}_PRUNE` for buckets.");
    UNDO: String = input(KEEPING, "undo", "RECORD", &[Prune], "Location of a prune record: bring back what that run hid")
        .more("Prints the plan unless `apply` is set. Uses `AWS_ACCESS_KEY_ID_{SPONSOR}_UNDO` and its secret key, else those of `_PRUNE`, and needs s3:DeleteObjectVersion.");
    UNVERSIONED: bool = boolean(KEEPING, "unversioned", &[Prune], "Accept a store without versions, where removed backups are gone for good");
    FOREIGN: bool = boolean(KEEPING, "foreign", &[Prune], "Prune foreign dumps too, as a series of their own")
        .more("A foreign dump has a backup's key, but no run of sponsor-backup wrote it. In production, it stays for seven years.");
    LOCAL: bool = boolean(KEEPING, "local", &[Prune], "Look only for own leftovers on this machine's disk")
        .more("Servers of drills that were killed, and local records older than `min-age`. No policy is needed.");
    ALLOW_OLDER: bool = boolean(READING, "allow-older", OPENING, "Let `latest` fall back to an older backup if the newest is damaged or unfinished");
    ALL: bool = boolean(READING, "all", &[Verify, List, History], "Verify every backup instead of one, or list every backup or event");
    FROM_REPLICA: bool = boolean(READING, "from-replica", &[List, Verify, Restore, Drill], "Read backups from each sponsor's replica in another region")
        .more("Records of the run are stored there, too. See docs/restore-and-drill.md#from-the-replica.");
    SINCE: Moment = input(READING, "since", "TIME", &[List, History, Report], "Show only what began at or after this time, e.g. `30d` or `2026-11-20`")
        .more("A duration before now, a UTC day, or a time as in `backup`. `report` begins `7d` ago by default.");
    UNTIL: Moment = input(READING, "until", "TIME", &[History, Report], "Show only what began at or before this time, e.g. `7d` or `2026-11-20`")
        .more("A day counts to its end.");
    LIMIT: NonZeroUsize = input(READING, "limit", "NUMBER", &[List, History], "Maximum number of rows per sponsor, the newest first").or("50")
        .more("`all` shows every row.");
    RUN_ID: RunId = input(READING, "run", "ID", &[History], "Show the events of a workflow run, and the backup that preceded it")
        .more("The ID is the number in the run's URL.");
    EVENT: RecordedEvent = input(READING, "event", "EVENT", &[History], "Show only these events, e.g. `deployment`")
        .more("One of `backup`, `deployment`, `drill`, `verification`, `restore`, `copy`, `hold` and `prune`.");
    CHECK: bool = boolean(LIMITS, "check", &[History], "Compare all records with the backups in the store")
        .more("The exit code is 17 if a record says success and its backup is gone, hidden or replaced, or if a backup has no record.");
    SKIP_FROZEN: bool = boolean(READING, "skip-frozen", &[Verify], "With `all`: skip backups in an archive tier and report how many");
    JSON: bool = boolean(RUN, "json", &[List, History, Show, Diff, HoldList, Prune, Report, Preflight], "Print the result as JSON, alone on standard output");
    WITH: String = input(READING, "with", "TABLE", &[List], "Table whose rows to show for each backup, e.g. `diary.visits`")
        .more("The schema can be left out if the name is unique.");
    MAX_BACKUP_AGE: Duration = input(LIMITS, "max-backup-age", "DURATION", &[List, Preflight, Matrix, Report, Metrics], "Maximum age of each sponsor's newest backup, e.g. `8h`")
        .more("The exit code is 17 if it is older or missing. `list` then lists only the newest backups. `matrix` and `metrics` publish it, by default as `8h`, for alerts.");
    MAX_DRILL_AGE: Duration = input(LIMITS, "max-drill-age", "DURATION", &[Preflight, Report], "Maximum age of each sponsor's newest passed drill, e.g. `8d`")
        .more("The exit code is 17 if it is older or missing.");
    MAX_ROW_DROP: Share = input(LIMITS, "max-row-drop", "SHARE", &[Backup, Diff], "Maximum loss of rows since the backup before, all tables together, e.g. `20%`")
        .more("The exit code is 17 if more is lost, or if the backups cannot be compared. `backup` stores its backup all the same, and the next run with limits passes over it. To accept what is gone, run once without the limit.");
    MAX_TABLE_DROP: TableCount = input(LIMITS, "max-table-drop", "NUMBER", &[Backup, Diff], "Maximum number of tables that are gone since the backup before, e.g. `0`")
        .more("The exit code is 17 as with `max-row-drop`.");
    EXPECT_SCHEMA_UNCHANGED: bool = boolean(LIMITS, "expect-schema-unchanged", &[Backup, Diff], "Fail if the schema is not that of the backup before")
        .more("The exit code is 17 as with `max-row-drop`.");
    WRITE_PROBE: bool = boolean(LIMITS, "write-probe", &[Preflight], "Check the write permissions: start a multipart upload, then abort it")
        .more("It leaves nothing, and needs no delete permission.");
    AGE_IDENTITY_FILE: PathBuf = input(READING, "age-identity-file", "FILE", READS, "File with age private keys for encrypted backups, one per line")
        .more("The variable `AGE_IDENTITY` can hold the keys instead.");
    THAW: bool = boolean(READING, "thaw", READS, "Request access to a backup that is in Glacier or Deep Archive");
    TARGET_DATABASE_URL: SecretString = input(TARGET, "target-database-url", "URL", RESTORING, "Database to restore into (for `drill`: server to use instead of a temporary one)")
        .variable("TARGET_DATABASE_URL")
        .more("Prefer the variable `TARGET_DATABASE_URL`: other processes can see command-line flags.");
    REPLACE: bool = boolean(TARGET, "replace", &[Restore], "Restore into a database that is not empty, after dropping the objects you own");
    ALLOW_PARTIAL: bool = boolean(TARGET, "allow-partial", &[Restore], "Let `replace` use a backup that left schemas or rows out")
        .more("The rows that it left out of a table are lost.");
    CONFIRM: String = input(TARGET, "confirm", "NAME", &[Restore, HoldRemove], "Confirm a restore into a database that may be live: `sponsor/database`")
        .more("`hold remove` needs the key or the location of the dump.");
    TABLES: TableNames = input(TARGET, "tables", "NAMES", &[Restore], "Restore only these tables, e.g. `diary.visits`, separated by commas")
        .more("Partitions and what the tables need come along. A table that the target has already is refused.");
    INTO: NewSchema = input(TARGET, "into", "SCHEMA", &[Restore], "With `tables`: schema for them, e.g. `recovered`, created if missing")
        .more("The result includes the SQL that brings missing rows back into the original tables.");
    TO_SQL: SqlOutput = input(TARGET, "to-sql", "FILE", &[Restore], "With `tables`: write SQL to a new file, or to standard output (`-`)")
        .more("Needs no database. A complete file ends with the line `-- sponsor-backup: complete`.");
    SKIP_MISSING_EXTENSIONS: bool = boolean(TARGET, "skip-missing-extensions", RESTORING, "Skip objects that need extensions missing from the target")
        .more("The result is then reported as `incomplete`.");
    JOBS: NonZeroUsize = input(RUN, "jobs", "NUMBER", &[Backup, Restore, Drill], "Connections that dump or load one database at once").or("1")
        .more("`backup` dumps a database below 32 MiB over one connection. With more than one it dumps whole databases only, without grants. `restore` with more than one needs a database that does not exist yet. Rows of one large table are loaded over several connections, too.");
    DRILL_CHECKS: PathBuf = input(LIMITS, "drill-checks", "FILE", &[Drill], "File of SQL statements that must each return true");
    MAX_RPO: Duration = input(LIMITS, "max-rpo", "DURATION", &[Drill], "Maximum age of the backup, e.g. `6h`").more("An older backup fails the drill.");
    MAX_RTO: Duration = input(LIMITS, "max-rto", "DURATION", &[Drill, Preflight], "Maximum duration of the drill, e.g. `30m`")
        .more("A slower drill fails. `preflight` warns if a recent backup would need a longer thaw.");
    SPONSOR: SponsorName = input(FIRST, "sponsor", "NAME", &[Init], "Name of the first sponsor: a-z, 0-9 and -, with a letter first");
    CODE: SponsorCode = input(FIRST, "code", "CODE", &[Init], "Code of the first sponsor: three upper-case letters, e.g. `CAL`");
    STORE_FOLDER: PathBuf = input(FIRST, "store", "FOLDER", &[Init], "Folder for backups and records, created if it does not exist")
        .more("The backups go to `FOLDER/NAME/backups`, the records to `FOLDER/NAME/audit-logs`.");
    PUSHGATEWAY_URL: SecretString = input(MONITORING, "pushgateway-url", "URL", METERED, "Prometheus Pushgateway to send metrics to, e.g. `http://gateway:9091`")
        .variable("PUSHGATEWAY_URL")
        .more("Pass a URL with a user and a password as the variable `PUSHGATEWAY_URL`. See docs/monitoring.md.");
    METRICS_FILE: PathBuf = input(MONITORING, "metrics-file", "FILE", METERED, "File for metrics, which node_exporter's textfile collector reads")
        .more("A run replaces what it knows and keeps the rest. The name ends with `.prom`.");
    STORAGE_BUDGET: ByteSize = input(MONITORING, "storage-budget", "SIZE", &[Report, Metrics], "Limit for the size of each sponsor's backups, e.g. `500GiB`")
        .more("Published next to the size of all backups, for alerts. `report` names the sponsors above 85 % of it.");
    HTML: PathBuf = input(RUN, "html", "FILE", &[Report], "File for the report as one HTML page that needs no server")
        .more("An existing page is replaced. The name ends with `.html`.");
    NOTIFY: NotifyWhen = input(MONITORING, "notify", "WHEN", NOTIFYING, "When to notify Slack and the webhook: `failure`, `always` or `never`")
        .more("By default, `record` notifies of a `failure` and other commands `never` notify. `failure` includes the first success after it. See docs/notifications.md.");
    LOG_FILE: PathBuf = input(RUN, "log-file", "FILE", EACH, "File to append the log to, each line with its UTC time")
        .more("The lines are those of the log, without secrets. A file that cannot be written is a usage error.");
    OUTPUTS: bool = boolean(RUN, "outputs", EACH, "Print the outputs as `name=value` lines on standard output")
        .more("Ignored in a workflow. Outputs always go to `GITHUB_OUTPUT` there.");
}

/// The inputs of one command.
pub fn of(command: Command) -> impl Iterator<Item = &'static Input> {
    INPUTS.iter().filter(move |input| input.commands.contains(&command))
}

/// The name of an input's value that was written without its flag.
pub(super) fn word(input: &str) -> String {
    format!("{input}-word")
}

/// The name of an input's variable: upper-cased, hyphens kept.
#[must_use]
pub fn variable(input: &str) -> String {
    format!("INPUT_{}", input.to_uppercase().replace(' ', "_"))
}

#[cfg(test)]
mod tests;
