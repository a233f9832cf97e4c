//! The message for a sponsor whose backups are not enabled yet. Pure text.

use crate::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET, REGION, StorageSecrets, StoreName};

const WIDTH: usize = 100;
/// The frame and the blanks next to it.
const FRAME: usize = 4;
/// Folder of the sponsors' Terraform roots, in the repository that they were copied to.
const ROOTS: &str = "infrastructure/terraform/sponsors";

/// What the message names.
#[derive(Debug, Clone, Copy)]
pub struct SponsorSetup<'a> {
    /// Sponsor's name.
    pub sponsor: &'a str,
    /// Where its secrets are.
    pub place: SecretsPlace<'a>,
    /// Region for examples, if the manifest names one.
    pub region: Option<&'a str>,
    /// Stores and region that are set already.
    pub set: &'a StorageSecrets,
    /// What the flag holds.
    pub why: &'a str,
}

/// The place of a sponsor's secrets, which is also where to set them.
#[derive(Debug, Clone, Copy)]
pub enum SecretsPlace<'a> {
    /// Doppler's project and config.
    Doppler {
        /// Project.
        project: &'a str,
        /// Config.
        config: &'a str,
    },
    /// A secrets file.
    File(&'a str),
}

/// The one thing to do if the rest is set up: a sentence for log and summary.
#[must_use]
pub fn next_step(set_up: SponsorSetup<'_>) -> String {
    match set_up.place {
        SecretsPlace::Doppler { project, config } => format!(
            "Run `doppler secrets set --project {project} --config {config} ENABLE_S3_BACKUP_ARCHIVAL=true`."
        ),
        SecretsPlace::File(path) => {
            format!("Write `ENABLE_S3_BACKUP_ARCHIVAL: \"true\"` below {} in {path}.", set_up.sponsor)
        }
    }
}

/// The four steps, with the commands for this very sponsor. They are framed if the terminal is wide enough, and if there
/// is none.
#[must_use]
pub fn lines(set_up: SponsorSetup<'_>, columns: Option<usize>) -> Vec<String> {
    let lines = steps(set_up);
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default().max(WIDTH);
    if columns.is_some_and(|columns| columns < width + FRAME) {
        return lines;
    }
    let rule = |left, right| format!("{left}{}{right}", "═".repeat(width + 2));
    let mut boxed = vec![rule('╔', '╗')];
    boxed.extend(lines.iter().map(|line| format!("║ {line:<width$} ║")));
    boxed.push(rule('╚', '╝'));
    boxed
}

/// A secret about the sponsor's storage, with the value that it has or usually gets.
struct StorageSecret {
    name: &'static str,
    value: String,
    is_set: bool,
    needs_aws: bool,
}

fn steps(set_up: SponsorSetup<'_>) -> Vec<String> {
    let SponsorSetup { sponsor, place, why, .. } = set_up;
    let secrets = storage_secrets(set_up);
    let missing: Vec<(&str, String)> = secrets
        .iter()
        .filter(|secret| !secret.is_set)
        .map(|secret| (secret.name, secret.value.clone()))
        .collect();
    let flag = [("ENABLE_S3_BACKUP_ARCHIVAL", "true".to_owned())];
    let mut lines = vec![
        "S3 BACKUP ARCHIVAL NOT YET ENABLED".to_owned(),
        format!("Sponsor {sponsor}: {why}. NOTHING WAS BACKED UP."),
        "If steps 1 to 3 are done, step 4 is all that is missing.".to_owned(),
        String::new(),
    ];
    lines.extend(creating(set_up, &secrets));
    let count = if secrets.len() == 3 { "three" } else { "two" };
    let setting = format!("2. Set the {count} secrets in {}", place.name());
    lines.push(match missing.len() {
        0 => format!("{setting}: done."),
        all if all == secrets.len() => format!("{setting}:"),
        missing => format!("{setting} ({missing} missing):"),
    });
    if !missing.is_empty() {
        lines.extend(place.setting(sponsor, &missing));
    }
    match secrets.iter().find(|secret| secret.needs_aws) {
        Some(bucket) => {
            lines.push("3. Check the AWS credentials:".to_owned());
            lines.push(format!("     aws s3api head-bucket --bucket {}", bucket.value));
        }
        None => lines.push("3. Check the AWS credentials: folders need none.".to_owned()),
    }
    lines.push("4. Set the flag:".to_owned());
    lines.extend(place.setting(sponsor, &flag));
    lines.push("More about each step: docs/setup.md of sponsor-backup".to_owned());
    lines
}

