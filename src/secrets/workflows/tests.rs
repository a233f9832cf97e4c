use super::*;

#[test]
fn a_map_that_passes_some_tokens_must_pass_all() {
    let text = indoc::indoc! {"
            on: {workflow_call: {secrets: {DOPPLER_TOKEN_CORE: {required: false}, DOPPLER_TOKEN_IO: {required: false}}}}
            jobs:
              matrix: {steps: [{env: {DOPPLER_TOKEN_CORE: x}}]}
              backup: {steps: [{env: {DOPPLER_TOKEN_CORE: x, DOPPLER_TOKEN_IO: x, doppler_token_rhea_2: x}}]}
        "};
    assert_eq!(
        missing_tokens(text, &["io", "rhea-2"]).unwrap(),
        ["on.workflow_call.secrets does not pass DOPPLER_TOKEN_RHEA_2"]
    );
    assert_eq!(missing_tokens("jobs: {a: {env: {DOPPLER_TOKEN_CORE: x}}}", &["io"]).unwrap(), [""; 0]);
    assert!(missing_tokens("jobs: [", &["io"]).is_err());
}

#[test]
fn only_expressions_name_secrets_and_environments() {
    let text = "
# secrets.COMMENT
jobs:
  backup:
    environment: production-backup
    env:
      A: ${{ secrets.DOPPLER_TOKEN_CALLISTO }} and ${{secrets.second || secrets.THIRD}}
      B: secrets.NOT_AN_EXPRESSION
      C: ${{ secrets.GITHUB_TOKEN }}
  deploy:
    environment: {name: production}
    steps: [{run: 'echo ${{ needs.x.outputs.y }}'}]
";
    let named = named_in(text).unwrap();
    assert_eq!(Vec::from_iter(&named.secrets), ["DOPPLER_TOKEN_CALLISTO", "SECOND", "THIRD"]);
    assert_eq!(Vec::from_iter(&named.environments), ["production", "production-backup"]);
    assert!(!named.has_dynamic_environment);
    let dynamic = named_in("jobs: {a: {environment: '${{ inputs.environment }}-backup'}}").unwrap();
    assert!(dynamic.has_dynamic_environment && dynamic.environments.is_empty());
    assert!(named_in("a: [").is_err());
}
