# Values that the module refuses.

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

run "name_with_capital" {
  command = plan
  variables {
    sponsor_name = "Callisto"
  }
  expect_failures = [var.sponsor_name]
}

run "code_with_four_letters" {
  command = plan
  variables {
    sponsor_code = "CALI"
  }
  expect_failures = [var.sponsor_code]
}

run "region_that_is_not_one" {
  command = plan
  variables {
    aws_region = "europe"
  }
  expect_failures = [var.aws_region]
}

run "region_of_another_provider" {
  command = plan
  variables {
    aws_region = "eu-central-1"
  }
  expect_failures = [data.aws_region.current]
}

run "bucket_names" {
  command = plan
  variables {
    backup_bucket_name            = "Backups"
    audit_logs_bucket_name        = "-logs"
    artifacts_bucket_name         = "a"
    staging_artifacts_bucket_name = "under_score"
    dev_artifacts_bucket_name     = "ends-"
  }
  expect_failures = [
    var.backup_bucket_name,
    var.audit_logs_bucket_name,
    var.artifacts_bucket_name,
    var.staging_artifacts_bucket_name,
    var.dev_artifacts_bucket_name,
  ]
}

run "records_that_end_too_early" {
  command = plan
  variables {
    record_folders = { drills = 2555 }
  }
  expect_failures = [var.record_folders]
}

run "noncurrent_versions_that_go_at_once" {
  command = plan
  variables {
    noncurrent_days = 1
  }
  expect_failures = [var.noncurrent_days]
}

run "prefix_without_slash" {
  command = plan
  variables {
    further_backup_prefixes = { expire-wal = { prefix = "wal", days = 30 } }
  }
  expect_failures = [var.further_backup_prefixes]
}

# The shorter of two rules wins, so this one would delete backups after 30 days.
run "prefix_inside_backups" {
  command = plan
  variables {
    further_backup_prefixes = { expire-old = { prefix = "backups/2026/", days = 30 } }
  }
  expect_failures = [var.further_backup_prefixes]
}

run "key_and_repository_and_environments" {
  command = plan
  variables {
    kms_key_arn         = "alias/backups"
    github_repository   = "cure-hht/*"
    github_environments = ["*"]
  }
  expect_failures = [var.kms_key_arn, var.github_repository, var.github_environments]
}

run "budgets_and_addresses" {
  command = plan
  variables {
    storage_budget_gib = 0
    monthly_budget_usd = -1
    alert_emails       = ["nobody"]
  }
  expect_failures = [var.storage_budget_gib, var.monthly_budget_usd, var.alert_emails]
}

run "budget_that_warns_no_one" {
  command = plan
  variables {
    monthly_budget_usd = 100
  }
  expect_failures = [aws_budgets_budget.sponsor]
}
