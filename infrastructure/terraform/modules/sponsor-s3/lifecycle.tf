# When an object moves, and when it goes. Seven calendar years are up to 2557 days: 7 × 365 and two leap days.

locals {
  # For production. S3 moves only objects of 128 KiB and more, so manifests and checksum files usually stay readable at once.
  archive_tiers = var.gradual_tiers ? {
    STANDARD_IA  = 30
    GLACIER      = 90
    DEEP_ARCHIVE = 365
    } : {
    DEEP_ARCHIVE = 90
  }

  folder_of_environment = { production = "", staging = "staging/", development = "development/" }

  # expire-staging-drills: staging/drills/, 2557 days
  record_rules = merge([for environment, folder in local.folder_of_environment : {
    for name, days in var.record_folders : "expire-${environment}-${name}" => { prefix = "${folder}${name}/", days = days }
  }]...)
}

resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  bucket = aws_s3_bucket.backups.id

  rule {
    id     = "archive-production-backups"
    status = "Enabled"

    filter {
      prefix = "backups/"
    }

    dynamic "transition" {
      for_each = local.archive_tiers
      content {
        days          = transition.value
        storage_class = transition.key
      }
    }

    expiration {
      days = 2557
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
  }

  rule {
    id     = "expire-staging-backups"
    status = "Enabled"

    filter {
      prefix = "staging/backups/"
    }

    expiration {
      days = 30
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  rule {
    id     = "expire-development-backups"
    status = "Enabled"

    filter {
      prefix = "development/backups/"
    }

    expiration {
      days = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  dynamic "rule" {
    for_each = var.further_backup_prefixes
    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "transition" {
        for_each = rule.value.archive ? local.archive_tiers : {}
        content {
          days          = transition.value
          storage_class = transition.key
        }
      }

      expiration {
        days = rule.value.days
      }

      noncurrent_version_expiration {
        noncurrent_days = rule.value.noncurrent_days
      }
    }
  }

  rule {
    id     = "expire-test"
    status = "Enabled"

    filter {
      prefix = "test/"
    }

    expiration {
      days = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  rule {
    id     = "expire-preflight"
    status = "Enabled"

    filter {
      prefix = "preflight/"
    }

    expiration {
      days = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  # S3 accepts this only in a rule without days.
  rule {
    id     = "remove-expired-delete-markers"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Rules for noncurrent versions need versions.
  depends_on = [aws_s3_bucket_versioning.backups]
}

resource "aws_s3_bucket_lifecycle_configuration" "audit_logs" {
  bucket = aws_s3_bucket.audit_logs.id

  rule {
    id     = "archive-production-logs"
    status = "Enabled"

    filter {
      prefix = "deployments/"
    }

    dynamic "transition" {
      for_each = local.archive_tiers
      content {
        days          = transition.value
        storage_class = transition.key
      }
    }

    expiration {
      days = 2557
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
  }

  # REQ-o00049: deployment logs are kept for seven years in every environment.
  rule {
    id     = "expire-staging-logs"
    status = "Enabled"

    filter {
      prefix = "staging/deployments/"
    }

    expiration {
      days = 2557
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
  }

  rule {
    id     = "expire-development-logs"
    status = "Enabled"

    filter {
      prefix = "development/deployments/"
    }

    expiration {
      days = 2557
    }

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }
  }

  dynamic "rule" {
    for_each = local.record_rules
    content {
      id     = rule.key
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      expiration {
        days = rule.value.days
      }

      noncurrent_version_expiration {
        noncurrent_days = var.noncurrent_days
      }
    }
  }

  rule {
    id     = "expire-test"
    status = "Enabled"

    filter {
      prefix = "test/"
    }

    expiration {
      days = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  rule {
    id     = "expire-preflight"
    status = "Enabled"

    filter {
      prefix = "preflight/"
    }

    expiration {
      days = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  rule {
    id     = "remove-expired-delete-markers"
    status = "Enabled"

    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.audit_logs]
}
