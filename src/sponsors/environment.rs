//! The three environments and what is known of each by convention.

/// Where a sponsor's software runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Patients' data; kept for years.
    Production,
    /// Rehearsals.
    Staging,
    /// Developers' data.
    Development,
}

impl Environment {
    /// All of them, for messages and loops.
    pub const ALL: [Self; 3] = [Self::Production, Self::Staging, Self::Development];

    /// The name that users type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }

    /// The short form that file names carry.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Staging => "staging",
            Self::Development => "dev",
        }
    }

    /// The Doppler config that holds its secrets, unless the `config` input says otherwise.
    #[must_use]
    pub fn doppler_config(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "dev",
        }
    }

    /// Years for which backups are kept, where they are kept for years at all.
    #[must_use]
    pub fn retention_years(self) -> Option<u16> {
        match self {
            Self::Production => Some(7),
            Self::Staging | Self::Development => None,
        }
    }

    /// Days after which backups expire, where they are not kept for years.
    #[must_use]
    pub fn retention_days(self) -> Option<u16> {
        match self {
            Self::Production => None,
            Self::Staging => Some(30),
            Self::Development => Some(7),
        }
    }
}

impl std::str::FromStr for Environment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|environment| environment.name() == text).ok_or(())
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
