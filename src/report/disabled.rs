//! The loud message of a sponsor whose backups are not enabled yet. Pure text.

const WIDTH: usize = 100;

/// What the message names.
#[derive(Debug, Clone, Copy)]
pub struct SetUp<'a> {
    /// Sponsor's name.
    pub sponsor: &'a str,
    /// Where its secrets are, as Doppler's CLI wants it.
    pub project: &'a str,
    /// Doppler config.
    pub config: &'a str,
    /// Region for examples; the manifest's where it names one.
    pub region: Option<&'a str>,
    /// What the flag holds.
    pub why: &'a str,
}

/// A box that names the four steps, with the commands for this very sponsor.
#[must_use]
pub fn boxed(set_up: SetUp<'_>) -> Vec<String> {
    let SetUp { sponsor, project, config, region, why } = set_up;
    let region = region.unwrap_or("REGION");
    let secrets = format!("doppler secrets set --project {project} --config {config}");
    let lines = [
        "S3 BACKUP ARCHIVAL NOT YET ENABLED".to_owned(),
        format!("Sponsor {sponsor}: {why}. NOTHING WAS BACKED UP."),
        String::new(),
        "1. Apply the sponsor's Terraform, which makes the buckets:".to_owned(),
        format!("     terraform apply -var sponsor={sponsor} -var region={region}"),
        "2. Set the three secrets in Doppler:".to_owned(),
        format!("     {secrets} \\"),
        format!("       SPONSOR_BACKUPS_BUCKET=hht-diary-backups-{sponsor}-{region} \\"),
        format!("       SPONSOR_AUDIT_LOGS_BUCKET=hht-diary-audit-logs-{sponsor}-{region} \\"),
        format!("       SPONSOR_AWS_REGION={region}"),
        "3. Check the AWS credentials:".to_owned(),
        format!("     aws s3api head-bucket --bucket hht-diary-backups-{sponsor}-{region}"),
        "4. Set the flag:".to_owned(),
        format!("     {secrets} \\"),
        "       ENABLE_S3_BACKUP_ARCHIVAL=true".to_owned(),
    ];
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default().max(WIDTH);
    let rule = |left, right| format!("{left}{}{right}", "═".repeat(width + 2));
    let mut boxed = vec![rule('╔', '╗')];
    boxed.extend(lines.iter().map(|line| format!("║ {line:<width$} ║")));
    boxed.push(rule('╚', '╝'));
    boxed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_square_and_names_the_four_steps() {
        let set_up = SetUp {
            sponsor: "callisto",
            project: "hht-diary-callisto",
            config: "production",
            region: Some("eu-west-1"),
            why: "ENABLE_S3_BACKUP_ARCHIVAL does not exist",
        };
        let lines = boxed(set_up);
        let widths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{}", lines.join("\n"));
        let text = lines.join("\n");
        for part in [
            "S3 BACKUP ARCHIVAL NOT YET ENABLED",
            "terraform apply",
            "SPONSOR_BACKUPS_BUCKET=hht-diary-backups-callisto-eu-west-1",
            "head-bucket",
            "ENABLE_S3_BACKUP_ARCHIVAL=true",
            "does not exist",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
