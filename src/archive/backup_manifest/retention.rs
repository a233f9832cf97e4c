//! Until when a backup is kept, as its own tag says. Pure. `prune` hides what is kept no longer, so what cannot be read must not
//! count as nothing.

use jiff::Timestamp;
use serde::Deserialize;

use super::named_value::NamedValue;
use crate::layout::key::retain_until;

/// The tag of a backup that is kept for years.
const RETENTION_YEARS: &str = "retention-years";

/// A tag is not a number of years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRetention;

#[derive(Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Option<Vec<NamedValue>>,
}

/// Until when the backup of a manifest is kept, if its tag says so: beyond the year 9999, for ever. Release 0.1 wrote no tags down.
///
/// # Errors
/// The tag, or the list of tags, cannot be read.
pub fn retained_until(document: &[u8], written: Timestamp) -> Result<Option<Timestamp>, UnknownRetention> {
    let Tags { tags } = serde_json::from_slice(document).map_err(|_| UnknownRetention)?;
    let tags = tags.unwrap_or_default();
    let years = tags.iter().filter(|tag| tag.name == RETENTION_YEARS).map(|tag| years(&tag.value));
    let ends = years.map(|years| Ok(retain_until(written, years?).unwrap_or(Timestamp::MAX)));
    Ok(ends.collect::<Result<Vec<_>, _>>()?.into_iter().max())
}

/// Reads digits alone, as [`crate::layout::tags`] writes them. More years than fit are as many as fit: both are for ever.
fn years(value: &str) -> Result<u16, UnknownRetention> {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number || value.bytes().all(|byte| byte == b'0') {
        return Err(UnknownRetention);
    }
    Ok(value.parse().unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests;
