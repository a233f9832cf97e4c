output "backup_bucket" {
  description = "For Doppler: SPONSOR_BACKUPS_BUCKET"
  value       = module.sponsor_s3.backup_bucket_name
}

output "audit_logs_bucket" {
  description = "For Doppler: SPONSOR_AUDIT_LOGS_BUCKET"
  value       = module.sponsor_s3.audit_logs_bucket_name
}

output "action_policy_arn" {
  description = "Policy for the user of the action"
  value       = module.sponsor_s3.action_policy_arn
}

output "github_role_arn" {
  description = "For Doppler, without stored keys: SPONSOR_AWS_ROLE_ARN"
  value       = module.sponsor_s3.github_role_arn
}
