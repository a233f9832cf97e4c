variable "aws_region" {
  description = "Region of the buckets. For another one, change the default, so that every later apply uses it, too"
  type        = string
  default     = "eu-west-1"
}

variable "create_test_buckets" {
  description = "Create buckets for the builds of staging and development, too"
  type        = bool
  default     = false
}

variable "create_prune_policy" {
  description = "Create the IAM policy for prune"
  type        = bool
  default     = false
}

variable "github_repository" {
  description = "Repository whose workflows can assume the role, e.g. cure-hht/hht_diary. Unset: no role is created"
  type        = string
  default     = null
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
}

variable "create_github_oidc_provider" {
  description = "Create the identity provider for GitHub. An account can have only one"
  type        = bool
  default     = false
}

variable "replica_region" {
  description = "Region of a second copy of both buckets, e.g. eu-central-1. Unset: no replication"
  type        = string
  default     = null
}

variable "storage_budget_gib" {
  description = "Size of both buckets in GiB. At 85 % of it an alarm is raised. Unset: no alarm"
  type        = number
  default     = null
}

variable "monthly_budget_usd" {
  description = "Monthly AWS cost in US dollars. Mails alert_emails at 80 % forecast and 100 % actual cost. Unset: no budget"
  type        = number
  default     = null
}

variable "alert_emails" {
  description = "Addresses that receive alarms and budget notices"
  type        = list(string)
  default     = []
}
