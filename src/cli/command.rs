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
    /// Shows one backup.
    Show,
    /// Checks stored backups byte for byte.
    Verify,
    /// Restores a backup.
    Restore,
    /// Proves that a backup restores.
    Drill,
    /// Copies a backup to another store.
    Copy,
    /// Checks everything that a backup needs.
    Preflight,
    /// Writes the files of a first run.
    Init,
}

impl Command {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Matrix,
        Self::Backup,
        Self::Record,
        Self::List,
        Self::Show,
        Self::Verify,
        Self::Restore,
        Self::Drill,
        Self::Copy,
        Self::Preflight,
        Self::Init,
    ];

    /// Those that the action has too. The others prepare a first run on a terminal.
    pub const OF_THE_ACTION: [Self; 10] = [
        Self::Matrix,
        Self::Backup,
        Self::Record,
        Self::List,
        Self::Show,
        Self::Verify,
        Self::Restore,
        Self::Drill,
        Self::Copy,
        Self::Preflight,
    ];

    /// The name that users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Backup => "backup",
            Self::Record => "record",
            Self::List => "list",
            Self::Show => "show",
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::Drill => "drill",
            Self::Copy => "copy",
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
            Self::Show => "Show one backup: why it was taken, what it holds, what it needs",
            Self::Verify => "Read stored backups and compare every byte with their checksums",
            Self::Restore => "Restore a backup into the database you name",
            Self::Drill => "Restore into a temporary server, compare every row, measure RPO and RTO",
            Self::Copy => "Copy a backup to another bucket or folder, and verify both",
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
            Self::Show => &[
                "--environment production --sponsors callisto",
                "--environment production --sponsors callisto --backup before:v1.4.2",
                "--environment production --sponsors callisto --backup 20261120-120000 --json",
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
            Self::Preflight => &[
                "--environment production",
                "--environment production --sponsors callisto --write-probe",
                "--environment production --max-backup-age 8h --max-drill-age 8d --json",
            ],
            Self::Init => &[
                "--sponsor callisto --code CAL --store ./backups",
                "--sponsor callisto --code CAL --store ./backups --workflows",
                "--sponsor callisto --code CAL --store /srv/backups --dry-run",
            ],
        }
    }
}
