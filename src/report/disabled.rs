//! The message for a sponsor whose backups are not enabled yet. Pure text.

use std::collections::BTreeMap;

use crate::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET, REGION};

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
    /// Buckets and region that are set already, by the names of their secrets.
    pub set: &'a BTreeMap<&'static str, String>,
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

fn steps(set_up: SponsorSetup<'_>) -> Vec<String> {
    let SponsorSetup { sponsor, place, region, set, why } = set_up;
    let region = set.get(REGION).map(String::as_str).or(region).unwrap_or("REGION");
    let bucket = |kind: &str| format!("hht-diary-{kind}-{sponsor}-{region}");
    let secrets = [
        (BACKUPS_BUCKET, bucket("backups")),
        (AUDIT_LOGS_BUCKET, bucket("audit-logs")),
        (REGION, region.to_owned()),
    ];
    let missing: Vec<(&str, String)> =
        secrets.iter().filter(|(name, _)| !set.contains_key(name)).cloned().collect();
    let of_the_sponsor = |(name, usual): &(&'static str, String)| set.get(name).unwrap_or(usual).clone();
    let [backups, audit_logs, _] = secrets.each_ref().map(of_the_sponsor);
    let flag = [("ENABLE_S3_BACKUP_ARCHIVAL", "true".to_owned())];
    let mut lines = vec![
        "S3 BACKUP ARCHIVAL NOT YET ENABLED".to_owned(),
        format!("Sponsor {sponsor}: {why}. NOTHING WAS BACKED UP."),
        "If steps 1 to 3 are done, step 4 is all that is missing.".to_owned(),
        String::new(),
    ];
    // Only our Terraform creates buckets with these names. Others exist, or another program creates them.
    if (&backups, &audit_logs) == (&bucket("backups"), &bucket("audit-logs")) {
        lines.push("1. Apply the sponsor's Terraform, which makes the buckets:".to_owned());
        lines.push(format!("     cd {ROOTS}/{sponsor} && terraform apply"));
    } else {
        lines.push("1. Apply the Terraform that makes the buckets:".to_owned());
        lines.extend([&backups, &audit_logs].map(|bucket| format!("     {bucket}")));
    }
    let place_name = place.name();
    lines.push(match missing.len() {
        0 => format!("2. Set the three secrets in {place_name}: done."),
        3 => format!("2. Set the three secrets in {place_name}:"),
        missing => format!("2. Set the three secrets in {place_name} ({missing} missing):"),
    });
    if !missing.is_empty() {
        lines.extend(place.setting(sponsor, &missing));
    }
    lines.push("3. Check the AWS credentials:".to_owned());
    lines.push(format!("     aws s3api head-bucket --bucket {backups}"));
    lines.push("4. Set the flag:".to_owned());
    lines.extend(place.setting(sponsor, &flag));
    lines.push("More about each step: docs/setup.md of sponsor-backup".to_owned());
    lines
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
