variable "sponsor_name" {
  description = "Sponsor's name in the manifest, e.g. callisto"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.sponsor_name))
    error_message = "sponsor_name starts with a lower-case letter, then has lower-case letters, digits and hyphens."
  }
}

variable "sponsor_code" {
  description = "Sponsor's code in the manifest, e.g. CAL"
  type        = string

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.sponsor_code))
    error_message = "sponsor_code is three capital letters."
  }
}

variable "aws_region" {
  description = "Region of the buckets, e.g. eu-west-1. The provider must use the same"
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region is a region's code, e.g. eu-west-1."
  }
}

variable "common_tags" {
  description = "Tags of every resource, e.g. Environment, ManagedBy, Sponsor, Compliance"
  type        = map(string)
  default     = {}
}

# Buckets

variable "backup_bucket_name" {
  description = "Bucket of the backups. By default hht-diary-backups-{sponsor}-{region}"
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", coalesce(var.backup_bucket_name, "default")))
    error_message = "backup_bucket_name has 3 to 63 lower-case letters, digits and hyphens, and no hyphen at either end."
  }
}

variable "audit_logs_bucket_name" {
  description = "Bucket of the deployment logs and other records. By default hht-diary-audit-logs-{sponsor}-{region}"
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", coalesce(var.audit_logs_bucket_name, "default")))
    error_message = "audit_logs_bucket_name has 3 to 63 lower-case letters, digits and hyphens, and no hyphen at either end."
  }
}

variable "artifacts_bucket_name" {
  description = "Bucket of the production builds, which sponsor-backup does not use. By default hht-diary-artifacts-{sponsor}-{region}"
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", coalesce(var.artifacts_bucket_name, "default")))
    error_message = "artifacts_bucket_name has 3 to 63 lower-case letters, digits and hyphens, and no hyphen at either end."
  }
}

variable "create_test_buckets" {
  description = "Create buckets for the builds of staging and development, too"
  type        = bool
  default     = false
}

variable "staging_artifacts_bucket_name" {
  description = "Bucket of the staging builds. By default hht-diary-artifacts-{sponsor}-staging"
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", coalesce(var.staging_artifacts_bucket_name, "default")))
    error_message = "staging_artifacts_bucket_name has 3 to 63 lower-case letters, digits and hyphens, and no hyphen at either end."
  }
}

variable "dev_artifacts_bucket_name" {
  description = "Bucket of the development builds. By default hht-diary-artifacts-{sponsor}-dev"
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", coalesce(var.dev_artifacts_bucket_name, "default")))
    error_message = "dev_artifacts_bucket_name has 3 to 63 lower-case letters, digits and hyphens, and no hyphen at either end."
  }
}

variable "kms_key_arn" {
  description = "KMS key that encrypts backups and records, with a bucket key. Unset: AES256"
  type        = string
  default     = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", coalesce(var.kms_key_arn, "arn:aws:kms:r:000000000000:key/")))
    error_message = "kms_key_arn is a key's ARN, e.g. arn:aws:kms:eu-west-1:123456789012:key/…"
  }
}

variable "backups_object_lock" {
  description = "Create the backup bucket with Object Lock. Read the README before you change it"
  type        = bool
  default     = false
}

variable "audit_logs_object_lock" {
  description = "Create the audit-log bucket with Object Lock. Read the README before you change it"
  type        = bool
  default     = true
}

# Lifecycle

variable "gradual_tiers" {
  description = "Move production objects to Standard-IA after 30 days, Glacier after 90, Deep Archive after 365, instead of Deep Archive after 90"
  type        = bool
  default     = false
}

variable "noncurrent_days" {
  description = "Days until a deleted or replaced object of production is gone for good. Until then it can be recovered"
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 7 && var.noncurrent_days <= 2557 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days is a whole number from 7 to 2557."
  }
}

variable "record_folders" {
  description = "Folders of the audit-log bucket besides deployments/, and the days to keep their objects in every environment"
  type        = map(number)
  default = {
    drills        = 2557
    restores      = 2557
    verifications = 2557
    holds         = 2557
    prunes        = 2557
    copies        = 2557
    promotions    = 2557
  }

  validation {
    condition     = alltrue([for folder, days in var.record_folders : can(regex("^[a-z][a-z0-9-]*$", folder)) && days >= 2557])
    error_message = "A folder of record_folders has lower-case letters, digits and hyphens, and keeps seven calendar years: at least 2557 days."
  }
}

