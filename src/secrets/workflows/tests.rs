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
