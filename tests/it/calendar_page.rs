//! `docs/calendar.md`: the commands of each date, and the rotation of each credential. The old one is refused afterwards, the new one
//! works, and nothing else is broken.

mod dates;
mod rotation;

use std::collections::BTreeSet;

use crate::support::{Play, page};

const PAGE: &str = include_str!("../../docs/calendar.md");

/// What each test runs.
const PLAYS: [&Play; 5] =
    [&dates::DATES, &rotation::DOPPLER, &rotation::AWS, &rotation::DATABASE, &rotation::AGE];
/// Commands within sentences that nothing runs, each with its reason.
const NOT_RUN_INLINE: [(&str, &str); 1] = [(
    "openssl rand -hex",
    "named for its letters: the play of the database password runs the whole command",
)];

const BACK_UP: &str =
    "sponsor-backup backup --environment production --sponsors callisto --pre-migration=false";
const BACK_UP_TITAN: &str =
    "sponsor-backup backup --environment production --sponsors titan --pre-migration=false";

/// Both buckets as the set-up makes them.
const PROTECTED: &str = "\
for bucket in hht-diary-backups-callisto-eu-west-1 hht-diary-audit-logs-callisto-eu-west-1; do
  aws s3api put-bucket-versioning --bucket $bucket --versioning-configuration Status=Enabled
  aws s3api put-public-access-block --bucket $bucket --public-access-block-configuration \\
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
done";

#[test]
fn nothing_on_the_page_is_skipped_without_a_reason() {
    let blocks: Vec<String> = page::blocks(PAGE).into_iter().map(|block| block.name).collect();
    let run: BTreeSet<&str> = PLAYS.iter().flat_map(|play| play.blocks).copied().collect();
    assert_eq!(run, blocks.iter().map(String::as_str).collect());
    let run = PLAYS.iter().flat_map(|play| play.inline).copied();
    let known: BTreeSet<&str> = run.chain(NOT_RUN_INLINE.map(|(command, _)| command)).collect();
    assert_eq!(known, page::inline_commands(PAGE).into_iter().collect());
}
