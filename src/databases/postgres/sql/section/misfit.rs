//! What can be wrong with sections that several pg_dumps wrote.

/// Why a section's text does not fit the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It does not begin as every pg_dump does.
    #[error("one of them does not begin with the settings of a dump")]
    Head,
    /// Its settings are not those of the others.
    #[error("they begin with different settings")]
    OtherHead,
    /// It has rows of a table that another section has.
    #[error("rows of {0} in the wrong part")]
    NotHandedOut(String),
    /// A table comes twice.
    #[error("rows of {0} twice")]
    Twice(String),
    /// A table did not come.
    #[error("no rows of {0}")]
    Missing(String),
    /// It has a statement that would be lost.
    #[error("unexpected in a part with rows only: {0}")]
    Statement(String),
    /// The joined text does not contain the rows that the sections had.
    #[error("rows of {0} were lost when the parts were joined")]
    Lost(String),
}
