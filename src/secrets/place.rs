//! Where one sponsor's secrets are kept, and how they are set there. Pure.

use std::fmt;

use super::SecretsError;

/// Where one sponsor's secrets are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A config of Doppler's.
    Doppler {
        /// Its project.
        project: String,
        /// Its name.
        config: String,
    },
    /// A secrets file.
    File {
        /// As typed.
        path: String,
        /// Below whose name.
        sponsor: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doppler { project, config } => write!(formatter, "{project}/{config}"),
            Self::File { path, sponsor } => write!(formatter, "{path}, `{sponsor}`"),
        }
    }
}

impl Place {
    /// Names that are not there, or empty; `or` is another way to provide them.
    #[must_use]
    pub fn lacks(&self, names: Vec<String>, or: Option<String>) -> SecretsError {
        let bare: Vec<&str> = names.iter().map(|name| name.trim_end_matches(" (empty)")).collect();
        let here = match self {
            Self::Doppler { project, config } => {
                let set = bare.join(" ");
                format!("Set them there: `doppler secrets set {set} --project {project} --config {config}`")
            }
            Self::File { path, sponsor } => format!("Add {} to {path}, below `{sponsor}:`", bare.join(", ")),
        };
        let or = or.map(|or| format!(", or {or}")).unwrap_or_default();
        SecretsError::Missing { place: self.to_string(), names, hint: format!("{here}{or}.") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_is_the_one_of_the_place() {
        let names = || vec!["A".to_owned(), "B (empty)".to_owned()];
        let doppler = Place::Doppler { project: "hht-diary-io".to_owned(), config: "dev".to_owned() };
        let told = doppler.lacks(names(), None);
        assert_eq!(told.to_string(), "hht-diary-io/dev lacks A, B (empty)");
        assert_eq!(
            told.hint(),
            "Set them there: `doppler secrets set A B --project hht-diary-io --config dev`."
        );
        let file = Place::File { path: "s.yaml".to_owned(), sponsor: "io".to_owned() };
        let told = file.lacks(names(), Some("set X".to_owned()));
        assert_eq!(told.hint(), "Add A, B to s.yaml, below `io:`, or set X.");
    }
}
