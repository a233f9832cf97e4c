# What is there without any switch, and what each switch adds.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  sponsor_name = "callisto"
  sponsor_code = "CAL"
  aws_region   = "eu-west-1"
}

run "defaults" {
  command = plan

  assert {
    condition     = aws_s3_bucket.backups.bucket == "hht-diary-backups-callisto-eu-west-1" && aws_s3_bucket.audit_logs.bucket == "hht-diary-audit-logs-callisto-eu-west-1" && aws_s3_bucket.artifacts.bucket == "hht-diary-artifacts-callisto-eu-west-1"
    error_message = "The default bucket names are not those of the convention."
  }
  assert {
    condition     = !aws_s3_bucket.backups.object_lock_enabled && aws_s3_bucket.audit_logs.object_lock_enabled
    error_message = "A new audit-log bucket has Object Lock, a new backup bucket only with backups_object_lock."
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.backups.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "Without a key, the encryption is AES256."
  }
  assert {
    condition     = [for tier in [for rule in aws_s3_bucket_lifecycle_configuration.backups.rule : rule if rule.id == "archive-production-backups"][0].transition : "${tier.storage_class} ${tier.days}"] == ["DEEP_ARCHIVE 90"]
    error_message = "Production backups move to Deep Archive after 90 days."
  }
  assert {
    condition     = length(aws_s3_bucket.artifacts_staging) + length(aws_s3_bucket.artifacts_dev) == 0
    error_message = "Test buckets need create_test_buckets."
  }
  assert {
    condition = 0 == sum([
      length(aws_iam_policy.action), length(aws_iam_policy.prune), length(aws_iam_role.github), length(aws_iam_role.replication),
      length(aws_s3_bucket_replication_configuration.backups), length(aws_s3_bucket_replication_configuration.audit_logs),
      length(aws_cloudwatch_metric_alarm.storage), length(aws_sns_topic.alerts), length(aws_budgets_budget.sponsor),
      length(aws_cloudtrail.data_events),
    ])
    error_message = "Everything behind a switch is off by default."
  }
  assert {
    condition     = output.backup_replica_bucket_name == null && output.audit_logs_replica_bucket_name == null && output.replica_region == null
    error_message = "Without a replica, its outputs are null."
  }
}

run "test_buckets" {
  command = plan
  variables {
    create_test_buckets = true
  }
  assert {
    condition     = aws_s3_bucket.artifacts_staging[0].bucket == "hht-diary-artifacts-callisto-staging" && aws_s3_bucket.artifacts_dev[0].bucket == "hht-diary-artifacts-callisto-dev"
    error_message = "create_test_buckets creates both."
  }
}

run "object_lock" {
  command = plan
  variables {
    backups_object_lock    = true
    audit_logs_object_lock = false
  }
  assert {
    condition     = aws_s3_bucket.backups.object_lock_enabled && !aws_s3_bucket.audit_logs.object_lock_enabled
    error_message = "Each bucket has its own switch."
  }
}

run "kms" {
  command = plan
  variables {
    kms_key_arn          = "arn:aws:kms:eu-west-1:123456789012:key/1"
    create_action_policy = true
  }
  assert {
    condition = alltrue([for encryption in [aws_s3_bucket_server_side_encryption_configuration.backups, aws_s3_bucket_server_side_encryption_configuration.audit_logs] :
      one(encryption.rule).bucket_key_enabled && one(encryption.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn
    ])
    error_message = "Both buckets use the key, through a bucket key."
  }
  assert {
    condition     = contains(flatten(jsondecode(aws_iam_policy.action[0].policy).Statement[*].Resource), var.kms_key_arn)
    error_message = "The action can use the key."
  }
}

run "gradual_tiers" {
  command = plan
  variables {
    gradual_tiers = true
  }
  assert {
    condition     = toset([for tier in [for rule in aws_s3_bucket_lifecycle_configuration.backups.rule : rule if rule.id == "archive-production-backups"][0].transition : "${tier.storage_class} ${tier.days}"]) == toset(["STANDARD_IA 30", "GLACIER 90", "DEEP_ARCHIVE 365"])
    error_message = "gradual_tiers is Standard-IA 30, Glacier 90, Deep Archive 365."
  }
}

run "further_prefixes" {
  command = plan
  variables {
    record_folders          = { drills = 3000 }
    further_backup_prefixes = { expire-wal = { prefix = "wal/", days = 31 } }
  }
  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.backups.rule : "${rule.filter[0].prefix} ${rule.expiration[0].days}" if rule.id == "expire-wal"] == ["wal/ 31"]
    error_message = "further_backup_prefixes becomes a rule."
  }
  assert {
    condition     = toset([for rule in aws_s3_bucket_lifecycle_configuration.audit_logs.rule : "${rule.filter[0].prefix} ${rule.expiration[0].days}" if endswith(rule.id, "-drills")]) == toset(["drills/ 3000", "staging/drills/ 3000", "development/drills/ 3000"])
    error_message = "A record folder has a rule in each environment."
  }
}

