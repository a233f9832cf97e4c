# The copies of a sponsor's two buckets in another region: protected like the originals. sponsor-s3 copies the objects.
# Bucket settings are not copied by S3, so they are here again.

locals {
  backup_replica_bucket_name     = coalesce(var.backup_replica_bucket_name, "hht-diary-backups-${var.sponsor_name}-${var.replica_region}")
  audit_logs_replica_bucket_name = coalesce(var.audit_logs_replica_bucket_name, "hht-diary-audit-logs-${var.sponsor_name}-${var.replica_region}")

  sponsor_tags = { Sponsor = var.sponsor_name, SponsorCode = var.sponsor_code }
}

data "aws_region" "current" {
  lifecycle {
    postcondition {
      condition     = self.name == var.replica_region
      error_message = "The provider's region is ${self.name}, expected ${var.replica_region} (replica_region)."
    }
  }
}

resource "aws_s3_bucket" "backups" {
  #checkov:skip=CKV_AWS_18:nothing but S3 itself uses the copies
  #checkov:skip=CKV_AWS_144:this is the copy
  #checkov:skip=CKV_AWS_145:a KMS key is a switch (kms_key_arn)
  #checkov:skip=CKV2_AWS_62:nothing processes new copies
  bucket              = local.backup_replica_bucket_name
  object_lock_enabled = var.backups_object_lock

  tags = merge(var.common_tags, local.sponsor_tags, {
    Name      = "${var.sponsor_code} Database Backups (Replica)"
    Purpose   = "Copy of the database backups"
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
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.backups.arn, "${aws_s3_bucket.backups.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 rejects a policy while the access block is being changed.
  depends_on = [aws_s3_bucket_public_access_block.backups]
}

resource "aws_s3_bucket" "audit_logs" {
  #checkov:skip=CKV_AWS_18:nothing but S3 itself uses the copies
  #checkov:skip=CKV_AWS_144:this is the copy
  #checkov:skip=CKV_AWS_145:a KMS key is a switch (kms_key_arn)
  #checkov:skip=CKV2_AWS_62:nothing processes new copies
  bucket              = local.audit_logs_replica_bucket_name
  object_lock_enabled = var.audit_logs_object_lock

  tags = merge(var.common_tags, local.sponsor_tags, {
    Name      = "${var.sponsor_code} Audit Logs (Replica)"
    Purpose   = "Copy of the deployment audit logs"
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
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.audit_logs.arn, "${aws_s3_bucket.audit_logs.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 rejects a policy while the access block is being changed.
  depends_on = [aws_s3_bucket_public_access_block.audit_logs]
}
