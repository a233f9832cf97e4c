output "backup_bucket_name" {
  description = "Bucket of the backups: SPONSOR_BACKUPS_BUCKET"
  value       = aws_s3_bucket.backups.id
}

output "backup_bucket_arn" {
  description = "ARN of the backup bucket"
  value       = aws_s3_bucket.backups.arn
}

output "audit_logs_bucket_name" {
  description = "Bucket of the records: SPONSOR_AUDIT_LOGS_BUCKET"
  value       = aws_s3_bucket.audit_logs.id
}

output "audit_logs_bucket_arn" {
  description = "ARN of the audit-log bucket"
  value       = aws_s3_bucket.audit_logs.arn
}

output "backup_replica_bucket_name" {
  description = "Copy of the backup bucket in replica_region, null without replication"
  value       = try(var.replica.backup_bucket_name, null)
}

output "audit_logs_replica_bucket_name" {
  description = "Copy of the audit-log bucket in replica_region, null without replication"
  value       = try(var.replica.audit_logs_bucket_name, null)
}

output "replica_region" {
  description = "Region of the copies, null without replication"
  value       = try(var.replica.region, null)
}

output "artifacts_bucket_name" {
  description = "Bucket of the production builds"
  value       = aws_s3_bucket.artifacts.id
}

output "action_policy_arn" {
  description = "Policy for the user or role of the action, null if create_action_policy is false"
  value       = one(aws_iam_policy.action[*].arn)
}

output "hold_policy_arn" {
  description = "Policy for the user or role of hold, in addition to that for the action, null if create_hold_policy is false"
  value       = one(aws_iam_policy.hold[*].arn)
}

output "prune_policy_arn" {
  description = "Policy for the user or role of prune, null if create_prune_policy is false"
  value       = one(aws_iam_policy.prune[*].arn)
}

output "github_role_arn" {
  description = "Role that workflows assume: SPONSOR_AWS_ROLE_ARN, null without github_repository"
  value       = one(aws_iam_role.github[*].arn)
}
