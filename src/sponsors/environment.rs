//! The three environments and their conventions.

/// Environment of a sponsor's software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Patients' data, kept for years.
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

    /// The short form in file names.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Production => "prod",
            Self::Staging => "staging",
            Self::Development => "dev",
        }
    }

    /// The Doppler config of its secrets. The `config` input overrides it.
    #[must_use]
    pub fn doppler_config(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "dev",
        }
    }

    /// Retention of backups in years. `None` if it is shorter.
    #[must_use]
    pub fn retention_years(self) -> Option<u16> {
        match self {
            Self::Production => Some(7),
            Self::Staging | Self::Development => None,
        }
    }

    /// Retention of backups in days. `None` if it is years.
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
