//! The commands of the program.

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
    /// Shows what happened.
    History,
    /// Shows one backup.
    Show,
    /// Compares two backups.
    Diff,
    /// Checks stored backups byte for byte.
    Verify,
    /// Restores a backup.
    Restore,
    /// Proves that a backup restores.
    Drill,
    /// Copies a backup to another store.
    Copy,
    /// Puts a legal hold on a backup.
    HoldAdd,
    /// Lists backups under a hold.
    HoldList,
    /// Lifts the hold of a backup.
    HoldRemove,
    /// Removes backups by a retention policy.
    Prune,
    /// Shows how all backups are.
    Report,
    /// Shows the metrics of all backups.
    Metrics,
    /// Sends a sample notification.
    NotifyTest,
    /// Checks everything that a backup needs.
    Preflight,
    /// Writes the files of a first run.
    Init,
}

impl Command {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 20] = [
        Self::Matrix,
        Self::Backup,
        Self::Record,
        Self::List,
        Self::History,
        Self::Show,
        Self::Diff,
        Self::Verify,
        Self::Restore,
        Self::Drill,
        Self::Copy,
        Self::HoldAdd,
        Self::HoldList,
        Self::HoldRemove,
        Self::Prune,
        Self::Report,
        Self::Metrics,
        Self::NotifyTest,
        Self::Preflight,
        Self::Init,
    ];

    /// Those that the action has too. The others prepare a first run on a terminal.
    pub const OF_THE_ACTION: [Self; 19] = [
        Self::Matrix,
        Self::Backup,
        Self::Record,
        Self::List,
        Self::History,
        Self::Show,
        Self::Diff,
        Self::Verify,
        Self::Restore,
        Self::Drill,
        Self::Copy,
        Self::HoldAdd,
        Self::HoldList,
        Self::HoldRemove,
        Self::Prune,
        Self::Report,
        Self::Metrics,
        Self::NotifyTest,
        Self::Preflight,
    ];

    /// The groups of commands, and what each is for.
    pub const GROUPS: [(&'static str, &'static str); 1] =
        [("hold", "Put a legal hold on a backup, list holds, or lift one")];

    /// The commands of a group.
    pub fn of_group(group: &str) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |command| command.group().is_some_and(|(of, _)| of == group))
    }

    /// Whether a word is the name of a group.
    #[must_use]
    pub fn is_group(name: &str) -> bool {
        Self::GROUPS.iter().any(|(group, _)| *group == name)
    }

    /// The group that it belongs to, and its name there.
    #[must_use]
    pub fn group(self) -> Option<(&'static str, &'static str)> {
        self.name().split_once(' ')
    }

    /// The command with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    /// The name that users type. One with two words is a command of a group: `hold add`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Backup => "backup",
            Self::Record => "record",
            Self::List => "list",
            Self::History => "history",
            Self::Show => "show",
            Self::Diff => "diff",
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::Drill => "drill",
            Self::Copy => "copy",
            Self::HoldAdd => "hold add",
            Self::HoldList => "hold list",
            Self::HoldRemove => "hold remove",
            Self::Prune => "prune",
            Self::Report => "report",
            Self::Metrics => "metrics",
            Self::NotifyTest => "notify-test",
            Self::Preflight => "preflight",
            Self::Init => "init",
        }
    }

    /// What it does, at most 80 characters.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Matrix => "Read the sponsor manifest and write the job matrix",
            Self::Backup => "Back up each selected sponsor's database to S3 and record the run",
            Self::Record => "Record the outcome of a deployment",
            Self::List => "List the backups of each selected sponsor, newest first",
            Self::History => {
                "Show what happened to each sponsor's backups, and check that all are still there"
            }
            Self::Show => "Show one backup: why it was taken, what it holds, what it needs",
            Self::Diff => "Show what changed between two backups: tables, rows, schema, size",
            Self::Verify => "Read stored backups and compare every byte with their checksums",
            Self::Restore => "Restore a backup into the database you name",
            Self::Drill => "Restore into a temporary server, compare every row, measure RPO and RTO",
            Self::Copy => "Copy a backup to another bucket or folder, and verify both",
            Self::HoldAdd => "Put a legal hold on a backup, so that nothing removes it",
            Self::HoldList => "List the backups under a legal hold: why, by whom, since when",
            Self::HoldRemove => "Lift the legal hold of a backup",
            Self::Prune => "Show which backups a retention policy removes, or remove them with --apply",
            Self::Report => "Report on all sponsors' backups, exceptions first: as a table, JSON or a page",
            Self::Metrics => "Print metrics of each sponsor's backups, as Prometheus reads them",
            Self::NotifyTest => "Send a sample to every sink of notifications, and check that it arrives",
            Self::Preflight => "Check everything that a backup and a restore need, and change nothing",
            Self::Init => "Write manifest, secrets file and workflows for a first backup to a folder",
        }
    }

    /// Arguments that people type, beginning with the simplest.
    #[must_use]
    pub fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Matrix => &["--environment production", "--environment production --max-jobs 20"],
            Self::Backup => &[
                "--environment production",
                "--environment staging --sponsors callisto,titan --dry-run",
                "--environment development --manifest m.yaml --secrets-file s.yaml",
                "--environment production --pre-migration false --compression zstd",
            ],
            Self::Record => &["--environment production --outcome success --version v1.4.2"],
            Self::List => &[
                "--environment production --sponsors callisto",
                "--environment development --manifest m.yaml --secrets-file s.yaml",
                "--environment production --sponsors callisto --with diary.visits",
                "--environment production --json",
                "--environment production --max-backup-age 8h",
            ],
            Self::History => &[
                "--environment production --sponsors callisto",
                "--environment production --sponsors callisto --since 30d --event deployment",
                "--environment production --sponsors callisto --run 19876543210",
                "--environment production --check",
                "--environment production --all --json",
            ],
            Self::Show => &[
                "--environment production --sponsors callisto",
                "--environment production --sponsors callisto --backup before:v1.4.2",
                "--environment production --sponsors callisto --backup 20261120-120000 --json",
            ],
            Self::Diff => &[
                "--environment production --sponsors callisto",
                "latest latest~7 --environment production --sponsors callisto",
                "before:v1.4.2 --environment production --sponsors callisto --json",
                "--environment production --sponsors callisto --max-row-drop 20%",
            ],
            Self::Verify => &[
                "--environment production --sponsors callisto",
                "--environment production --all --timeout 3h",
            ],
            Self::Restore => &[
                "--environment production --sponsors callisto --dry-run",
                "--environment production --sponsors callisto --backup 20261120-120000",
            ],
            Self::Drill => &[
                "--environment production --sponsors callisto",
                "--environment development --manifest m.yaml --secrets-file s.yaml",
                "--environment production --max-rpo 6h --max-rto 30m",
            ],
            Self::Copy => &[
                "--environment production --sponsors callisto --to s3://second-copy",
                "--environment production --sponsors callisto --to file:///mnt/nas/callisto",
                "--environment production --sponsors callisto --to s3://second-copy --dry-run",
            ],
            Self::HoldAdd
            | Self::HoldList
            | Self::HoldRemove
            | Self::Prune
            | Self::Report
            | Self::Metrics
            | Self::NotifyTest
            | Self::Preflight => self.examples_of_upkeep(),
            Self::Init => &[
                "--sponsor callisto --code CAL --store ./backups",
                "--sponsor callisto --code CAL --store ./backups --workflows",
                "--sponsor callisto --code CAL --store /srv/backups --dry-run",
            ],
        }
    }

    fn examples_of_upkeep(self) -> &'static [&'static str] {
        match self {
            Self::HoldAdd => &[
                "--environment production --sponsors callisto --reason audit-2026-17",
                "--environment production --backup 20261120-120000 --reason audit-2026-17",
            ],
            Self::HoldList => {
                &["--environment production", "--environment production --sponsors callisto --json"]
            }
            Self::HoldRemove => &["--environment staging --backup latest~1 --reason closed --confirm KEY"],
            Self::Prune => &[
                "--environment staging --keep-within 30d",
                "--environment staging --keep-daily 14 --keep-weekly 8 --apply",
                "--environment development --keep-last 7 --unversioned",
            ],
            Self::Report => &[
                "--environment production",
                "--environment production --since 90d --html backups.html",
                "--environment production --since 2026-01-01 --max-backup-age 8h --json",
            ],
            Self::Metrics => &[
                "--environment production",
                "--environment production --metrics-file /var/lib/node_exporter/backups.prom",
                "--environment production --storage-budget 500GiB --max-backup-age 8h",
            ],
            Self::NotifyTest => &["--environment production"],
            Self::Preflight => &[
                "--environment production",
                "--environment production --sponsors callisto --write-probe",
                "--environment production --max-backup-age 8h --max-drill-age 8d --json",
            ],
            _ => &[],
        }
    }
}
