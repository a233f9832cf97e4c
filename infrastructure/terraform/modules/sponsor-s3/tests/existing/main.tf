# Buckets of builds as earlier versions of this module created them: the state that a user brings along. Written by hand, not
# with the module's own expressions.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

resource "aws_s3_bucket" "artifacts" {
  bucket = "hht-diary-artifacts-callisto-eu-west-1"
  tags = {
    Environment = "production"
    Name        = "CAL Build Artifacts"
    Purpose     = "FDA-compliant build artifact storage"
    Retention   = "7 years"
    Sponsor     = "callisto"
    SponsorCode = "CAL"
  }
}

resource "aws_s3_bucket" "artifacts_staging" {
  count  = 1
  bucket = "hht-diary-artifacts-callisto-staging"
  tags = {
    Environment = "staging"
    Name        = "CAL Staging Artifacts (Test)"
    Purpose     = "Pre-production archival testing"
    Retention   = "30 days"
    Sponsor     = "callisto"
    SponsorCode = "CAL"
  }
}

resource "aws_s3_bucket" "artifacts_dev" {
  count  = 1
  bucket = "hht-diary-artifacts-callisto-dev"
  tags = {
    Environment = "development"
    Name        = "CAL Development Artifacts (Test)"
    Purpose     = "Workflow archival testing"
    Retention   = "7 days"
    Sponsor     = "callisto"
    SponsorCode = "CAL"
  }
}

resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_versioning" "artifacts_staging" {
  count  = 1
  bucket = aws_s3_bucket.artifacts_staging[0].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_versioning" "artifacts_dev" {
  count  = 1
  bucket = aws_s3_bucket.artifacts_dev[0].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts_staging" {
  count  = 1
  bucket = aws_s3_bucket.artifacts_staging[0].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts_dev" {
  count  = 1
  bucket = aws_s3_bucket.artifacts_dev[0].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket                  = aws_s3_bucket.artifacts.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_public_access_block" "artifacts_staging" {
  count                   = 1
  bucket                  = aws_s3_bucket.artifacts_staging[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_public_access_block" "artifacts_dev" {
  count                   = 1
  bucket                  = aws_s3_bucket.artifacts_dev[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Earlier versions made both buckets without Object Lock.
resource "aws_s3_bucket" "backups" {
  bucket              = "hht-diary-backups-callisto-eu-west-1"
  object_lock_enabled = false
  tags = {
    Environment = "production"
    Name        = "CAL Database Backups"
    Purpose     = "FDA-compliant database backup storage"
    Retention   = "7 years"
    Sponsor     = "callisto"
    SponsorCode = "CAL"
  }
}

resource "aws_s3_bucket" "audit_logs" {
  bucket              = "hht-diary-audit-logs-callisto-eu-west-1"
  object_lock_enabled = false
  tags = {
    Environment = "production"
    Name        = "CAL Audit Logs"
    Purpose     = "FDA-compliant deployment audit logs"
    Retention   = "7 years"
    Sponsor     = "callisto"
    SponsorCode = "CAL"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id
  rule {
    id     = "archive-builds"
    status = "Enabled"
    filter {
      prefix = "builds/"
    }
    transition {
      days          = 90
      storage_class = "GLACIER"
    }
    transition {
      days          = 2555
      storage_class = "DEEP_ARCHIVE"
    }
    expiration {
      days = 2920
    }
  }
  rule {
    id     = "expire-old-versions"
    status = "Enabled"
    prefix = ""
    noncurrent_version_transition {
      noncurrent_days = 30
      storage_class   = "GLACIER"
    }
    noncurrent_version_expiration {
      noncurrent_days = 365
    }
  }
  rule {
    id     = "cleanup-multipart"
    status = "Enabled"
    prefix = ""
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts_staging" {
  count  = 1
  bucket = aws_s3_bucket.artifacts_staging[0].id
  rule {
    id     = "staging-lifecycle"
    status = "Enabled"
    prefix = ""
    expiration {
      days = 30
    }
  }
  rule {
    id     = "cleanup-multipart"
    status = "Enabled"
    prefix = ""
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts_dev" {
  count  = 1
  bucket = aws_s3_bucket.artifacts_dev[0].id
  rule {
    id     = "dev-lifecycle"
    status = "Enabled"
    prefix = ""
    expiration {
      days = 7
    }
  }
  rule {
    id     = "cleanup-multipart"
    status = "Enabled"
    prefix = ""
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

output "buckets" {
  value = {
    artifacts  = aws_s3_bucket.artifacts
    staging    = aws_s3_bucket.artifacts_staging[0]
    dev        = aws_s3_bucket.artifacts_dev[0]
    backups    = aws_s3_bucket.backups
    audit_logs = aws_s3_bucket.audit_logs
  }
}

output "settings" {
  value = {
    versioning = [aws_s3_bucket_versioning.artifacts, aws_s3_bucket_versioning.artifacts_staging[0], aws_s3_bucket_versioning.artifacts_dev[0]]
    encryption = [
      aws_s3_bucket_server_side_encryption_configuration.artifacts,
      aws_s3_bucket_server_side_encryption_configuration.artifacts_staging[0],
      aws_s3_bucket_server_side_encryption_configuration.artifacts_dev[0],
    ]
    access = [
      aws_s3_bucket_public_access_block.artifacts,
      aws_s3_bucket_public_access_block.artifacts_staging[0],
      aws_s3_bucket_public_access_block.artifacts_dev[0],
    ]
    lifecycle = [
      aws_s3_bucket_lifecycle_configuration.artifacts,
      aws_s3_bucket_lifecycle_configuration.artifacts_staging[0],
      aws_s3_bucket_lifecycle_configuration.artifacts_dev[0],
    ]
  }
}
