//! Shares of a whole, and how much an amount changed. Pure.

use std::fmt;

/// A share of a whole: `20%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Hundredths of a percent.
    hundredths: u32,
}

/// The whole, in hundredths of a percent.
const WHOLE: u32 = 10_000;

impl Share {
    /// Reads `20%` or `2.5%`, with two decimals at most. `None` for any other text, and above `100%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let (percent, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(percent) || !are_digits(decimals) || decimals.len() > 2 {
            return None;
        }
        let percent: u32 = percent.parse().ok()?;
        let hundredths = percent.checked_mul(100)?.checked_add(format!("{decimals:0<2}").parse().ok()?)?;
        (hundredths <= WHOLE).then_some(Self { hundredths })
    }

    /// Whether a part of a whole is more than this share of it.
    #[must_use]
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * u128::from(WHOLE) > u128::from(whole) * u128::from(self.hundredths)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (percent, rest) = (self.hundredths / 100, self.hundredths % 100);
        match rest {
            0 => write!(formatter, "{percent}%"),
            rest if rest % 10 == 0 => write!(formatter, "{percent}.{}%", rest / 10),
            rest => write!(formatter, "{percent}.{rest:02}%"),
        }
    }
}

/// A change in percent of what was there before: `-30%`, `+2.5%`. `None` if nothing was there, or nothing changed.
///
/// Only a loss of everything is `-100%`, and only no change at all is nothing.
#[must_use]
pub fn percent(before: u64, after: u64) -> Option<String> {
    if before == 0 || before == after {
        return None;
    }
    let sign = if after < before { '-' } else { '+' };
    let tenths = (u128::from(before.abs_diff(after)) * 1000 / u128::from(before)).max(1);
    let rest = if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
    Some(format!("{sign}{}{rest}%", tenths / 10))
}

#[cfg(test)]
mod tests;
