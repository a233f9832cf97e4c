//! Two small pictures, as SVG. Each has a title that says the same in words.

use bytesize::ByteSize;
use maud::{Markup, html};

use crate::report::digest::{Day, DayState, SponsorDigest};
use crate::report::lines::count;

/// Sizes that a picture shows at most, the newest ones.
const SIZES: usize = 60;
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 24.0;
/// Width of a day's dash with the gap after it. The style sheet has the same.
const DAY: usize = 10;

/// The sizes of the backups of the period, as a line.
#[expect(clippy::cast_precision_loss, reason = "the place of a point")]
pub(super) fn sizes(one: &SponsorDigest) -> Markup {
    let shown = one.sizes.get(one.sizes.len().saturating_sub(SIZES)..).unwrap_or_default();
    let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return html! {} };
    let largest = shown.iter().map(|size| size.size_bytes).max().unwrap_or_default().max(1) as f64;
    let step = WIDTH / (shown.len().max(2) - 1) as f64;
    let point = |(at, bytes): (usize, u64)| {
        format!("{:.1},{:.1}", at as f64 * step, HEIGHT - 1.0 - (HEIGHT - 2.0) * bytes as f64 / largest)
    };
    let points: Vec<String> = shown.iter().map(|size| size.size_bytes).enumerate().map(point).collect();
    let [first, last] = [first, last].map(|size| ByteSize(size.size_bytes));
    let title = format!("{}, from {first} to {last}", count(shown.len(), "size"));
    html! {
        svg.sizes role="img" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) aria-label=(title) {
            title { (title) }
            polyline points=(points.join(" ")) {}
        }
    }
}

/// A dash for each day.
pub(super) fn days(one: &SponsorDigest) -> Markup {
    let many = |state| one.days.iter().filter(|day| day.state == state).count();
    let title = format!(
        "{} with a backup, {} with failures only, {} without a run",
        count(many(DayState::BackedUp), "day"),
        many(DayState::Failed),
        many(DayState::Nothing),
    );
    html! {
        @if let (Some(first), Some(last)) = (one.days.first(), one.days.last()) {
            p.days {
                svg role="img" viewBox=(format!("0 0 {} {DAY}", DAY * one.days.len())) width=(DAY * one.days.len()) aria-label=(title) {
                    title { (title) }
                    @for run in one.days.chunk_by(|one, other| one.state == other.state) { (line(one, run)) }
                }
                br;
                (first.date) " to " (last.date) ": " (title)
            }
        }
    }
}

/// Days in a row that are alike, as one dashed line: a page of four hundred sponsors has few elements so.
fn line(one: &SponsorDigest, run: &[Day]) -> Markup {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return html! {} };
    let at = one.days.iter().position(|day| day.date == first.date).unwrap_or_default();
    let days =
        if run.len() == 1 { first.date.to_string() } else { format!("{} to {}", first.date, last.date) };
    html! {
        line.(class(first.state)) x1=(at * DAY) y1=(DAY / 2) x2=((at + run.len()) * DAY) y2=(DAY / 2) {
            title { (days) ": " (words(first.state)) }
        }
    }
}

fn class(state: DayState) -> &'static str {
    match state {
        DayState::BackedUp => "ok",
        DayState::Failed => "attention",
        DayState::Nothing => "nothing",
    }
}

fn words(state: DayState) -> &'static str {
    match state {
        DayState::BackedUp => "backed up",
        DayState::Failed => "failed",
        DayState::Nothing => "no run",
    }
}
