# Everything in AWS for the sponsor callisto. README.md shows what to change for another sponsor or region.

locals {
  sponsor_name = "callisto"
  sponsor_code = "CAL"

  common_tags = {
    Environment = "production"
    ManagedBy   = "terraform"
    Sponsor     = local.sponsor_name
    Compliance  = "FDA-21-CFR-Part-11"
  }
}

provider "aws" {
  region = var.aws_region
}

provider "aws" {
  alias  = "replica"
  region = coalesce(var.replica_region, var.aws_region)
}

module "sponsor_s3" {
  # In your own repository, name a release in both sources, as the module's README shows.
  source = "../../modules/sponsor-s3"

  sponsor_name = local.sponsor_name
  sponsor_code = local.sponsor_code
  aws_region   = var.aws_region
  common_tags  = local.common_tags

  artifacts_bucket_name  = "hht-diary-artifacts-${local.sponsor_name}-${var.aws_region}"
  backup_bucket_name     = "hht-diary-backups-${local.sponsor_name}-${var.aws_region}"
  audit_logs_bucket_name = "hht-diary-audit-logs-${local.sponsor_name}-${var.aws_region}"

  create_test_buckets           = var.create_test_buckets
  staging_artifacts_bucket_name = "hht-diary-artifacts-${local.sponsor_name}-staging"
  dev_artifacts_bucket_name     = "hht-diary-artifacts-${local.sponsor_name}-dev"

  # Regulated data. Only for new buckets. Object Lock cannot be disabled later. The module's README explains both.
  backups_object_lock    = true
  audit_logs_object_lock = true

  create_action_policy  = true
  create_prune_policy   = var.create_prune_policy
  github_repository     = var.github_repository
  github_repository_ids = var.github_repository_ids
  github_environments   = var.github_environments

  create_github_oidc_provider = var.create_github_oidc_provider

  replica            = one(module.sponsor_s3_replica[*].replica)
  storage_budget_gib = var.storage_budget_gib
  monthly_budget_usd = var.monthly_budget_usd
  alert_emails       = var.alert_emails
}

module "sponsor_s3_replica" {
  count = var.replica_region == null ? 0 : 1

  source    = "../../modules/sponsor-s3-replica"
  providers = { aws = aws.replica }

  sponsor_name   = local.sponsor_name
  sponsor_code   = local.sponsor_code
  replica_region = var.replica_region
  common_tags    = local.common_tags

  backup_bucket_name     = "hht-diary-backups-${local.sponsor_name}-${var.aws_region}"
  audit_logs_bucket_name = "hht-diary-audit-logs-${local.sponsor_name}-${var.aws_region}"

  backups_object_lock    = true
  audit_logs_object_lock = true

  alert_emails = var.alert_emails
}
