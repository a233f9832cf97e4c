use super::missing_secret;
use crate::finding::Level;

/// A workflow without a sponsor's token takes no backup, unless an environment that only a run can name holds it.
#[test]
fn a_missing_token_is_an_obstacle_if_it_cannot_be_elsewhere() {
    for (name, may_be_elsewhere, level) in [
        ("DOPPLER_TOKEN_CALLISTO", false, Level::Fail),
        ("DOPPLER_TOKEN_CALLISTO", true, Level::Warn),
        ("AWS_ACCESS_KEY_ID_CALLISTO", false, Level::Fail),
        ("SLACK_WEBHOOK_URL", false, Level::Warn),
    ] {
        let finding = missing_secret(name, Some("production"), may_be_elsewhere);
        assert_eq!(finding.level, level, "{name}");
        assert!(finding.fix.contains(&format!("gh secret set {name} --env production`")), "{}", finding.fix);
    }
}
