# The buckets of the builds. Nothing of sponsor-backup uses them. Addresses and settings are those of this module's earlier
# versions, so that adopting this one changes nothing in them. Some rules have an empty prefix for that reason alone: with
# a filter, Terraform would update them. It warns of the prefix.

resource "aws_s3_bucket" "artifacts" {
  #checkov:skip=CKV_AWS_18:as in earlier versions, which plans must not change
  #checkov:skip=CKV_AWS_144:as in earlier versions, which plans must not change
  #checkov:skip=CKV_AWS_145:as in earlier versions, which plans must not change
  #checkov:skip=CKV2_AWS_62:as in earlier versions, which plans must not change
  bucket = local.artifacts_bucket_name

  tags = merge(var.common_tags, local.sponsor_tags, {
    Name      = "${var.sponsor_code} Build Artifacts"
    Purpose   = "FDA-compliant build artifact storage"
    Retention = "7 years"
  })

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [object_lock_enabled]
  }
}

resource "aws_s3_bucket_versioning" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "artifacts" {
  bucket = aws_s3_bucket.artifacts.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
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

# With create_test_buckets: the builds of staging

resource "aws_s3_bucket" "artifacts_staging" {
  #checkov:skip=CKV_AWS_18:builds for tests
  #checkov:skip=CKV_AWS_144:builds for tests
  #checkov:skip=CKV_AWS_145:builds for tests
  #checkov:skip=CKV2_AWS_62:builds for tests
  count = var.create_test_buckets ? 1 : 0

  bucket = local.staging_artifacts_bucket_name

  tags = merge(var.common_tags, local.sponsor_tags, {
    Name        = "${var.sponsor_code} Staging Artifacts (Test)"
    Purpose     = "Pre-production archival testing"
    Retention   = "30 days"
    Environment = "staging"
  })
}

resource "aws_s3_bucket_versioning" "artifacts_staging" {
  count = var.create_test_buckets ? 1 : 0

  bucket = aws_s3_bucket.artifacts_staging[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts_staging" {
  count = var.create_test_buckets ? 1 : 0

  bucket = aws_s3_bucket.artifacts_staging[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "artifacts_staging" {
  count = var.create_test_buckets ? 1 : 0

  bucket = aws_s3_bucket.artifacts_staging[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts_staging" {
  count = var.create_test_buckets ? 1 : 0

  bucket = aws_s3_bucket.artifacts_staging[0].id

  rule {
    id     = "staging-lifecycle"
    status = "Enabled"
    prefix = ""

    # Earlier versions moved builds to Standard-IA after 7 days. S3 rejects that: it takes at least 30.
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

# With create_test_buckets: the builds of development

resource "aws_s3_bucket" "artifacts_dev" {
  #checkov:skip=CKV_AWS_18:builds for tests
  #checkov:skip=CKV_AWS_144:builds for tests
  #checkov:skip=CKV_AWS_145:builds for tests
  #checkov:skip=CKV2_AWS_62:builds for tests
  count = var.create_test_buckets ? 1 : 0

  bucket = local.dev_artifacts_bucket_name

  tags = merge(var.common_tags, local.sponsor_tags, {
    Name        = "${var.sponsor_code} Development Artifacts (Test)"
    Purpose     = "Workflow archival testing"
    Retention   = "7 days"
    Environment = "development"
  })
}

resource "aws_s3_bucket_versioning" "artifacts_dev" {
  count = var.create_test_buckets ? 1 : 0

  bucket = aws_s3_bucket.artifacts_dev[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "artifacts_dev" {
  count = var.create_test_buckets ? 1 : 0

  bucket = aws_s3_bucket.artifacts_dev[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "artifacts_dev" {
  count = var.create_test_buckets ? 1 : 0

  bucket = aws_s3_bucket.artifacts_dev[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts_dev" {
  count = var.create_test_buckets ? 1 : 0

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
