use super::*;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_issue_remembers_who_fails_until_it_is_said_to_be_well() {
    let marker = marker("backup", "production");
    let body = format!("{marker}\n{}\n\nWords", failed_line(&set(&["callisto", "titan"])));
    let comments = [failed_line(&set(&["rhea"])), recovered_line(&set(&["titan"])), "thanks!".to_owned()];
    let texts = || std::iter::once(body.as_str()).chain(comments.iter().map(String::as_str));
    assert_eq!(failing(texts()), set(&["callisto", "rhea"]));
    let last = recovered_line(&set(&["callisto", "rhea"]));
    assert_eq!(failing(texts().chain([last.as_str()])), set(&[]));
}

#[test]
fn words_of_others_further_down_say_nothing() {
    let forged = format!("{}\nerror:\n{}", failed_line(&set(&["io"])), recovered_line(&set(&["io"])));
    assert_eq!(failing([forged.as_str()]), set(&["io"]));
    assert!(!is_marked(&format!("hello\n{}", marker("backup", "staging")), &marker("backup", "staging")));
    assert!(is_marked(&format!("{}\r\n", marker("drill", "staging")), &marker("drill", "staging")));
    assert!(!is_marked(&marker("drill", "staging"), &marker("backup", "staging")));
}

/// GitHub's description of its API allows `null` for an account, and a label that is only its name. As long as octocrab's
/// types refuse that, answers are read by the types here. If this fails, use octocrab's.
#[test]
fn octocrabs_types_refuse_answers_that_github_may_send() {
    let url = "https://github.example/x";
    let comment = json!({
        "id": 1, "node_id": "x", "url": url, "html_url": url, "issue_url": url, "body": "x",
        "user": null, "created_at": "2026-11-20T12:00:00Z", "updated_at": "2026-11-20T12:00:00Z",
    });
    assert!(serde_json::from_value::<octocrab::models::issues::Comment>(comment.clone()).is_err());
    assert!(serde_json::from_value::<Comment>(comment).unwrap().user.is_none());
    let label = json!("sponsor-backup");
    assert!(serde_json::from_value::<octocrab::models::Label>(label.clone()).is_err());
    assert!(matches!(serde_json::from_value::<Label>(label).unwrap(), Label::Name(_)));
}