/// The two stores, and the region if one of them is a bucket. A store without a name is expected to be like the other one.
fn storage_secrets(set_up: SponsorSetup<'_>) -> Vec<StorageSecret> {
    let SponsorSetup { sponsor, set, .. } = set_up;
    let stores =
        [(BACKUPS_BUCKET, "backups", &set.backups), (AUDIT_LOGS_BUCKET, "audit-logs", &set.audit_logs)];
    let mut known = stores.iter().filter_map(|(.., store)| store.as_ref()).peekable();
    let needs_aws = known.peek().is_none() || known.any(StoreName::needs_aws);
    let usual = |kind: &str| {
        if needs_aws { usual_bucket(set_up, kind) } else { format!("file:///srv/{sponsor}/{kind}") }
    };
    let secret = |(name, kind, store): (&'static str, &str, &Option<StoreName>)| StorageSecret {
        name,
        value: store.as_ref().map_or_else(|| usual(kind), StoreName::to_string),
        is_set: store.is_some(),
        needs_aws: store.as_ref().map_or(needs_aws, StoreName::needs_aws),
    };
    let region = StorageSecret {
        name: REGION,
        value: region(set_up).to_owned(),
        is_set: set.region.is_some(),
        needs_aws,
    };
    stores.map(secret).into_iter().chain(needs_aws.then_some(region)).collect()
}

fn region(set_up: SponsorSetup<'_>) -> &str {
    set_up.set.region.as_deref().or(set_up.region).unwrap_or("REGION")
}

fn usual_bucket(set_up: SponsorSetup<'_>, kind: &str) -> String {
    format!("hht-diary-{kind}-{}-{}", set_up.sponsor, region(set_up))
}

/// The first step: what creates the stores.
fn creating(set_up: SponsorSetup<'_>, secrets: &[StorageSecret]) -> Vec<String> {
    let stores: Vec<&StorageSecret> = secrets.iter().filter(|secret| secret.name != REGION).collect();
    // Only our Terraform creates buckets with these names. Others exist, or another program creates them.
    if stores
        .iter()
        .map(|store| &store.value)
        .eq(&["backups", "audit-logs"].map(|kind| usual_bucket(set_up, kind)))
    {
        return vec![
            "1. Apply the sponsor's Terraform, which makes the buckets:".to_owned(),
            format!("     cd {ROOTS}/{} && terraform apply", set_up.sponsor),
        ];
    }
    let title = match stores.iter().filter(|store| store.needs_aws).count() {
        0 => "1. Create the folders:",
        1 => "1. Create the folder, and apply the Terraform that makes the bucket:",
        _ => "1. Apply the Terraform that makes the buckets:",
    };
    let list = stores.iter().map(|store| format!("     {}", store.value));
    std::iter::once(title.to_owned()).chain(list).collect()
}

impl SecretsPlace<'_> {
    fn name(self) -> String {
        match self {
            Self::Doppler { .. } => "Doppler".to_owned(),
            Self::File(path) => path.to_owned(),
        }
    }

    /// How values are set there: a command, or lines of YAML.
    fn setting(self, sponsor: &str, values: &[(&str, String)]) -> Vec<String> {
        match self {
            Self::Doppler { project, config } => {
                let command = format!("     doppler secrets set --project {project} --config {config} \\");
                let last = values.len().saturating_sub(1);
                let value = |(at, (name, value)): (usize, &(&str, String))| {
                    format!("       {name}={value}{}", if at == last { "" } else { " \\" })
                };
                std::iter::once(command).chain(values.iter().enumerate().map(value)).collect()
            }
            Self::File(_) => {
                let value = |(name, value): &(&str, String)| format!("       {name}: \"{value}\"");
                std::iter::once(format!("     {sponsor}:")).chain(values.iter().map(value)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
