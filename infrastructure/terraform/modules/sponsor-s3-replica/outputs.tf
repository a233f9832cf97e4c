output "replica" {
  description = "For the variable replica of sponsor-s3"
  value = {
    region                 = var.replica_region
    backup_bucket_name     = local.backup_replica_bucket_name
    audit_logs_bucket_name = local.audit_logs_replica_bucket_name
    kms_key_arn            = var.kms_key_arn
  }

  # S3 copies only to buckets with versions.
  depends_on = [aws_s3_bucket_versioning.backups, aws_s3_bucket_versioning.audit_logs]
}
