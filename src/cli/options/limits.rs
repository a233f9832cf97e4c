//! Limits on what may change between two backups, in `diff` and in `backup`.

use crate::cli::inputs;
use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::verification::backup_diff::DiffLimits;

/// What may change since the backup before.
pub(super) fn limits(values: &Values<'_>) -> Result<DiffLimits, UsageError> {
    Ok(DiffLimits {
        max_row_drop: values.optional(inputs::MAX_ROW_DROP)?,
        max_table_drop: values.optional(inputs::MAX_TABLE_DROP)?.map(|count| count.0),
        expect_schema_unchanged: values.boolean(inputs::EXPECT_SCHEMA_UNCHANGED)?,
    })
}
