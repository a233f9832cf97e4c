# A plan over buckets that exist already changes none of them. terraform destroys what tests applied, and the module protects its
# buckets, so only the fixture is applied.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  sponsor_name        = "callisto"
  sponsor_code        = "CAL"
  aws_region          = "eu-west-1"
  create_test_buckets = true
  common_tags         = { Environment = "production" }
}

run "existing" {
  state_key = "main"
  module {
    source = "./tests/existing"
  }
}

run "plan_over_existing" {
  state_key = "main"
  command   = plan

  # The planned object is the existing one, value by value, and all of it is known: nothing is updated or replaced.
  assert {
    condition     = aws_s3_bucket.artifacts == run.existing.buckets.artifacts
    error_message = "The plan changes the artifacts bucket."
  }
  assert {
    condition     = aws_s3_bucket.artifacts_staging[0] == run.existing.buckets.staging
    error_message = "The plan changes the staging artifacts bucket."
  }
  assert {
    condition     = aws_s3_bucket.artifacts_dev[0] == run.existing.buckets.dev
    error_message = "The plan changes the development artifacts bucket."
  }
  assert {
    condition     = aws_s3_bucket.backups == run.existing.buckets.backups
    error_message = "The plan changes the backup bucket."
  }
  assert {
    condition     = aws_s3_bucket.audit_logs == run.existing.buckets.audit_logs
    error_message = "The plan changes the audit-log bucket, for example to get Object Lock."
  }
  assert {
    condition     = [aws_s3_bucket_versioning.artifacts, aws_s3_bucket_versioning.artifacts_staging[0], aws_s3_bucket_versioning.artifacts_dev[0]] == run.existing.settings.versioning
    error_message = "The plan changes the versioning of an artifacts bucket."
  }
  assert {
    condition = [
      aws_s3_bucket_server_side_encryption_configuration.artifacts,
      aws_s3_bucket_server_side_encryption_configuration.artifacts_staging[0],
      aws_s3_bucket_server_side_encryption_configuration.artifacts_dev[0],
    ] == run.existing.settings.encryption
    error_message = "The plan changes the encryption of an artifacts bucket."
  }
  assert {
    condition = [
      aws_s3_bucket_public_access_block.artifacts,
      aws_s3_bucket_public_access_block.artifacts_staging[0],
      aws_s3_bucket_public_access_block.artifacts_dev[0],
    ] == run.existing.settings.access
    error_message = "The plan changes the public access block of an artifacts bucket."
  }
  assert {
    condition = [
      aws_s3_bucket_lifecycle_configuration.artifacts,
      aws_s3_bucket_lifecycle_configuration.artifacts_staging[0],
      aws_s3_bucket_lifecycle_configuration.artifacts_dev[0],
    ] == run.existing.settings.lifecycle
    error_message = "The plan changes the lifecycle of an artifacts bucket."
  }
}
