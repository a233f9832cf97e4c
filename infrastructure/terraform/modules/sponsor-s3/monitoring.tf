# Alarms about size and cost, and a record of each access. All of it is off by default.

locals {
  has_alerts = var.storage_budget_gib != null && length(var.alert_emails) > 0

  # A metric per bucket and storage class that the lifecycle rules use. An alarm takes ten.
  sizes = merge([for name, bucket in { backups = local.backup_bucket_name, logs = local.audit_logs_bucket_name } : {
    for type in ["StandardStorage", "StandardIAStorage", "GlacierStorage", "DeepArchiveStorage"] :
    "${name}_${type}" => { bucket = bucket, type = type }
  }]...)
}

resource "aws_sns_topic" "alerts" {
  #checkov:skip=CKV_AWS_26:alarms have no secret, and CloudWatch cannot use the AWS-managed key of SNS
  count = local.has_alerts ? 1 : 0

  name = "sponsor-backup-${var.sponsor_name}"
  tags = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_sns_topic_subscription" "alerts" {
  for_each = local.has_alerts ? toset(var.alert_emails) : toset([])

  topic_arn = aws_sns_topic.alerts[0].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "storage" {
  count = var.storage_budget_gib == null ? 0 : 1

  alarm_name          = "sponsor-backup-${var.sponsor_name}-storage"
  alarm_description   = "The buckets of ${var.sponsor_name} use more than 85 % of ${var.storage_budget_gib} GiB"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.85 * var.storage_budget_gib * 1024 * 1024 * 1024
  evaluation_periods  = 1
  # S3 sends sizes once a day.
  treat_missing_data = "ignore"
  alarm_actions      = aws_sns_topic.alerts[*].arn
  ok_actions         = aws_sns_topic.alerts[*].arn

  metric_query {
    id          = "total"
    expression  = "SUM(METRICS())"
    label       = "Bytes in both buckets"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.sizes
    content {
      id = lower(metric_query.key)

      metric {
        namespace   = "AWS/S3"
        metric_name = "BucketSizeBytes"
        period      = 86400
        stat        = "Average"
        dimensions  = { BucketName = metric_query.value.bucket, StorageType = metric_query.value.type }
      }
    }
  }

  tags = merge(var.common_tags, local.sponsor_tags)
}

resource "aws_budgets_budget" "sponsor" {
  count = var.monthly_budget_usd == null ? 0 : 1

  name         = "sponsor-backup-${var.sponsor_name}"
  budget_type  = "COST"
  limit_amount = format("%.2f", var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # Activate the cost allocation tag Sponsor once in the account's billing settings.
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:Sponsor$%s", var.sponsor_name)]
  }

  dynamic "notification" {
    for_each = length(var.alert_emails) == 0 ? {} : { FORECASTED = 80, ACTUAL = 100 }
    content {
      notification_type          = notification.key
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = var.alert_emails
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.alert_emails) > 0
      error_message = "A budget without alert_emails warns no one. Set alert_emails."
    }
  }
}

resource "aws_cloudtrail" "data_events" {
  #checkov:skip=CKV_AWS_35:the bucket of the trail is yours, and so is its encryption
  #checkov:skip=CKV_AWS_67:the buckets are in one region
  #checkov:skip=CKV_AWS_252:a trail is read in an investigation, it raises no alarms
  #checkov:skip=CKV2_AWS_10:a trail is read in an investigation, it raises no alarms
  count = var.cloudtrail_bucket_name == null ? 0 : 1

  name                          = "sponsor-backup-${var.sponsor_name}"
  s3_bucket_name                = var.cloudtrail_bucket_name
  enable_log_file_validation    = true
  include_global_service_events = false

  event_selector {
    include_management_events = false
    read_write_type           = "All"

    data_resource {
      type   = "AWS::S3::Object"
      values = ["${local.backups_arn}/", "${local.audit_logs_arn}/"]
    }
  }

  tags = merge(var.common_tags, local.sponsor_tags)
}