run "policies" {
  command = plan
  variables {
    create_action_policy = true
    create_hold_policy   = true
    create_prune_policy  = true
    allow_thaw           = true
  }
  assert {
    condition     = flatten(jsondecode(aws_iam_policy.hold[0].policy).Statement[*].Action) == ["s3:PutObjectLegalHold"]
    error_message = "hold can change holds, and the action cannot."
  }
  assert {
    condition     = contains(flatten(jsondecode(aws_iam_policy.action[0].policy).Statement[*].Action), "s3:RestoreObject")
    error_message = "allow_thaw allows s3:RestoreObject."
  }
  assert {
    condition     = flatten(jsondecode(aws_iam_policy.prune[0].policy).Statement[*].Action) == ["s3:DeleteObject"]
    error_message = "prune can hide backups, nothing else."
  }
}

run "github_role" {
  command = plan
  variables {
    github_repository        = "cure-hht/hht_diary"
    github_repository_ids    = { owner = 9919, repository = 70107786 }
    github_environments      = ["production-backup", "production-restore"]
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
  assert {
    condition = jsondecode(aws_iam_role.github[0].assume_role_policy).Statement[0].Condition.StringEquals == {
      "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
      "token.actions.githubusercontent.com:sub" = [
        "repo:cure-hht/hht_diary:environment:production-backup",
        "repo:cure-hht/hht_diary:environment:production-restore",
        "repo:cure-hht@9919/hht_diary@70107786:environment:production-backup",
        "repo:cure-hht@9919/hht_diary@70107786:environment:production-restore",
      ]
    }
    error_message = "The role trusts these environments of this repository, in both forms of sub."
  }
  assert {
    condition     = length(data.aws_iam_openid_connect_provider.github) == 0
    error_message = "A provider that is named is not looked up."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.github[0].policy) == local.action_policy
    error_message = "The role has the action's policy."
  }
}

run "github_oidc_provider" {
  command = plan
  variables {
    github_repository           = "cure-hht/hht_diary"
    create_github_oidc_provider = true
  }
  assert {
    condition     = aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"]) && length(data.aws_iam_openid_connect_provider.github) == 0
    error_message = "A provider that is created is not looked up."
  }
}

run "replication" {
  command = plan
  variables {
    replica = { region = "eu-central-1", backup_bucket_name = "b-copy", audit_logs_bucket_name = "l-copy" }
  }
  assert {
    condition = alltrue([for copy in [aws_s3_bucket_replication_configuration.backups[0], aws_s3_bucket_replication_configuration.audit_logs[0]] :
      copy.rule[0].destination[0].storage_class == "STANDARD_IA" && copy.rule[0].delete_marker_replication[0].status == "Disabled" && copy.rule[0].destination[0].metrics[0].status == "Enabled"
    ])
    error_message = "Copies go to Standard-IA with metrics, and without delete markers."
  }
  assert {
    condition     = output.backup_replica_bucket_name == "b-copy" && output.audit_logs_replica_bucket_name == "l-copy" && output.replica_region == "eu-central-1"
    error_message = "The outputs name the copies."
  }
  assert {
    condition     = !anytrue([for action in flatten(local.replication_policy.Statement[*].Action) : strcontains(action, "Delete")])
    error_message = "Replication cannot delete."
  }
}

run "storage_alarm" {
  command = plan
  variables {
    storage_budget_gib = 100
    alert_emails       = ["ops@example.com"]
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.storage[0].threshold == 85 * 1024 * 1024 * 1024 && length(aws_cloudwatch_metric_alarm.storage[0].metric_query) == 9
    error_message = "The alarm is at 85 GiB, over four storage classes of two buckets."
  }
  assert {
    condition     = length(aws_sns_topic_subscription.alerts) == 1
    error_message = "Each address has a subscription."
  }
}

run "budget" {
  command = plan
  variables {
    monthly_budget_usd = 100
    alert_emails       = ["ops@example.com"]
  }
  assert {
    condition     = aws_budgets_budget.sponsor[0].limit_amount == "100.00" && one(aws_budgets_budget.sponsor[0].cost_filter).values == tolist(["user:Sponsor$callisto"]) && length(aws_budgets_budget.sponsor[0].notification) == 2
    error_message = "The budget counts what has the sponsor's tag, and warns twice."
  }
}

run "trail" {
  command = plan
  variables {
    cloudtrail_bucket_name = "trails"
  }
  assert {
    condition     = toset(one(aws_cloudtrail.data_events[0].event_selector).data_resource[0].values) == toset(["arn:aws:s3:::hht-diary-backups-callisto-eu-west-1/", "arn:aws:s3:::hht-diary-audit-logs-callisto-eu-west-1/"])
    error_message = "The trail records both buckets."
  }
}
