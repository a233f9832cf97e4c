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
fn each_job_reads_the_secrets_of_its_expressions() {
    let text = "
# secrets.COMMENT
env: {ALL: '${{ secrets.OF_ALL }}'}
jobs:
  backup:
    environment: production-backup
    env:
      A: ${{ secrets.DOPPLER_TOKEN_CALLISTO }} and ${{secrets.second || secrets['THIRD']}}
      B: secrets.NOT_AN_EXPRESSION
      C: ${{ secrets.GITHUB_TOKEN }} ${{ inputs.secrets }} ${{ my_secrets.x }}
  deploy:
    environment: {name: production}
    steps: [{run: 'echo ${{ needs.x.outputs.y }}'}]
";
    let jobs = jobs_in(text).unwrap();
    let [backup, deploy] = jobs.as_slice() else { panic!("{jobs:#?}") };
    assert_eq!(Vec::from_iter(&backup.secrets), ["DOPPLER_TOKEN_CALLISTO", "OF_ALL", "SECOND", "THIRD"]);
    assert_eq!(backup.environment.as_deref(), Some("production-backup"));
    assert!(!backup.is_dynamic);
    assert_eq!(Vec::from_iter(&deploy.secrets), ["OF_ALL"]);
    assert_eq!(deploy.environment.as_deref(), Some("production"));
    assert!(jobs_in("a: [").is_err());
}

#[test]
fn what_only_a_run_knows_is_dynamic() {
    for job in [
        "{environment: '${{ inputs.environment }}-backup'}",
        "{secrets: inherit}",
        "{env: {A: '${{ toJSON(secrets) }}'}}",
        "{env: {A: \"${{ secrets[format('X_{0}', matrix.name)] }}\"}}",
    ] {
        let jobs = jobs_in(&format!("jobs: {{a: {job}}}")).unwrap();
        assert!(jobs[0].is_dynamic && jobs[0].secrets.is_empty(), "{job}: {jobs:#?}");
    }
}
