# Who may do what. ARNs are made of names, so that a plan shows every policy in full.

locals {
  backups_arn    = "arn:${data.aws_partition.current.partition}:s3:::${local.backup_bucket_name}"
  audit_logs_arn = "arn:${data.aws_partition.current.partition}:s3:::${local.audit_logs_bucket_name}"

  backup_objects = [for folder in values(local.folder_of_environment) : "${local.backups_arn}/${folder}backups/*"]
  record_objects = flatten([for folder in values(local.folder_of_environment) : [
    for name in concat(["deployments"], keys(var.record_folders)) : "${local.audit_logs_arn}/${folder}${name}/*"
  ]])

  # No delete, and nothing that changes a bucket.
  action_policy = {
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid    = "StoreAndReadBack"
        Effect = "Allow"
        Action = [
          "s3:PutObject",
          "s3:PutObjectTagging",
          "s3:PutObjectRetention",
          "s3:GetObject",
          "s3:GetObjectTagging",
          "s3:GetObjectRetention",
          "s3:GetObjectLegalHold",
          "s3:AbortMultipartUpload",
        ]
        Resource = concat(local.backup_objects, local.record_objects)
      },
      {
        Sid    = "ReadBuckets"
        Effect = "Allow"
        Action = [
          "s3:ListBucket",
          "s3:ListBucketMultipartUploads",
          "s3:ListBucketVersions",
          "s3:GetBucketLocation",
          "s3:GetBucketVersioning",
          "s3:GetEncryptionConfiguration",
          "s3:GetBucketPublicAccessBlock",
          "s3:GetBucketPolicy",
          "s3:GetBucketPolicyStatus",
          "s3:GetBucketAcl",
          "s3:GetBucketObjectLockConfiguration",
          "s3:GetLifecycleConfiguration",
          "s3:GetReplicationConfiguration",
        ]
        Resource = [local.backups_arn, local.audit_logs_arn]
      },
      ],
      [for thaw in var.allow_thaw ? ["Thaw"] : [] : {
        Sid      = thaw
        Effect   = "Allow"
        Action   = ["s3:RestoreObject"]
        Resource = local.backup_objects
      }],
      [for key in var.kms_key_arn == null ? [] : [var.kms_key_arn] : {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:GenerateDataKey", "kms:Decrypt"]
        Resource = [key]
    }])
  }

  # A user with this right can also lift holds, so the key that backs up does not have it.
  hold_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid      = "HoldBackups"
      Effect   = "Allow"
      Action   = ["s3:PutObjectLegalHold"]
      Resource = local.backup_objects
    }]
  }

  # On a versioned bucket this hides a backup. Removing the bytes would need s3:DeleteObjectVersion.
  prune_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid      = "HideBackups"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = local.backup_objects
    }]
  }

  backups_bucket_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.backups_arn, "${local.backups_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  }

  audit_logs_bucket_policy = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyWithoutTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.audit_logs_arn, "${local.audit_logs_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  }

  github_oidc_provider_arn = one(concat(
    var.github_oidc_provider_arn == null ? [] : [var.github_oidc_provider_arn],
    aws_iam_openid_connect_provider.github[*].arn,
    data.aws_iam_openid_connect_provider.github[*].arn,
  ))
  # Repositories that were created, renamed or moved after 15 July 2026 name their IDs.
  github_repositories = var.github_repository == null ? [] : concat([var.github_repository], [
    for ids in var.github_repository_ids == null ? [] : [var.github_repository_ids] :
    "${split("/", var.github_repository)[0]}@${ids.owner}/${split("/", var.github_repository)[1]}@${ids.repository}"
  ])
  github_trust_policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.github_oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = flatten([for repository in local.github_repositories : [
            for environment in var.github_environments : "repo:${repository}:environment:${environment}"
          ]])
        }
      }
    }]
  }
}

resource "aws_iam_policy" "action" {
  count = var.create_action_policy ? 1 : 0

  name        = "sponsor-backup-${var.sponsor_name}"
  description = "sponsor-backup for ${var.sponsor_name}: store, read and list, no delete"
  policy      = jsonencode(local.action_policy)
  tags        = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_iam_policy" "hold" {
  count = var.create_hold_policy ? 1 : 0

  name        = "sponsor-backup-${var.sponsor_name}-hold"
  description = "sponsor-backup hold for ${var.sponsor_name}, in addition to the policy for the action"
  policy      = jsonencode(local.hold_policy)
  tags        = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_iam_policy" "prune" {
  count = var.create_prune_policy ? 1 : 0

  name        = "sponsor-backup-${var.sponsor_name}-prune"
  description = "sponsor-backup prune for ${var.sponsor_name}: hide backups, destroy none"
  policy      = jsonencode(local.prune_policy)
  tags        = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_github_oidc_provider && var.github_oidc_provider_arn == null ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.common_tags
}

data "aws_iam_openid_connect_provider" "github" {
  count = var.github_repository != null && var.github_oidc_provider_arn == null && !var.create_github_oidc_provider ? 1 : 0

  url = "https://token.actions.githubusercontent.com"
}

resource "aws_iam_role" "github" {
  count = var.github_repository == null ? 0 : 1

  name                 = "sponsor-backup-${var.sponsor_name}"
  description          = "sponsor-backup for ${var.sponsor_name}, from ${var.github_repository}"
  assume_role_policy   = jsonencode(local.github_trust_policy)
  max_session_duration = 3600
  tags                 = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_iam_role_policy" "github" {
  count = var.github_repository == null ? 0 : 1

  name   = "sponsor-backup"
  role   = aws_iam_role.github[0].id
  policy = jsonencode(local.action_policy)
}
