# The buckets of one sponsor. README.md explains Object Lock, and what to do with buckets that exist already.

locals {
  backup_bucket_name            = coalesce(var.backup_bucket_name, "hht-diary-backups-${var.sponsor_name}-${var.aws_region}")
  audit_logs_bucket_name        = coalesce(var.audit_logs_bucket_name, "hht-diary-audit-logs-${var.sponsor_name}-${var.aws_region}")
  artifacts_bucket_name         = coalesce(var.artifacts_bucket_name, "hht-diary-artifacts-${var.sponsor_name}-${var.aws_region}")
  staging_artifacts_bucket_name = coalesce(var.staging_artifacts_bucket_name, "hht-diary-artifacts-${var.sponsor_name}-staging")
  dev_artifacts_bucket_name     = coalesce(var.dev_artifacts_bucket_name, "hht-diary-artifacts-${var.sponsor_name}-dev")

  sponsor_tags = { Sponsor = var.sponsor_name, SponsorCode = var.sponsor_code }
}

data "aws_partition" "current" {}

data "aws_region" "current" {
  lifecycle {
    postcondition {
      condition     = self.name == var.aws_region
      error_message = "The provider's region is ${self.name}, expected ${var.aws_region} (aws_region)."
    }
  }
}

# Backups

resource "aws_s3_bucket" "backups" {
  #checkov:skip=CKV_AWS_18:CloudTrail data events (cloudtrail_bucket_name) record each access, with the caller's identity
  #checkov:skip=CKV_AWS_144:replication is a switch, because it doubles the cost (replica)
  #checkov:skip=CKV_AWS_145:AES256 is what users have, a KMS key is a switch (kms_key_arn)
  #checkov:skip=CKV2_AWS_62:nothing processes new backups, and preflight finds missing ones
  bucket              = local.backup_bucket_name
  object_lock_enabled = var.backups_object_lock

  tags = merge(var.common_tags, local.sponsor_tags, {
    Name      = "${var.sponsor_code} Database Backups"
    Purpose   = "FDA-compliant database backup storage"
    Retention = "7 years"
  })

  lifecycle {
    prevent_destroy = true
    # Otherwise Terraform would replace a bucket without Object Lock with an empty one.
    ignore_changes = [object_lock_enabled]
  }
}

resource "aws_s3_bucket_versioning" "backups" {
  bucket = aws_s3_bucket.backups.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "backups" {
  bucket = aws_s3_bucket.backups.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "backups" {
  bucket = aws_s3_bucket.backups.id
  policy = jsonencode(local.backups_bucket_policy)

  # S3 rejects a policy while the access block is being changed.
  depends_on = [aws_s3_bucket_public_access_block.backups]
}

# Deployment logs, drill reports and all other records

resource "aws_s3_bucket" "audit_logs" {
  #checkov:skip=CKV_AWS_18:CloudTrail data events (cloudtrail_bucket_name) record each access, with the caller's identity
  #checkov:skip=CKV_AWS_144:replication is a switch, because it doubles the cost (replica)
  #checkov:skip=CKV_AWS_145:AES256 is what users have, a KMS key is a switch (kms_key_arn)
  #checkov:skip=CKV2_AWS_62:nothing processes new records
  bucket              = local.audit_logs_bucket_name
  object_lock_enabled = var.audit_logs_object_lock

  tags = merge(var.common_tags, local.sponsor_tags, {
    Name      = "${var.sponsor_code} Audit Logs"
    Purpose   = "FDA-compliant deployment audit logs"
    Retention = "7 years"
  })

  lifecycle {
    prevent_destroy = true
    # Otherwise Terraform would replace a bucket without Object Lock with an empty one.
    ignore_changes = [object_lock_enabled]
  }
}

resource "aws_s3_bucket_versioning" "audit_logs" {
  bucket = aws_s3_bucket.audit_logs.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "audit_logs" {
  bucket = aws_s3_bucket.audit_logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "audit_logs" {
  bucket = aws_s3_bucket.audit_logs.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "audit_logs" {
  bucket = aws_s3_bucket.audit_logs.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "audit_logs" {
  bucket = aws_s3_bucket.audit_logs.id
  policy = jsonencode(local.audit_logs_bucket_policy)

  depends_on = [aws_s3_bucket_public_access_block.audit_logs]
}
