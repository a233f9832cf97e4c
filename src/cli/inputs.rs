//! Every input, once: flags, `INPUT_*` variables, `action.yml` and the table in docs/reference.md all come from this list.

/// A command of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Writes the job matrix.
    Matrix,
    /// Backs up.
    Backup,
    /// Records a deployment.
    Record,
    /// Lists backups.
    List,
    /// Proves that stored backups are whole.
    Verify,
    /// Restores one backup.
    Restore,
    /// Proves that a backup restores.
    Drill,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Matrix, Self::Backup, Self::Record, Self::List, Self::Verify, Self::Restore, Self::Drill];

    /// The word that users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Backup => "backup",
            Self::Record => "record",
            Self::List => "list",
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::Drill => "drill",
        }
    }

    /// What it does, in a line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Matrix => "Reads the sponsor manifest and writes the job matrix",
            Self::Backup => "Backs up each selected sponsor's database to S3 and records it",
            Self::Record => "Writes a deployment's record after the deployment, whatever its outcome",
            Self::List => "Lists the backups of a sponsor and environment, newest first",
            Self::Verify => "Proves that stored backups are whole, byte for byte",
            Self::Restore => "Restores one backup into a database that was named for it",
            Self::Drill => {
                "Restores into a throwaway server, proves equality row for row, measures RPO and RTO"
            }
        }
    }
}

/// One input.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// `some-name`: the flag `--some-name` and the variable `INPUT_SOME-NAME`.
    pub name: &'static str,
    /// What it is where nothing was set. Empty: nothing.
    pub default: &'static str,
    /// What it is for; Markdown.
    pub help: &'static str,
    /// Whether it is `true` or `false`.
    pub boolean: bool,
    /// The commands that read it.
    pub commands: &'static [Command],
}

use Command::{Backup, Drill, List, Matrix, Record, Restore, Verify};

const EACH: &[Command] = &Command::ALL;
/// Those that need a sponsor's secrets.
const STORE: &[Command] = &[Backup, Record, List, Verify, Restore, Drill];
/// Those that write into a bucket.
const WRITING: &[Command] = &[Backup, Record, Drill];
const BACKUP: &[Command] = &[Backup];
/// Those that read a backup.
const OPENING: &[Command] = &[Verify, Restore, Drill];
const RESTORING: &[Command] = &[Restore, Drill];

const fn text(
    name: &'static str,
    default: &'static str,
    commands: &'static [Command],
    help: &'static str,
) -> Input {
    Input { name, default, help, boolean: false, commands }
}

const fn boolean(
    name: &'static str,
    default: &'static str,
    commands: &'static [Command],
    help: &'static str,
) -> Input {
    Input { name, default, help, boolean: true, commands }
}

/// The input that names the command, in a workflow only.
pub const COMMAND: Input = text(
    "command",
    "backup",
    EACH,
    "which command: `matrix`, `backup`, `record`, `list`, `verify`, `restore` or `drill`",
);

