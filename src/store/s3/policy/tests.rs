use super::*;

const ALL: [Purpose; 17] = [
    Purpose::Backup,
    Purpose::Record,
    Purpose::Read { thaw: false },
    Purpose::Read { thaw: true },
    Purpose::Verify { thaw: false },
    Purpose::Verify { thaw: true },
    Purpose::Restore { thaw: false },
    Purpose::Restore { thaw: true },
    Purpose::Drill { thaw: false },
    Purpose::Drill { thaw: true },
    Purpose::Copy { thaw: false },
    Purpose::Copy { thaw: true },
    Purpose::Hold,
    Purpose::Prune,
    Purpose::CopyTarget,
    Purpose::Preflight { write_probe: false },
    Purpose::Preflight { write_probe: true },
];

fn place<'a>(bucket: &'a str, environment: Environment) -> Place<'a> {
    let role = "arn:aws-us-gov:iam::123456789012:role/r";
    Place { role, region: "ap-southeast-1", backups: bucket, audit_logs: bucket, environment }
}

#[test]
fn the_longest_policy_is_one_that_sts_takes() {
    let bucket = "b".repeat(63);
    for (purpose, environment) in
        ALL.into_iter().flat_map(|purpose| Environment::ALL.map(|environment| (purpose, environment)))
    {
        let policy = policy(purpose, place(&bucket, environment));
        assert!(policy.len() <= LONGEST, "{purpose:?} {environment}: {}", policy.len());
        serde_json::from_str::<Value>(&policy).unwrap();
    }
}

// serves: 11.10(d)/least-permissions, REQ-p00012/no-early-deletion
#[test]
fn each_purpose_has_its_rights_and_none_can_delete() {
    for purpose in ALL {
        let text = policy(purpose, place("bucket", Environment::Staging));
        let reads = matches!(purpose, Purpose::Read { .. });
        let writes = !reads && purpose != Purpose::Preflight { write_probe: false };
        assert_eq!(text.contains("s3:PutObject"), writes, "{purpose:?}");
        assert_eq!(text.contains("RestoreObject"), format!("{purpose:?}").contains("thaw: true"));
        assert!(!text.contains("Delete") && !text.contains("s3:*"), "{text}");
        assert!(text.contains("arn:aws-us-gov:s3:::bucket/staging/"), "{text}");
        assert!(!text.contains("arn:aws-us-gov:s3:::bucket/*"), "{text}");
    }
}

#[test]
fn only_a_hold_changes_holds() {
    let holding = |purpose: &Purpose| {
        policy(*purpose, place("b", Environment::Production)).contains("PutObjectLegalHold")
    };
    assert_eq!(ALL.into_iter().filter(holding).collect::<Vec<_>>(), [Purpose::Hold]);
}

#[test]
fn reading_covers_the_records_of_every_kind() {
    let text = policy(Purpose::Read { thaw: false }, place("b", Environment::Staging));
    for record in Object::records() {
        let folder = record.folder(Environment::Staging);
        assert!(
            text.contains(&format!("s3:::b/{folder}/*")) && text.contains(&format!("\"{folder}/*")),
            "{text}"
        );
    }
}

#[test]
fn only_backups_their_probe_and_copies_write_dumps() {
    let writes_dumps = |purpose| {
        let policy: Value =
            serde_json::from_str(&policy(purpose, place("b", Environment::Production))).unwrap();
        let statements = policy["Statement"].as_array().unwrap().clone();
        statements.iter().any(|statement| {
            statement["Resource"].to_string().contains("\"arn:aws-us-gov:s3:::b/backups/*\"")
                && statement["Action"].to_string().contains("s3:PutObject\"")
        })
    };
    let writers: Vec<Purpose> = ALL.into_iter().filter(|purpose| writes_dumps(*purpose)).collect();
    assert_eq!(writers, [Purpose::Backup, Purpose::CopyTarget, Purpose::Preflight { write_probe: true }]);
}

// serves: REQ-o00041/per-environment
#[test]
fn preflight_reads_settings_and_the_objects_of_one_environment() {
    let text = policy(Purpose::Preflight { write_probe: false }, place("b", Environment::Staging));
    let policy: Value = serde_json::from_str(&text).unwrap();
    let settings = &policy["Statement"][0];
    assert_eq!(settings["Resource"], json!(["arn:aws-us-gov:s3:::b", "arn:aws-us-gov:s3:::b"]));
    let below = Object::ALL.map(|object| format!("{}/*", object.folder(Environment::Staging)));
    assert_eq!(settings["Condition"]["StringLikeIfExists"]["s3:prefix"], json!(below));
    let objects = below.each_ref().map(|below| format!("arn:aws-us-gov:s3:::b/{below}"));
    assert_eq!(policy["Statement"][1]["Resource"], json!(objects));
    assert!(!text.contains("s3:Abort"), "{text}");
    let probing = super::policy(Purpose::Preflight { write_probe: true }, place("b", Environment::Staging));
    let probing: Value = serde_json::from_str(&probing).unwrap();
    assert_eq!(probing["Statement"][2]["Resource"], json!(objects[..2]));
}
