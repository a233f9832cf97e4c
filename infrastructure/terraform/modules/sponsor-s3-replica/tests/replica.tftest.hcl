# The copies are protected like the originals.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  # The bucket policies are made of these.
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::bucket" }
  }
}

variables {
  sponsor_name           = "callisto"
  sponsor_code           = "CAL"
  replica_region         = "eu-central-1"
  backup_bucket_name     = "hht-diary-backups-callisto-eu-west-1"
  audit_logs_bucket_name = "hht-diary-audit-logs-callisto-eu-west-1"
  alert_emails           = ["ops@example.com"]
}

run "copies" {
  command = plan

  assert {
    condition     = [output.replica.region, output.replica.backup_bucket_name, output.replica.audit_logs_bucket_name] == ["eu-central-1", "hht-diary-backups-callisto-eu-central-1", "hht-diary-audit-logs-callisto-eu-central-1"]
    error_message = "The output is what sponsor-s3 takes."
  }
  assert {
    condition     = !aws_s3_bucket.backups.object_lock_enabled && aws_s3_bucket.audit_logs.object_lock_enabled
    error_message = "The locks have the defaults of sponsor-s3."
  }
  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.replication_lag) : alarm.metric_name == "ReplicationLatency" && alarm.threshold == 3600]) && length(aws_cloudwatch_metric_alarm.replication_lag) == 2
    error_message = "Each copy has an alarm for a lag over an hour."
  }
}

run "region_of_another_provider" {
  command = plan
  variables {
    replica_region = "eu-west-1"
  }
  expect_failures = [data.aws_region.current]
}

run "records_that_end_too_early" {
  command = plan
  variables {
    record_days = 2555
  }
  expect_failures = [var.record_days]
}