variable "further_backup_prefixes" {
  description = "Rules for further prefixes of the backup bucket: rule id to prefix, days to keep, and whether old objects move to an archive tier"
  type = map(object({
    prefix          = string
    days            = number
    archive         = optional(bool, false)
    noncurrent_days = optional(number, 7)
  }))
  default = {}

  validation {
    condition     = alltrue([for rule in values(var.further_backup_prefixes) : can(regex("^[^/].*/$", rule.prefix))])
    error_message = "A prefix ends with a slash and does not begin with one, e.g. wal/."
  }

  validation {
    condition     = alltrue([for rule in values(var.further_backup_prefixes) : rule.days >= 1 && rule.noncurrent_days >= 1])
    error_message = "days and noncurrent_days are at least 1."
  }

  # A shorter rule for the same objects would win over the one that keeps them for seven years.
  validation {
    condition = alltrue([for rule in values(var.further_backup_prefixes) : alltrue([
      for taken in ["backups/", "staging/backups/", "development/backups/", "test/", "preflight/"] :
      !startswith(rule.prefix, taken) && !startswith(taken, rule.prefix)
    ])])
    error_message = "A further prefix must not contain backups/, test/ or preflight/ of any environment, or be inside one of them."
  }
}

# Permissions

variable "create_action_policy" {
  description = "Create the IAM policy for the action"
  type        = bool
  default     = false
}

variable "create_hold_policy" {
  description = "Create the IAM policy that hold needs in addition, to put legal holds on backups and to lift them"
  type        = bool
  default     = false
}

variable "create_prune_policy" {
  description = "Create the IAM policy for prune, which can hide backups but not destroy them"
  type        = bool
  default     = false
}

variable "allow_thaw" {
  description = "Allow the action to thaw backups in an archive tier (s3:RestoreObject)"
  type        = bool
  default     = false
}

variable "github_repository" {
  description = "Repository whose workflows can assume the role, e.g. cure-hht/hht_diary. Unset: no role is created"
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", coalesce(var.github_repository, "owner/name")))
    error_message = "github_repository is owner/name, without a wildcard."
  }
}

variable "github_repository_ids" {
  description = "IDs of the owner and the repository, for repositories whose OIDC token names them"
  type        = object({ owner = number, repository = number })
  default     = null
}

variable "github_environments" {
  description = "GitHub environments whose jobs can assume the role"
  type        = list(string)
  default     = ["production-backup"]

  validation {
    condition     = length(var.github_environments) > 0 && alltrue([for name in var.github_environments : can(regex("^[A-Za-z0-9._ -]+$", name))])
    error_message = "github_environments has at least one name, without wildcards and colons."
  }
}

variable "create_github_oidc_provider" {
  description = "Create the identity provider for token.actions.githubusercontent.com. An account can have only one"
  type        = bool
  default     = false
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's identity provider for token.actions.githubusercontent.com. Unset: created or looked up"
  type        = string
  default     = null
}

# Replication, alarms, budget, trail: all off by default

variable "replica" {
  description = "Output replica of the module sponsor-s3-replica. Unset: no replication"
  type = object({
    region                 = string
    backup_bucket_name     = string
    audit_logs_bucket_name = string
    kms_key_arn            = optional(string)
  })
  default = null
}

variable "storage_budget_gib" {
  description = "Size of both buckets in GiB. At 85 % of it an alarm is raised. Unset: no alarm"
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.storage_budget_gib, 1) > 0
    error_message = "storage_budget_gib is greater than 0."
  }
}

variable "monthly_budget_usd" {
  description = "Monthly AWS cost of this sponsor in US dollars. Mails alert_emails at 80 % forecast and 100 % actual cost. Unset: no budget"
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.monthly_budget_usd, 1) > 0
    error_message = "monthly_budget_usd is greater than 0."
  }
}

variable "alert_emails" {
  description = "Addresses that receive alarms and budget notices"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", address))])
    error_message = "alert_emails are e-mail addresses."
  }
}

variable "cloudtrail_bucket_name" {
  description = "Existing bucket that accepts CloudTrail's logs. A trail then records each read and write of backups and records. Unset: no trail"
  type        = string
  default     = null
}
