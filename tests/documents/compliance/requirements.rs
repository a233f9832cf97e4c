//! The requirements that users trace.

/// A clause or a requirement.
pub(crate) struct Requirement {
    /// What a mark names, before the slash.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) asks: &'static str,
    pub(crate) parts: &'static [Part],
    /// What the product does not do.
    pub(crate) limits: &'static [&'static str],
}

/// A part of a requirement.
pub(crate) struct Part {
    /// What a mark names, after the slash.
    pub(crate) name: &'static str,
    /// What serves it.
    pub(crate) by: &'static str,
    /// Otherwise, no test is allowed to have its mark.
    pub(crate) is_provided: bool,
}

pub(crate) const fn part(name: &'static str, by: &'static str) -> Part {
    Part { name, by, is_provided: true }
}

const fn not_provided(name: &'static str, by: &'static str) -> Part {
    Part { name, by, is_provided: false }
}

pub(crate) const TRACED: &[Requirement] = &[
    Requirement {
        id: "REQ-o00008",
        title: "Backups, recovery and drills",
        asks: "Backups every 6 hours, point-in-time recovery for 30 days, a long-term archive, weekly restore tests, quarterly \
               disaster drills, and automated integrity checks.",
        parts: &[
            part(
                "every-six-hours",
                "`backup-production.yml` backs up production every six hours. Its last job and `watch-backups.yml` report a \
                 backup that is missing or too old.",
            ),
            not_provided(
                "point-in-time",
                "A backup restores the state at the time of a dump, and nothing between two dumps. Use the recovery of your \
                 database's provider.",
            ),
            part(
                "long-term-archive",
                "Production backups move to Deep Archive after 90 days and stay there until seven years have passed. A thawed \
                 backup is read like any other.",
            ),
            part(
                "weekly-restores",
                "`restore-drill.yml` restores every sponsor's newest production backup weekly, compares it, and fails if RPO or \
                 RTO exceed their limits.",
            ),
            part(
                "disaster-drills",
                "`region-drill.yml` restores every sponsor's newest backup from its replica in another region each quarter. \
                 `drill` and `restore` also work from a second copy that `copy` made. A copy is verified, and keeps its retention.",
            ),
            part(
                "integrity-checks",
                "`verify.yml` verifies every sponsor's newest production backup daily, and monthly all that are not in an \
                 archive tier. What fails on a schedule opens an issue.",
            ),
        ],
        limits: &[
            "Point-in-time recovery is not provided.",
            "The quarterly drill restores from the replica. Moving the application and its users to another region is an \
             exercise of yours.",
            "The workflows are templates: they run after you have copied them. GitHub can start scheduled runs late and \
             disables schedules of quiet repositories, so [watch from outside](setup.md#watch-from-outside).",
            "Backups in an archive tier are not verified until you thaw them.",
        ],
    },
    Requirement {
        id: "REQ-o00049",
        title: "Retention periods",
        asks: "Production is kept for 7 years, staging for 30 days, development for 7 days, and deployment logs for 7 years. Data \
               is hot for 90 days and then in Deep Archive.",
        parts: &[
            part(
                "production",
                "A lifecycle rule expires production backups after 2557 days, the longest seven calendar years. `prune` \
                 keeps every younger one, whatever its policy.",
            ),
            part("staging", "A lifecycle rule expires staging backups after 30 days."),
            part("development", "A lifecycle rule expires development backups after 7 days."),
            part(
                "deployment-logs",
                "Deployment logs of all three environments, and all other records, expire after 2557 days.",
            ),
            part(
                "tiers",
                "Production backups and deployment logs move to Deep Archive after 90 days. `preflight` finds rules that are \
                 missing, too short or without that move.",
            ),
        ],
        limits: &[
            "S3 executes the rules. The product has them in Terraform and as commands, and checks them with `preflight`.",
            "S3 moves only objects of 128 KiB and more. Checksum files, manifests and most records stay in S3 Standard.",
            "The tag `retention-days` of a record in staging or development shows the retention of backups, although the record \
             is kept for 2557 days.",
            "Nothing expires in a folder. Use [`prune`](retention.md).",
        ],
    },
    Requirement {
        id: "REQ-o00041",
        title: "Buckets in Terraform",
        asks: "Every bucket is defined in Terraform, with separate settings per environment.",
        parts: &[
            part(
                "buckets",
                "The module `sponsor-s3` defines both buckets with versioning, encryption, public access block, TLS-only policy, \
                 Object Lock and lifecycle. It passes `preflight`.",
            ),
            part(
                "per-environment",
                "Each environment has its own prefix in both buckets, with its own lifecycle rules. A role's session covers one \
                 environment: of the others, restores and copies read the manifests.",
            ),
        ],
        limits: &[
            "The environments of a sponsor share both buckets. Versioning, encryption and Object Lock are settings of the whole \
             bucket.",
            "The backup bucket has Object Lock only if `backups_object_lock` is set. The root `sponsors/callisto` sets it.",
            "The tests below `terraform::real` need Terraform and its AWS provider. On a machine without them, `script/test` \
             reports `NOT RUN`.",
        ],
    },
    Requirement {
        id: "REQ-p00012",
        title: "Retention and integrity of data",
        asks: "Retention is enforced, premature deletion is prevented, data is readable without proprietary systems, and its \
               integrity is kept throughout.",
        parts: &[
            part(
                "retention",
                "In a bucket with Object Lock, production backups are locked for seven calendar years, and a longer lock stays. Lifecycle rules \
                 keep every object for its retention.",
            ),
            part(
                "no-early-deletion",
                "The key that backs up cannot delete. `prune` needs keys of its own, hides in a versioned bucket instead of \
                 destroying, and keeps what is held, locked or younger than its retention.",
            ),
            part(
                "open-formats",
                "`sha256sum`, `gunzip` and `psql` restore a backup. The commands in README are a test. zstd and age are published \
                 formats.",
            ),
            part(
                "integrity",
                "Checksums are compared at the upload, at each `verify`, and before each restore. A drill compares every row.",
            ),
        ],
        limits: &[
            "No test runs the programs `zstd` and `age`. Tests open such backups with the libraries of these names.",
            "It does not prevent deletion by the administrators of your AWS account, except with `object-lock: compliance`.",
            "The key that backs up can store a new version over an existing object, although the program never does. The earlier \
             version stays until its lock or the rule for noncurrent versions ends.",
            "On a bucket without versioning and in a folder, `prune` removes for good. It refuses to, unless `unversioned` is set.",
        ],
    },
];
