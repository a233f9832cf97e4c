//! The clauses of 21 CFR Part 11 that a backup touches, paraphrased.

use super::requirements::{Requirement, part};

pub(crate) const CLAUSES: &[Requirement] = &[
    Requirement {
        id: "11.10(a)",
        title: "Validation",
        asks: "Systems are validated: they are accurate and reliable, perform consistently as intended, and make invalid or \
               altered records recognizable.",
        parts: &[
            part(
                "accurate",
                "A drill restores a backup and compares every row, sequence, large object and statement with it. The tests \
                 also compare with the source database.",
            ),
            part(
                "reliable",
                "After a fault or a signal, a whole backup is stored or none. [Faults](reference/faults.md) lists each fault \
                 with its result.",
            ),
            part(
                "altered",
                "`verify`, `restore` and `drill` find changed, cut and exchanged backups, and `restore` loads nothing of them. \
                 `history --check` finds replaced ones.",
            ),
        ],
        limits: &[
            "It does not validate your installation. A drill of your own databases and its report are evidence for that.",
            "If someone changes a dump, its checksum file and its manifest consistently, `verify` does not find it. \
             `history --check` finds it, unless the record was changed, too.",
        ],
    },
    Requirement {
        id: "11.10(b)",
        title: "Copies for inspection",
        asks: "Accurate and complete copies of records can be made, in electronic form and readable for people, so that the \
               agency can inspect, review and copy them.",
        parts: &[
            part(
                "complete",
                "A backup has all that its database contains, fails, or is marked as partial. What the role cannot read is a \
                 failure, not a smaller backup.",
            ),
            part(
                "electronic",
                "A backup is plain SQL that standard tools check and load. `copy` makes another one and compares every byte.",
            ),
            part(
                "readable",
                "`list`, `show` and `history` print tables for people, and JSON with `--json`. Manifests, records and the \
                 history follow published schemas.",
            ),
        ],
        limits: &[
            "A dump shows rows as the database stores them. Forms and reports for inspectors come from your application, on a \
             restored database.",
            "Roles, passwords and server settings are not in a backup.",
            "A backup that is encrypted with age is readable only with your private key.",
        ],
    },
    Requirement {
        id: "11.10(c)",
        title: "Protection and retrieval of records",
        asks: "Records are protected, so that they can be retrieved accurately and readily throughout their retention period.",
        parts: &[
            part(
                "locked",
                "In buckets with Object Lock, a production backup and its record are locked for seven calendar years. If S3 did \
                 not lock them as requested, the backup fails. A bucket without Object Lock causes a warning.",
            ),
            part(
                "retrievable",
                "Backups of earlier releases pass every command that reads. `thaw` requests one from an archive tier. Each \
                 backup is found by its time, version, run or location.",
            ),
            part(
                "missed",
                "A backup that is gone, hidden, replaced, too old or was never taken is reported.",
            ),
        ],
        limits: &[
            "Retrieval from Deep Archive takes hours. `thaw` requests it and ends: run the command again later.",
            "Without Object Lock, an account with delete permission can delete a backup. In governance mode, an administrator \
             can lift a lock.",
            "It does not store your age private key. If you lose the key, the backups that are encrypted to it are lost.",
            "A folder has no locks, no versions and no lifecycle rules.",
        ],
    },
    Requirement {
        id: "11.10(d)",
        title: "Access to the system",
        asks: "Only authorized individuals have access to the system.",
        parts: &[
            part(
                "own-sponsor",
                "A run uses only the secrets, keys, buckets and database of its own sponsors. Of others, it reads addresses to \
                 compare them.",
            ),
            part(
                "least-permissions",
                "Each key has the permissions of its task. The key that backs up can neither delete nor hold, and a role's \
                 session is limited to one command, sponsor and environment.",
            ),
            part(
                "hidden-secrets",
                "Secrets are in no log, output, record or command line, also if a run fails.",
            ),
            part(
                "rotation",
                "[Calendar](calendar.md) has the commands that replace each credential. Afterwards the old one is refused, and \
                 other sponsors are not affected.",
            ),
            part(
                "live-databases",
                "A restore into a sponsor's live database needs the names of sponsor and database as a confirmation. Another \
                 sponsor's live database is never a target.",
            ),
        ],
        limits: &[
            "It has no users, roles or passwords of its own. GitHub, AWS, Doppler and PostgreSQL authenticate people and jobs. \
             You grant that access, and review it.",
            "It does not require an approval. Reviewers are a rule of your GitHub environments. `preflight` warns if the \
             environment `production` has none.",
            "One AWS policy covers the three environments of a sponsor. [Security model](security-model.md) shows what each \
             stolen key can do.",
        ],
    },
    Requirement {
        id: "11.10(e)",
        title: "Audit trails",
        asks: "Secure, computer-generated, time-stamped audit trails record independently when operators create, change or \
               delete electronic records. Changes do not obscure earlier entries. The trail is kept at least as long as its \
               records, and the agency can review and copy it.",
        parts: &[
            part(
                "recorded",
                "Each backup, deployment, verification, restore, drill, copy, hold and prune leaves a record, also if it fails \
                 or is stopped. `prune` removes nothing before its record is stored.",
            ),
            part(
                "who-and-when",
                "The program writes the time in UTC and what the runner reports: GitHub accounts, commit and run. Version and \
                 reason are recorded as entered.",
            ),
            part(
                "not-replaced",
                "An existing object is never overwritten. A second record of the same second gets a key of its own.",
            ),
            part(
                "kept",
                "Lifecycle rules keep each record for 2557 days in every environment. A record that S3 stored without its lock \
                 or tags is a failure.",
            ),
            part(
                "reviewable",
                "`history` shows all events in one list, also as JSON. `history --check` finds backups without a record.",
            ),
        ],
        limits: &[
            "It records its own actions. Changes of rows belong in your application's audit trail, and actions of other \
             programs in S3 are in CloudTrail only.",
            "The key that backs up can store a new version over a record, although the program never does. The earlier version \
             stays until its lock or the rule for noncurrent versions ends.",
            "Dry runs, `matrix`, `list`, `show`, `diff`, `history`, `metrics`, `preflight` and `hold list` leave no record. \
             A run that is killed (SIGKILL) can leave none.",
            "The time is that of the machine's clock. No test shows the record of a `copy` that fails.",
            "In production, a record is locked as long as its backup: for `retention-years`, 7 by default. Records of staging and \
             development are locked only if `retention-years` is set. Otherwise lifecycle rules, versioning and missing \
             delete permissions keep them.",
            "If the bucket rejects the record of a `verify` or `restore`, that is a warning, and only the workspace has the \
             record. Records of a sponsor whose flag is off are in the workspace only.",
        ],
    },
    Requirement {
        id: "11.10(k)",
        title: "System documentation",
        asks: "Documentation for operation and maintenance is controlled: its distribution, access and use, and its revisions \
               with their order in time.",
        parts: &[
            part(
                "accurate-pages",
                "Inputs, outputs, exit codes, keys, faults and this page are generated from the sources or compared with them. \
                 Commands, links and quoted messages are checked.",
            ),
            part(
                "revisions",
                "The pages are in the same repository as the program, so each release has its own. A release needs version, \
                 changelog and tag to agree, and keeps the names that release 0.1 promised.",
            ),
        ],
        limits: &[
            "It does not control your own procedures, printed copies and training records.",
            "Who can change these pages is a rule of the repository that you use.",
        ],
    },
    Requirement {
        id: "11.30",
        title: "Open systems",
        asks: "If people outside of the organization control access to a system, its records also stay authentic, intact and \
               confidential from creation to receipt, for example by encryption.",
        parts: &[
            part(
                "encrypted",
                "`age-recipients` encrypts a backup before the upload, and only the private keys open it. With \
                 `require-encryption`, a backup without recipients fails.",
            ),
            part(
                "in-transit",
                "A database on another machine is reached with TLS only, unless the URL disables it. The bucket policies deny \
                 requests without TLS.",
            ),
            part(
                "intact",
                "Every upload carries a checksum. A backup counts only after S3 has returned the same size and checksum.",
            ),
        ],
        limits: &[
            "Encryption is off unless you set `age-recipients`. Records and manifests are never encrypted with age.",
            "It does not sign backups. Encryption does not prove who made a backup, because recipients are public keys.",
            "The certificate of a database server is verified only with `sslmode=verify-full`. `sslmode=disable` and an S3 \
             endpoint with `http://` are obeyed.",
        ],
    },
    Requirement {
        id: "11.50",
        title: "Signature manifestations",
        asks: "A signed record shows the signer's printed name, the date and time of the signature, and its meaning. This \
               clause does not apply: the product signs nothing.",
        parts: &[part(
            "approvals",
            "Records of backups and deployments list the approvals of their run on GitHub: account, state, comment and \
             environments. A missing approval and a missing answer are distinguished.",
        )],
        limits: &[
            "It makes no electronic signature and checks none. Signatures belong to your quality system.",
            "An approval on GitHub does not count as one: it has an account instead of a printed name, and GitHub does not \
             report its time.",
        ],
    },
];