/// All inputs but [`COMMAND`], in the order of the documentation.
pub const INPUTS: &[Input] = &[
    text("environment", "", EACH, "**required**: `production`, `staging` or `development`"),
    text(
        "sponsors",
        "",
        EACH,
        "names, separated by comma, white space or new line, or the JSON array that `matrix` puts out; all enabled ones where empty",
    ),
    text("manifest", "", EACH, "path of a manifest file; where empty, Doppler's `SPONSOR_MANIFEST` is read"),
    text(
        "secrets-file",
        "",
        STORE,
        "local use without Doppler: YAML, sponsor name → map of secret names to values",
    ),
    text("core-project", "hht-diary-core", EACH, "Doppler project of the manifest"),
    text("project-prefix", "hht-diary-", STORE, "a sponsor's Doppler project is this prefix and its name"),
    text(
        "config",
        "",
        EACH,
        "Doppler config; by default `production`, `staging` or `dev`, as the environment is",
    ),
    text("doppler-api-url", "https://api.doppler.com", EACH, "address of Doppler's API"),
    text(
        "doppler-identity-id",
        "",
        EACH,
        "id of a Doppler service account identity: this job's own OIDC token opens core project and sponsors' projects, and no Doppler token is stored; see docs/keyless.md",
    ),
    text("version", "", &[Backup, Record], "version that is deployed; goes into record and metadata"),
    text(
        "commit-sha",
        "",
        &[Backup, Record],
        "commit that is deployed, 40 hexadecimal digits, if it is not the one of the workflow run; goes into record and metadata",
    ),
    text("reason", "", &[Backup, Record], "reason of the deployment; goes into record and metadata"),
    text(
        "github-token",
        "",
        &[Matrix, Backup, Record, List, Verify, Drill],
        "token with which GitHub is asked who approved the run and which pull requests brought the commit, and writes the issue of `issue-on-failure`; `github.token` fits",
    ),
    boolean(
        "issue-on-failure",
        "false",
        &[Matrix, Backup, List, Verify, Drill],
        "whether a failure opens an issue in this repository, one for each command and environment, which a later success closes; needs `github-token`",
    ),
    boolean(
        "pre-migration",
        "true",
        BACKUP,
        "whether the backup runs before a deployment; `false` for nightly backups",
    ),
    text("compression", "gzip", BACKUP, "`gzip` or `zstd` (the key ends in `.sql.zst`)"),
    text(
        "compression-level",
        "",
        BACKUP,
        "1 to 12 for gzip (4 where empty), 1 to 19 for zstd (3 where empty)",
    ),
    text(
        "age-recipients",
        "",
        BACKUP,
        "age public keys, one a line; the dump is encrypted to them and its key ends in `.age`",
    ),
    boolean(
        "require-encryption",
        "false",
        BACKUP,
        "Fail a backup without `age-recipients` before anything is done",
    ),
    text(
        "retention-years",
        "",
        WRITING,
        "tag, and Object Lock date where the bucket locks; 7 in production where empty",
    ),
    text("object-lock", "auto", WRITING, "`auto` (as the bucket does), `governance`, `compliance` or `off`"),
    boolean("include-privileges", "false", BACKUP, "whether owners and grants are dumped too"),
    text(
        "schemas",
        "",
        BACKUP,
        "pg_dump patterns, separated by comma, white space or new line: only these schemas; the backup is then partial",
    ),
    text("exclude-schemas", "", BACKUP, "pg_dump patterns: not these schemas; the backup is then partial"),
    text(
        "exclude-table-data",
        "",
        BACKUP,
        "pg_dump patterns: not the rows of these tables; the backup is then partial",
    ),
    text(
        "accept-new-source",
        "",
        BACKUP,
        "names of sponsors whose database is not the one of their previous backup, on purpose: after a move, or an upgrade by dump and restore",
    ),
    text("storage-class", "STANDARD", BACKUP, "S3 storage class of the dump"),
    text("memory-limit", "96MiB", BACKUP, "bytes that streams may hold in flight, all sponsors together"),
    text("max-parallel", "4", &[Backup, Record], "sponsors in flight at once"),
    boolean("require-backup", "false", BACKUP, "whether a sponsor whose flag is off is a failure"),
    boolean(
        "dry-run",
        "false",
        &[Backup, Record, Verify, Restore, Drill],
        "Print the plan and change nothing",
    ),
    text("lock-wait-timeout", "30s", BACKUP, "how long pg_dump waits for its locks"),
    text(
        "max-replica-lag",
        "5m",
        BACKUP,
        "how far a standby may lag behind its primary; one that lags more is not backed up",
    ),
    text("timeout", "6h", &[Backup, Verify, Restore, Drill], "wall clock for one sponsor"),
    text(
        "s3-endpoint-url",
        "",
        STORE,
        "address of an S3-compatible store; `AWS_ENDPOINT_URL_S3` is honoured too",
    ),
    boolean(
        "s3-force-path-style",
        "false",
        STORE,
        "Use path-style URLs (`endpoint/bucket/key`), as many S3-compatible stores need",
    ),
    text("expected-bucket-owner", "", STORE, "AWS account id that must own the buckets"),
    text(
        "aws-role-arn",
        "",
        STORE,
        "AWS role that this job's own OIDC token assumes, where one sponsor is selected; where several are, each has its `SPONSOR_AWS_ROLE_ARN`; see docs/keyless.md",
    ),
    text("max-jobs", "256", &[Matrix], "more sponsors than this are grouped evenly"),
    text(
        "workflows",
        "",
        &[Matrix],
        "path of a folder of workflows; name the places that lack the Doppler token of a sponsor, with exit code 17",
    ),
    text(
        "outcome",
        "",
        &[Record],
        "**required by `record`**: `success`, `failure`, `cancelled` or `skipped` (`needs.deploy.result` fits)",
    ),
    text("backup-location", "", &[Record], "from the backup step, where one sponsor is deployed"),
    text("backup-size", "", &[Record], "from the backup step, where one sponsor is deployed"),
    text(
        "backup",
        "latest",
        OPENING,
        "which backup: `latest`, a time `YYYYMMDD-HHMMSS`, or an `s3://` location",
    ),
    boolean(
        "allow-older",
        "false",
        OPENING,
        "Let `latest` fall back to an older backup if the newest is damaged or unfinished",
    ),
    boolean("all", "false", &[Verify], "every backup of the sponsor and environment, not one"),
    boolean(
        "skip-frozen",
        "false",
        &[Verify],
        "With `all`: verify only the backups that are not in an archive tier, and report how many are",
    ),
    boolean("json", "false", &[List], "the list as JSON, on standard output alone"),
    text(
        "max-backup-age",
        "",
        &[List],
        "how old each sponsor's newest backup may be, such as `8h`; if one is older or a sponsor has none, the exit code is 17. Lists the newest backups only",
    ),
    text(
        "age-identity-file",
        "",
        OPENING,
        "path of age private keys, one a line, for encrypted backups; the variable `AGE_IDENTITY` may hold them instead",
    ),
    boolean("thaw", "false", OPENING, "request the thaw of a backup that lies in Glacier or Deep Archive"),
    text(
        "target-database-url",
        "",
        RESTORING,
        "`restore`: the database to restore into; `drill`: a server on which a database is made and dropped, in place of a throwaway server; the variable `TARGET_DATABASE_URL` is read too, and keeps the password out of the process list",
    ),
    boolean(
        "replace",
        "false",
        &[Restore],
        "Restore into a database that is not empty. Drops the objects you own first",
    ),
    boolean(
        "allow-partial",
        "false",
        &[Restore],
        "Let `replace` use a backup that left schemas or rows out; what it left out of a table is lost",
    ),
    text(
        "confirm",
        "",
        &[Restore],
        "`sponsor/database`, typed out, to restore into the sponsor's own live database, or into one that holds tables and may be live",
    ),
    boolean(
        "skip-missing-extensions",
        "false",
        RESTORING,
        "leave out what needs extensions that the target lacks; the result is then never called equal",
    ),
    text("drill-checks", "", &[Drill], "path of a file of SQL statements, each of which must return true"),
    text("max-rpo", "", &[Drill], "how old the backup may be, such as `6h`; an older one fails the drill"),
    text("max-rto", "", &[Drill], "how long the drill may take, such as `30m`; a longer one fails it"),
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
