//! The job matrix: one job per sponsor, or groups of equal size if there are more sponsors than jobs.

use std::num::NonZeroUsize;

use serde::Serialize;

use super::Sponsor;

/// Value of `strategy.matrix`, through `fromJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// One entry per job.
    pub include: Vec<Job>,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Job {
    /// The sponsor's name, or `group-1`.
    pub name: String,
    /// Names of its sponsors, separated by commas, for the `sponsors` input of the job's step.
    pub sponsors: String,
    /// The sponsor's code. Absent in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The sponsor's region. Absent in a group, or if the manifest has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

/// Builds the matrix. GitHub runs at most 256 jobs per matrix. Group sizes differ by at most one.
#[must_use]
pub fn matrix(sponsors: &[Sponsor], max_jobs: NonZeroUsize) -> Matrix {
    let include = if sponsors.len() <= max_jobs.get() {
        sponsors.iter().map(single).collect()
    } else {
        groups(sponsors, max_jobs.get())
    };
    Matrix { include }
}

fn single(sponsor: &Sponsor) -> Job {
    Job {
        name: sponsor.name.clone(),
        sponsors: sponsor.name.clone(),
        code: Some(sponsor.code.clone()),
        region: sponsor.region.clone(),
    }
}

fn groups(sponsors: &[Sponsor], count: usize) -> Vec<Job> {
    (0..count)
        .map(|group| {
            let members = &sponsors[group * sponsors.len() / count..(group + 1) * sponsors.len() / count];
            let names: Vec<&str> = members.iter().map(|sponsor| sponsor.name.as_str()).collect();
            Job { name: format!("group-{}", group + 1), sponsors: names.join(","), code: None, region: None }
        })
        .collect()
}

#[cfg(test)]
mod tests;
