# A second copy of both buckets in another region. The module sponsor-s3-replica creates the buckets there, and the alarm.

locals {
  replicas = var.replica == null ? {} : {
    backups = {
      source      = local.backups_arn
      destination = "arn:${data.aws_partition.current.partition}:s3:::${var.replica.backup_bucket_name}"
    }
    audit_logs = {
      source      = local.audit_logs_arn
      destination = "arn:${data.aws_partition.current.partition}:s3:::${var.replica.audit_logs_bucket_name}"
    }
  }
  replica_kms_key_arn = try(var.replica.kms_key_arn, null)

  replication_policy = {
    Version = "2012-10-17"
    Statement = concat([
      {
        Effect   = "Allow"
        Action   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
        Resource = [for copy in values(local.replicas) : copy.source]
      },
      {
        Effect = "Allow"
        Action = [
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionTagging",
          "s3:GetObjectRetention",
          "s3:GetObjectLegalHold",
        ]
        Resource = [for copy in values(local.replicas) : "${copy.source}/*"]
      },
      # Without s3:ReplicateDelete, nothing that is deleted here is deleted there.
      {
        Effect   = "Allow"
        Action   = ["s3:ReplicateObject", "s3:ReplicateTags"]
        Resource = [for copy in values(local.replicas) : "${copy.destination}/*"]
      },
      ],
      [for key in var.kms_key_arn == null ? [] : [var.kms_key_arn] : {
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [key]
      }],
      [for key in local.replica_kms_key_arn == null ? [] : [local.replica_kms_key_arn] : {
        Effect   = "Allow"
        Action   = ["kms:Encrypt"]
        Resource = [key]
    }])
  }
}

resource "aws_iam_role" "replication" {
  count = var.replica == null ? 0 : 1

  name        = "sponsor-backup-${var.sponsor_name}-replication"
  description = "S3 copies the buckets of ${var.sponsor_name} to ${var.replica.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_iam_role_policy" "replication" {
  count = var.replica == null ? 0 : 1

  name   = "replication"
  role   = aws_iam_role.replication[0].id
  policy = jsonencode(local.replication_policy)
}

resource "aws_s3_bucket_replication_configuration" "backups" {
  count = var.replica == null ? 0 : 1

  bucket = aws_s3_bucket.backups.id
  role   = aws_iam_role.replication[0].arn

  rule {
    id     = "replicate-everything"
    status = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Disabled"
    }

    dynamic "source_selection_criteria" {
      for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
      content {
        sse_kms_encrypted_objects {
          status = "Enabled"
        }
      }
    }

    destination {
      bucket        = local.replicas.backups.destination
      storage_class = "STANDARD_IA"

      metrics {
        status = "Enabled"
      }

      dynamic "encryption_configuration" {
        for_each = local.replica_kms_key_arn == null ? [] : [local.replica_kms_key_arn]
        content {
          replica_kms_key_id = encryption_configuration.value
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.backups, aws_iam_role_policy.replication]
}

resource "aws_s3_bucket_replication_configuration" "audit_logs" {
  count = var.replica == null ? 0 : 1

  bucket = aws_s3_bucket.audit_logs.id
  role   = aws_iam_role.replication[0].arn

  rule {
    id     = "replicate-everything"
    status = "Enabled"

    filter {}

    delete_marker_replication {
      status = "Disabled"
    }

    dynamic "source_selection_criteria" {
      for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
      content {
        sse_kms_encrypted_objects {
          status = "Enabled"
        }
      }
    }

    destination {
      bucket        = local.replicas.audit_logs.destination
      storage_class = "STANDARD_IA"

      metrics {
        status = "Enabled"
      }

      dynamic "encryption_configuration" {
        for_each = local.replica_kms_key_arn == null ? [] : [local.replica_kms_key_arn]
        content {
          replica_kms_key_id = encryption_configuration.value
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.audit_logs, aws_iam_role_policy.replication]
}
