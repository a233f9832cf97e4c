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

variable "replica_region" {
  description = "Region of the copies, e.g. eu-central-1. The provider of this module must use the same"
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.replica_region))
    error_message = "replica_region is a region's code, e.g. eu-central-1."
  }
}

variable "backup_bucket_name" {
  description = "Bucket of the backups, which is copied"
  type        = string
}

variable "audit_logs_bucket_name" {
  description = "Bucket of the records, which is copied"
  type        = string
}

variable "backup_replica_bucket_name" {
  description = "Copy of the backup bucket. By default hht-diary-backups-{sponsor}-{region}"
  type        = string
  default     = null
}

variable "audit_logs_replica_bucket_name" {
  description = "Copy of the audit-log bucket. By default hht-diary-audit-logs-{sponsor}-{region}"
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "KMS key of replica_region that encrypts the copies. Set it if the originals have a KMS key, too. Unset: AES256"
  type        = string
  default     = null
}

variable "backups_object_lock" {
  description = "As in sponsor-s3: S3 copies a bucket with Object Lock only to another one with it"
  type        = bool
  default     = false
}

variable "audit_logs_object_lock" {
  description = "As in sponsor-s3: S3 copies a bucket with Object Lock only to another one with it"
  type        = bool
  default     = true
}

variable "noncurrent_days" {
  description = "Days until a deleted or replaced copy of production is gone for good"
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 7 && var.noncurrent_days <= 2557 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days is a whole number from 7 to 2557."
  }
}

variable "record_days" {
  description = "Days to keep each record: the largest number of record_folders of sponsor-s3"
  type        = number
  default     = 2557

  validation {
    condition     = var.record_days >= 2557
    error_message = "record_days keeps seven calendar years: at least 2557."
  }
}

variable "alert_emails" {
  description = "Addresses that receive an alarm if a copy is more than an hour behind"
  type        = list(string)
  default     = []
}

variable "common_tags" {
  description = "Tags of every resource"
  type        = map(string)
  default     = {}
}
