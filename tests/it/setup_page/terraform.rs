//! What needs the real Terraform: the page's other way to buckets, and the box's first step. Without it and a mirror of its provider,
//! these tests report by name that they did not run.

use super::disabled_box::{Setting, assert_backed_up, followed};
use super::{
    ONLY_AWS_CLI, PAGE, PREFLIGHT, WITHOUT_TLS_ONLY, as_read, assert_sound, databases, moto, save_files,
    script, url,
};
use crate::support::{Doppler, Newcomer, page, tools};
use crate::terraform::program::Terraform;

const ROOT: &str = "sponsors/callisto";

fn here(test: &str) -> Option<Terraform> {
    Terraform::here(&format!("setup_page::terraform::{test}"))
}

/// Gives the newcomer Terraform, and a copy of our folder `infrastructure` that it may change.
fn with_terraform(newcomer: Newcomer, terraform: &Terraform) -> Newcomer {
    terraform.use_local_server(ROOT);
    let infrastructure = newcomer.work().join("infrastructure");
    std::fs::create_dir(&infrastructure).unwrap();
    std::os::unix::fs::symlink(terraform.path(""), infrastructure.join("terraform")).unwrap();
    let program = tools::run("sh", ["-c", "command -v terraform"]);
    newcomer.program("terraform", &format!("exec {} \"$@\"", program.trim()));
    // The newcomer reads the plan and answers yes.
    let newcomer = newcomer.env("TF_CLI_ARGS_apply", "-auto-approve");
    terraform.environment().into_iter().fold(newcomer, |newcomer, (name, value)| newcomer.env(name, value))
}

#[test]
fn following_the_page_with_terraform_ends_with_a_backup() {
    let Some(terraform) = here("following_the_page_with_terraform_ends_with_a_backup") else {
        return;
    };
    let (moto, doppler, (cluster, _databases)) = (moto(), Doppler::start(), databases());
    let newcomer = with_terraform(Newcomer::at(&doppler, &moto), &terraform);
    save_files(&newcomer);
    let after: Vec<String> = page::blocks(PAGE)
        .into_iter()
        .map(|block| block.name)
        .skip_while(|name| name != "Manual test 1")
        .skip(1)
        .collect();
    let leave_out: Vec<&str> = after.iter().map(String::as_str).chain(ONLY_AWS_CLI).collect();
    let script = script(&leave_out, |block| {
        let text = as_read(block, &cluster);
        match block.name.as_str() {
            "Terraform 1" => text + WITHOUT_TLS_ONLY,
            "Preflight 1" => format!("{text}{PREFLIGHT} --write-probe >before.json"),
            _ => text,
        }
    });
    let printed = newcomer.follow(&script, &[&*url(&cluster, "diary"), &url(&cluster, "diary_development")]);
    // Without that policy, moto's buckets lack one protection.
    let json = std::fs::read_to_string(newcomer.work().join("before.json")).unwrap();
    assert_sound(&json, &["bucket-tls-only"]);
    // Of development and of production.
    assert_eq!(printed.matches("callisto: equal").count(), 2, "{printed}");
}

#[test]
fn the_box_is_followed_with_terraform() {
    let Some(terraform) = here("the_box_is_followed_with_terraform") else { return };
    let setting = Setting::new();
    let newcomer = with_terraform(setting.newcomer(), &terraform);
    // As the root's README says, once per copy.
    newcomer.follow("terraform -chdir=infrastructure/terraform/sponsors/callisto init", &[]);
    followed(&setting, &newcomer, WITHOUT_TLS_ONLY);
    assert_backed_up(&setting);
}
